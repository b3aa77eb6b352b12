import { headOf } from './key-head.js';
import type { Manifest } from './manifest.js';
import type { KeyInterval } from './range.js';
import { keyText } from './value-cache.js';

/**
 * The places of a manifest's ranges, without their content: it divides all keys into *cells*. Range `i` is cell `2 * i + 1`, and
 * what lies between it and the range before is the gap cell `2 * i`; the last cell is the gap behind all ranges. Keys are
 * compared as strings with one character per byte.
 */
export class RangeGrid {
  /** Height of the manifest. */
  readonly height: number;
  readonly #starts: readonly string[];
  readonly #ends: readonly (string | undefined)[];
  readonly #depths: Uint32Array;
  readonly #heads: Float64Array;

  constructor(manifest: Pick<Manifest, 'height' | 'entries' | 'range'>) {
    const { height, entries } = manifest;
    this.height = height;
    this.#starts = entries.map((_, i) => keyText(manifest.range(i).startKey));
    this.#ends = entries.map((_, i) => {
      const { endKey } = manifest.range(i);
      return endKey && keyText(endKey);
    });
    this.#depths = Uint32Array.from(entries, ({ depth }) => depth);
    this.#heads = Float64Array.from(this.#starts, headOf);
  }

  get cellCount(): number {
    return 2 * this.#starts.length + 1;
  }

  /** The cell of a key. */
  cellOf(text: string): number {
    const range = this.#startsUpTo(text, true) - 1;
    if (range < 0) return 0;
    const end = this.#ends[range];
    return end === undefined || text < end ? 2 * range + 1 : 2 * range + 2;
  }

  /** The keys of the cells from `first` to `last`; undefined if there can be none. */
  interval(first: number, last: number): KeyInterval | undefined {
    const start = this.#startOf(first);
    const end = this.#endOf(last);
    if (start === undefined || (end !== undefined && start >= end)) return undefined;
    return { startKey: bytesOf(start), endKey: end === undefined ? undefined : bytesOf(end) };
  }

  /** The first and the last cell of this grid that share keys with a cell of another grid, which can have some; they are equal only if both are the same range. */
  counterpart(
    other: RangeGrid,
    cell: number,
  ): { readonly first: number; readonly last: number; readonly isSame: boolean } {
    const start = other.#startOf(cell) as string;
    const end = other.#endOf(cell);
    const first = this.cellOf(start);
    if (isRange(cell) && isRange(first)) {
      const range = first >> 1;
      if (this.#starts[range] === start && this.#depths[range] === other.#depths[cell >> 1]) {
        return { first, last: first, isSame: true };
      }
    }
    if (end === undefined) return { first, last: this.cellCount - 1, isSame: false };
    const range = this.#startsUpTo(end, false) - 1;
    const rangeEnd = this.#ends[range];
    const isInside = range >= 0 && (rangeEnd === undefined || rangeEnd >= end);
    return { first, last: Math.max(first, isInside ? 2 * range + 1 : 2 * range + 2), isSame: false };
  }

  /** How many ranges start before a key, or at it. */
  #startsUpTo(text: string, orAt: boolean): number {
    const head = headOf(text);
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#heads[middle] as number;
      const start = this.#starts[middle] as string;
      const isBefore = other === head ? start < text || (orAt && start === text) : other < head;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first key that a cell may have; undefined if there is no such key. */
  #startOf(cell: number): string | undefined {
    if (isRange(cell)) return this.#starts[cell >> 1];
    return cell === 0 ? '' : this.#ends[(cell >> 1) - 1];
  }

  #endOf(cell: number): string | undefined {
    return isRange(cell) ? this.#ends[cell >> 1] : this.#starts[cell >> 1];
  }
}

/** The cell of the range at an index of the manifest. */
export function cellOfRange(index: number): number {
  return 2 * index + 1;
}

/** True if a cell is a range, not a gap. */
export function isRange(cell: number): boolean {
  return (cell & 1) === 1;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
