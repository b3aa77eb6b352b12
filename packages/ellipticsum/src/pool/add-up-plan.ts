import { uncompressedSumBytes } from '../internal/curve.js';
import { type CallPlan, type Slice, sliceCount } from './call-plan.js';
import { isShared } from './handover.js';
import type { SliceBuffers } from './slice-buffers.js';

/** Fewest sums that are worth a slice of their own, and how many a slice has at most unless one list is longer. */
const minSums = 1024;
const maxSums = 16_384;

/** An `addUp` of the pool: slices of consecutive whole lists. */
export class AddUpPlan implements CallPlan {
  readonly bytes: number;
  readonly #sums: Uint8Array;
  readonly #sizes: Uint32Array;
  readonly #byteLength: number;
  readonly #result: Uint8Array;
  #sliceSums = 0;
  #nextList = 0;
  #nextSum = 0;
  #ordinal = 0;
  /** The first list of each slice under way. */
  readonly #listOf = new Map<number, number>();

  /** The sizes must add up to the number of sums. */
  constructor(sums: Uint8Array, sizes: Uint32Array) {
    this.#sums = sums;
    this.#sizes = sizes;
    this.#byteLength = sums.length;
    this.#result = new Uint8Array(sizes.length * uncompressedSumBytes);
    this.bytes = sums.length + this.#result.length;
  }

  begin(threads: number): void {
    const total = this.#sums.length / uncompressedSumBytes;
    this.#sliceSums = Math.ceil(total / sliceCount(total, threads, minSums, maxSums));
  }

  get hasNext(): boolean {
    return this.#nextList < this.#sizes.length;
  }

  next(buffers: SliceBuffers): Slice {
    if (this.#sums.length !== this.#byteLength) throw new TypeError('an input was detached');
    const firstList = this.#nextList;
    const first = this.#nextSum;
    while (this.#nextList < this.#sizes.length) {
      const size = this.#sizes[this.#nextList] as number;
      if (size > 0 && this.#nextSum > first && this.#nextSum - first + size > this.#sliceSums) break;
      this.#nextSum += size;
      this.#nextList++;
    }
    const part = this.#sums.subarray(first * uncompressedSumBytes, this.#nextSum * uncompressedSumBytes);
    let buffer: ArrayBuffer | undefined;
    let sums = part;
    if (!isShared(part)) {
      buffer = buffers.take(part.length);
      sums = new Uint8Array(buffer, 0, part.length);
      sums.set(part);
    }
    const sizes = this.#sizes.slice(firstList, this.#nextList);
    const ordinal = this.#ordinal++;
    this.#listOf.set(ordinal, firstList);
    const transfer = buffer === undefined ? [] : [buffer];
    return { ordinal, first, work: { method: 'addUp', sums, sizes }, buffer, transfer };
  }

  accept({ ordinal, work }: Slice, result: Uint8Array): void {
    if (work.method !== 'addUp' || result.length !== work.sizes.length * uncompressedSumBytes) {
      throw new Error('a worker answered with another number of sums');
    }
    this.#result.set(result, (this.#listOf.get(ordinal) as number) * uncompressedSumBytes);
    this.#listOf.delete(ordinal);
  }

  finish(): Uint8Array {
    return this.#result;
  }
}
