import type { KernelMemory } from './kernel-memory.js';

/** A generated kernel: the bytes of its module and what callers need to know of it. */
export interface KernelImage {
  readonly bytes: Uint8Array;
  readonly memory: KernelMemory;
  /** Records that are hashed side by side; `hash` takes multiples of it. */
  readonly hashLanes: number;
  /** Sums that are converted side by side; `finalize`, `combine`, `encode` and `decode` take multiples of it. */
  readonly lanes: number;
  /** Records that one step of `accumulate` takes. */
  readonly streams: number;
  readonly slotBytes: number;
  /** Operands and result of the export `product`, limbs as in `fma-field.ts`; only of the kernel on vectors. */
  readonly product?: { readonly left: number; readonly right: number; readonly result: number };
}

/** What a kernel's module exports; see `exportSums` and the `hash` of each kernel. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  hash(count: number): void;
  clear(slot: number, count: number): void;
  accumulate(steps: number): void;
  merge(target: number, source: number): void;
  finalize(count: number): void;
  combine(count: number): number;
  encode(count: number): number;
  decode(count: number): number;
  product?(): void;
}
