import type { Work } from './protocol.js';
import type { SliceBuffers } from './slice-buffers.js';

/** The part of a call that a worker does in one go. */
export interface Slice {
  /** Slices of a call are numbered from 0, in the order of its input. */
  readonly ordinal: number;
  /** Index of its first item in the call. */
  readonly first: number;
  readonly work: Work;
  /** Carries what was copied for the slice. */
  readonly buffer: ArrayBuffer | undefined;
  /** All buffers that change hands. */
  readonly transfer: readonly ArrayBuffer[];
}

/** How a call is cut into slices, and its result put together. */
export interface CallPlan {
  /** Bytes of input and result. */
  readonly bytes: number;
  /** Decides how to cut, once, for so many threads. */
  begin(threads: number): void;
  readonly hasNext: boolean;
  /** Copies the next slice out of the input. */
  next(buffers: SliceBuffers): Slice;
  /** Takes what a worker made of a slice. Slices may come back in any order. */
  accept(slice: Slice, result: Uint8Array): void;
  /** The result, when all slices are back. */
  finish(): Uint8Array;
}

/** A call is cut into this many slices for each thread, so that a slower thread can leave some to the others. */
const slicesPerThread = 4;

/** How many slices of cost `min` to `max` to cut a call of cost `total` into. */
export function sliceCount(total: number, threads: number, min: number, max: number): number {
  const needed = Math.max(1, Math.ceil(total / max));
  if (threads === 1) return needed;
  const useful = Math.max(1, Math.min(threads * slicesPerThread, Math.floor(total / min)));
  const count = Math.max(needed, useful);
  // A last round that does not occupy all threads wastes the others.
  if (count <= threads) return count;
  return count === needed ? Math.ceil(count / threads) * threads : count - (count % threads);
}
