import { Heap } from './heap.js';
import type { RangeSummary } from './range.js';

/** A range with more than this part of the manifest's bytes is large; so at most 63 are. */
const largePart = 1 / 64;

/**
 * The ranges nobody works on. The few large ones are kept largest first, so that peers finish together; the many small
 * ones in key order, which is what disks like on both sides. Each time a peer turns out not to have a range, that range
 * goes behind all that were not tried as often, so that it cannot hold them up.
 */
export class RangeQueue {
  readonly #ranges: readonly RangeSummary[];
  readonly #isLarge: (range: number) => boolean;
  readonly #rounds = new Map<number, number>();
  readonly #large: number[] = [];
  readonly #small: Heap<number>;

  constructor(ranges: readonly RangeSummary[], totalBytes: number) {
    this.#ranges = ranges;
    this.#isLarge = (range) => this.#bytes(range) > totalBytes * largePart;
    this.#small = new Heap((a, b) => this.#round(a) < this.#round(b) || (this.#round(a) === this.#round(b) && a < b));
  }

  get size(): number {
    return this.#large.length + this.#small.size;
  }

  /** What may be given out next: the large ranges, largest first, and the next small one, of those tried least often. */
  candidates(): { readonly large: readonly number[]; readonly small: number | undefined } {
    const small = this.#small.peek();
    const firstLarge = this.#large[0];
    const smallRound = small === undefined ? Number.POSITIVE_INFINITY : this.#round(small);
    const largeRound = firstLarge === undefined ? Number.POSITIVE_INFINITY : this.#round(firstLarge);
    return {
      large: largeRound <= smallRound ? this.#large.filter((range) => this.#round(range) === largeRound) : [],
      small: smallRound <= largeRound ? small : undefined,
    };
  }

  /** Puts back a range that is not queued. A demoted one goes behind those tried less often. */
  push(range: number, options: { readonly isDemoted?: boolean } = {}): void {
    if (options.isDemoted === true) this.#rounds.set(range, this.#round(range) + 1);
    if (!this.#isLarge(range)) {
      this.#small.push(range);
      return;
    }
    const at = this.#large.findIndex((other) => this.#isLargerFirst(range, other));
    this.#large.splice(at === -1 ? this.#large.length : at, 0, range);
  }

  take(range: number): void {
    if (range === this.#small.peek()) this.#small.pop();
    else this.#large.splice(this.#large.indexOf(range), 1);
  }

  #isLargerFirst(a: number, b: number): boolean {
    if (this.#round(a) !== this.#round(b)) return this.#round(a) < this.#round(b);
    return this.#bytes(a) > this.#bytes(b) || (this.#bytes(a) === this.#bytes(b) && a < b);
  }

  #bytes(range: number): number {
    return this.#ranges[range]?.bytes ?? 0;
  }

  #round(range: number): number {
    return this.#rounds.get(range) ?? 0;
  }
}
