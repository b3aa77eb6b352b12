import type { RangeSummary } from './range.js';
import { RangePool } from './range-pool.js';

const received = 1;
const done = 2;

/**
 * Where each range of a manifest stands. An *open* range is lacking; it is free, or held by the requests that cover it. A
 * *received* one is complete in memory and waits for its proof or its commit. A *done* one is in the store.
 *
 * Every step costs O(log n) in the number of ranges; making the board costs O(n).
 */
export class RangeBoard {
  readonly ranges: readonly RangeSummary[];
  readonly #free: RangePool;
  readonly #stages: Uint8Array;
  readonly #holders: Uint8Array;
  #freeBytes = 0;

  constructor(ranges: readonly RangeSummary[], isDone: (range: number) => boolean) {
    this.ranges = ranges;
    this.#free = new RangePool(ranges.length);
    this.#stages = new Uint8Array(ranges.length);
    this.#holders = new Uint8Array(ranges.length);
    for (let range = 0; range < ranges.length; range++) {
      if (isDone(range)) this.#stages[range] = done;
      else this.#makeFree(range);
    }
  }

  /** Bytes of the free ranges. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  get freeRanges(): number {
    return this.#free.size;
  }

  isFree(range: number): boolean {
    return this.#free.has(range);
  }

  /** The first free range that is not before `from`. */
  nextFree(from: number): number | undefined {
    return this.#free.next(from);
  }

  isOpen(range: number): boolean {
    return this.#stages[range] === 0;
  }

  holders(range: number): number {
    return this.#holders[range] ?? 0;
  }

  /** A request covers an open range. */
  hold(range: number): void {
    this.#holders[range] = this.holders(range) + 1;
    if (!this.#free.has(range)) return;
    this.#free.remove(range);
    this.#freeBytes -= this.#bytes(range);
  }

  /** A request covers it no longer. */
  letGo(range: number): void {
    this.#holders[range] = this.holders(range) - 1;
    this.#freeIfUnheld(range);
  }

  receive(range: number): void {
    this.#stages[range] = received;
  }

  /** What was received of it is not used. */
  reopen(range: number): void {
    this.#stages[range] = 0;
    this.#freeIfUnheld(range);
  }

  complete(range: number): void {
    this.#stages[range] = done;
  }

  #freeIfUnheld(range: number): void {
    if (this.isOpen(range) && this.holders(range) === 0 && !this.#free.has(range)) this.#makeFree(range);
  }

  #makeFree(range: number): void {
    this.#free.add(range);
    this.#freeBytes += this.#bytes(range);
  }

  #bytes(range: number): number {
    return this.ranges[range]?.bytes ?? 0;
  }
}
