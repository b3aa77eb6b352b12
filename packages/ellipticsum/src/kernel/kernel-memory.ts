import type { MemoryLayout } from './memory-layout.js';

/** Records that one call of `hash` and `accumulate` takes at most. */
export const maxRecords = 1024;
/** Bytes of records that lie in memory at once. */
export const inputBytes: number = 1 << 20;
/** Bytes of the longest message with padding that is hashed in wasm. */
const messageBytes = 1 << 18;
/** Key and value together of the longest record that is hashed in wasm. */
export const maxRecordBytes: number = messageBytes - 1024;
/** Sums that one call of `finalize`, `combine`, `encode` or `decode` takes at most. */
export const maxSums = 256;
/** Groups and streams that one call of `accumulate` can have: each record its own, and one more for each stream. */
export const maxSlots: number = maxRecords + 4;
/** Most blocks of the second hash of a domain of 255 bytes. */
const maxSecondBlocks = 3;
/** Loads and stores may reach this far over an end. */
const slack = 64;

/** Where callers put arguments and find results; addresses in bytes. */
export interface KernelMemory {
  /** Keys and values. */
  readonly input: number;
  /** Four u32 for each record: addresses of key start, key end, value start, value end. */
  readonly records: number;
  /** u32 indexes of records to hash, in the order in which they share lanes. */
  readonly order: number;
  /** 64 uniform bytes for each record, the result of `hash`. */
  readonly uniform: number;
  /** Four u32 for each stream of each step of `accumulate`: address of 64 uniform bytes, address of a slot, sign (0 or -1), unused. */
  readonly steps: number;
  /** Points that `accumulate` adds to. */
  readonly slots: number;
  /** u32 addresses of slots to finalize. */
  readonly list: number;
  /** Sums or encodings to read, and the second operand of `combine`. */
  readonly sums: number;
  readonly otherSums: number;
  /** Sums or encodings that result. */
  readonly results: number;
  /** What follows a record in the first hash, with the padding's first byte; its length in bytes as u32. */
  readonly tail: number;
  readonly tailLength: number;
  /** Words of the second hash after the first eight, for each lane; number of its blocks as u32. */
  readonly secondWords: number;
  readonly secondBlocks: number;
  /** Messages under construction, one for each lane. */
  readonly staging: number;
  readonly stagingStride: number;
}

/** Lays out what all kernels have. `wordLanes` messages are hashed side by side. */
export function layOutMemory(layout: MemoryLayout, wordLanes: number, slotBytes: number): KernelMemory {
  return {
    records: layout.allocate(16 * maxRecords),
    order: layout.allocate(4 * maxRecords + 16),
    steps: layout.allocate(16 * (maxRecords + 16)),
    list: layout.allocate(4 * (maxSums + 8)),
    tail: layout.allocate(264 + slack),
    tailLength: layout.allocate(4),
    secondWords: layout.allocate(maxSecondBlocks * 128 * wordLanes),
    secondBlocks: layout.allocate(4),
    uniform: layout.allocate(64 * (maxRecords + 1)),
    slots: layout.allocate(slotBytes * (maxSlots + 1)),
    sums: layout.allocate(128 * maxSums),
    otherSums: layout.allocate(128 * maxSums),
    results: layout.allocate(128 * maxSums),
    // The staging areas come last: hashing lanes of unequal length reads below them.
    input: layout.allocate(inputBytes + slack),
    staging: layout.allocate(messageBytes * wordLanes + slack),
    stagingStride: messageBytes,
  };
}
