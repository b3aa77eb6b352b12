import { copyBytes } from './copy-bytes.js';
import type { RangeEntry } from './range.js';

/**
 * Something with a place in the key space that is never divided: a record, or all records of one bit prefix, which fit the
 * limits or of which no bit is left.
 */
export interface Atom {
  /** The record's key, or the first bytes of the bit prefix; zeros are understood after it. */
  readonly start: Uint8Array;
  readonly count: number;
  readonly bytes: number;
}

/** The atoms that make up one range. */
export interface AtomGroup<T extends Atom> {
  readonly start: Uint8Array;
  readonly depth: number;
  readonly count: number;
  readonly bytes: number;
  readonly atoms: readonly T[];
}

/** What bounds a range; part of the chain parameters. */
export interface RangeLimits {
  readonly maxRangeRecords: number;
  readonly maxRangeBytes: number;
  readonly maxKeyBytes: number;
}

/** Fewest bits that a range fixes: the first byte of the key. */
export const minDepth = 8;

/** True if a set of records under one bit prefix need not be divided: few enough, or one, or no bit is left. */
export function fitsRange(limits: RangeLimits, set: Pick<RangeEntry, 'depth' | 'count' | 'bytes'>): boolean {
  const { depth, count, bytes } = set;
  if (count <= 1 || depth >= 8 * limits.maxKeyBytes) return true;
  return count <= limits.maxRangeRecords && bytes <= limits.maxRangeBytes;
}

/** Number of leading bits that two keys share when both go on with zeros, at most `maxBits`. */
export function commonBits(a: Uint8Array, b: Uint8Array, maxBits: number): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return Math.min(maxBits, 8 * i + Math.clz32(difference) - 24);
  }
  return maxBits;
}

/**
 * Divides ascending atoms into ranges: each the shortest bit prefix, of at least 8 bits, whose records fit the limits.
 *
 * Works on a stream. `pending` holds the atoms from the start of the next range on; `depth` is the shortest prefix of its
 * first atom that is not known to hold too much. While atoms inside that prefix keep coming, they only add up; when they
 * are too many the prefix grows by a bit or more; when one comes from outside, the range is complete. All shorter prefixes of a
 * range are overfull, so the first prefix to try for the next one is a bit longer than what both share. At most one
 * range's worth of atoms and one more are pending.
 */
export class Partition<T extends Atom> {
  readonly #limits: RangeLimits;
  readonly #maxDepth: number;
  #pending: T[] = [];
  /** Pending atoms known to be inside the current prefix, and their totals. */
  #inside = 0;
  #count = 0;
  #bytes = 0;
  #depth: number;
  #previous: Uint8Array | undefined;
  readonly #floor: number;

  /** Begins after a range that is complete, or at the start; `parentDepth` says that a prefix of so many bits is overfull. */
  constructor(
    limits: RangeLimits,
    begin: { readonly after?: Uint8Array | undefined; readonly parentDepth?: number } = {},
  ) {
    this.#limits = limits;
    this.#maxDepth = 8 * limits.maxKeyBytes;
    this.#previous = begin.after;
    this.#floor = Math.max(minDepth, (begin.parentDepth ?? 0) + 1);
    this.#depth = this.#floor;
  }

  /** Takes the next atom, whose key is after all before, and gives the ranges that are complete by that. */
  push(atom: T): AtomGroup<T>[] {
    if (this.#pending.length === 0) this.#begin(atom);
    this.#pending.push(atom);
    return this.#settle(false);
  }

  /** The ranges that are left when no atom comes any more. */
  finish(): AtomGroup<T>[] {
    return this.#settle(true);
  }

  #begin(first: T): void {
    const shared = this.#previous === undefined ? 0 : commonBits(this.#previous, first.start, this.#maxDepth);
    this.#depth = Math.min(this.#maxDepth, Math.max(this.#floor, shared + 1));
    this.#inside = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #settle(isEnd: boolean): AtomGroup<T>[] {
    const complete: AtomGroup<T>[] = [];
    for (;;) {
      const first = this.#pending[0];
      if (first === undefined) return complete;
      this.#gather(first);
      if (this.#inside === this.#pending.length && !isEnd) return complete;
      complete.push(this.#take(first));
      const next = this.#pending[0];
      if (next !== undefined) this.#begin(next);
    }
  }

  /** Counts what is inside the prefix, and makes the prefix longer while that does not fit. */
  #gather(first: T): void {
    while (this.#inside < this.#pending.length) {
      const atom = this.#pending[this.#inside] as T;
      if (this.#inside > 0 && commonBits(first.start, atom.start, this.#maxDepth) < this.#depth) return;
      this.#inside++;
      this.#count += atom.count;
      this.#bytes += atom.bytes;
      if (!fitsRange(this.#limits, { depth: this.#depth, count: this.#count, bytes: this.#bytes })) this.#narrow(first);
    }
  }

  /** The longest prefix that all inside share is overfull too; one bit more leaves out the last of them. */
  #narrow(first: T): void {
    while (!fitsRange(this.#limits, { depth: this.#depth, count: this.#count, bytes: this.#bytes })) {
      const last = this.#pending[this.#inside - 1] as T;
      const shared = commonBits(first.start, last.start, this.#maxDepth);
      this.#depth = Math.min(this.#maxDepth, Math.max(this.#depth, shared + 1));
      while (this.#inside > 1) {
        const atom = this.#pending[this.#inside - 1] as T;
        if (commonBits(first.start, atom.start, this.#maxDepth) >= this.#depth) break;
        this.#inside--;
        this.#count -= atom.count;
        this.#bytes -= atom.bytes;
      }
    }
  }

  #take(first: T): AtomGroup<T> {
    const group: AtomGroup<T> = {
      start: prefixBytes(first.start, this.#depth),
      depth: this.#depth,
      count: this.#count,
      bytes: this.#bytes,
      atoms: this.#pending.slice(0, this.#inside),
    };
    this.#pending = this.#pending.slice(this.#inside);
    this.#previous = group.start;
    return group;
  }
}

/** The first `depth` bits of a key, zero-padded to whole bytes. */
export function prefixBytes(key: Uint8Array, depth: number): Uint8Array {
  const size = Math.ceil(depth / 8);
  const start = new Uint8Array(size);
  start.set(copyBytes(key.subarray(0, size)));
  const unused = 8 * size - depth;
  start[size - 1] = (start[size - 1] as number) & (0xff << unused);
  return start;
}
