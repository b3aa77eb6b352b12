import { type DomainOptions, defaultDomain, encodeDomain } from './domain.js';
import { EllipticSumError } from './errors.js';
import { type HashBackend, type HashBatch, type HashOptions, validateHashBatch } from './hash-backend.js';
import { addUpInPairs, validateLists } from './internal/add-up.js';
import {
  countOf,
  defaultYieldEveryMs,
  invalidEncoding,
  invalidPoint,
  requireInterval,
  requireSameLength,
} from './internal/backend-arguments.js';
import { encodedSumBytes, uncompressedSumBytes } from './internal/curve.js';
import { negateSums } from './internal/negate-sums.js';
import { Pacer } from './internal/pacer.js';
import { platformEngine } from './internal/wasm-engine.js';
import { type Conversion, type Kernel, maxConversion } from './kernel/kernel.js';
import { maxRecords } from './kernel/kernel-memory.js';
import { SumTask } from './kernel/sum-task.js';
import { type KernelName, openKernel } from './kernel/tiers.js';

/** Options of the WebAssembly backends. */
export interface WasmBackendOptions extends DomainOptions {
  /** Longest time in milliseconds that it keeps the thread before it lets the event loop run; default 8. */
  readonly yieldEveryMs?: number;
}

/** Least and first number of records in a slice. */
const minSliceRecords = 16;
const firstSliceRecords = 64;

/**
 * A backend in WebAssembly on 64-bit integers, for every engine.
 *
 * Generates and compiles its kernel, and checks it against stored sums, before it resolves.
 *
 * @throws TypeError, RangeError if an option is out of range
 * @throws ELLIPTICSUM_BACKEND_UNAVAILABLE where it does not work; `details.reason` says why
 */
export async function createWasmBackend(options: WasmBackendOptions = {}): Promise<HashBackend> {
  return openWasmBackend('wasm', options);
}

/**
 * A backend in WebAssembly on vectors with fused multiply-add, for engines and processors that have it: several times as
 * fast as `createWasmBackend`.
 *
 * Generates and compiles its kernel, and checks it against stored sums, before it resolves.
 *
 * @throws TypeError, RangeError if an option is out of range
 * @throws ELLIPTICSUM_BACKEND_UNAVAILABLE where it does not work; `details.reason` says why
 */
export async function createWasmSimdBackend(options: WasmBackendOptions = {}): Promise<HashBackend> {
  return openWasmBackend('wasm-simd', options);
}

async function openWasmBackend(name: KernelName, options: WasmBackendOptions): Promise<HashBackend> {
  const { domain = defaultDomain, yieldEveryMs = defaultYieldEveryMs } = options;
  requireInterval(yieldEveryMs);
  const kernel = await openKernel(name, platformEngine(), encodeDomain(domain));
  return new WasmBackend(name, domain, kernel, yieldEveryMs);
}

/** A backend on one kernel; its work is done in slices, each of which leaves nothing behind in the kernel. */
export class WasmBackend implements HashBackend {
  readonly name: KernelName;
  readonly domain: string;
  readonly #pacer: Pacer;
  readonly #yieldEveryMs: number;
  #kernel: Kernel | undefined;
  #sliceRecords = firstSliceRecords;

  constructor(name: KernelName, domain: string, kernel: Kernel, yieldEveryMs: number) {
    this.name = name;
    this.domain = domain;
    this.#kernel = kernel;
    this.#yieldEveryMs = yieldEveryMs;
    this.#pacer = new Pacer(yieldEveryMs);
  }

  async sum(batch: HashBatch, options?: HashOptions): Promise<Uint8Array> {
    const kernel = this.#check(options);
    const { count, groupCount } = validateHashBatch(batch);
    const task = new SumTask(kernel, batch, count, groupCount);
    while (!task.isDone) {
      await this.#pauseIfDue(options);
      const start = performance.now();
      task.step(this.#sliceRecords);
      this.#adapt(performance.now() - start);
    }
    return task.result;
  }

  async combine(left: Uint8Array, right: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(left, uncompressedSumBytes, 'left');
    countOf(right, uncompressedSumBytes, 'right');
    requireSameLength(left, right);
    return this.#convert('combine', [left, right], count, uncompressedSumBytes, options);
  }

  async addUp(sums: Uint8Array, sizes: Uint32Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    validateLists(sums, sizes);
    return addUpInPairs(sums, sizes, (left, right) => {
      return this.#convert('combine', [left, right], left.length / uncompressedSumBytes, uncompressedSumBytes, options);
    });
  }

  async negate(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    return negateSums(sums);
  }

  async encode(sums: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    return this.#convert('encode', [sums], countOf(sums, uncompressedSumBytes, 'sums'), encodedSumBytes, options);
  }

  async decode(encoded: Uint8Array, options?: HashOptions): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(encoded, encodedSumBytes, 'encoded');
    return this.#convert('decode', [encoded], count, uncompressedSumBytes, options);
  }

  async close(): Promise<void> {
    this.#kernel = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #convert(
    conversion: Conversion,
    operands: readonly Uint8Array[],
    count: number,
    resultBytes: number,
    options: HashOptions | undefined,
  ): Promise<Uint8Array> {
    const result = new Uint8Array(count * resultBytes);
    for (let first = 0; first < count; first += maxConversion) {
      await this.#pauseIfDue(options);
      const kernel = this.#check(options);
      const invalid = kernel.convert(conversion, operands, result, first, Math.min(maxConversion, count - first));
      if (invalid !== undefined) throw conversion === 'decode' ? invalidEncoding(invalid) : invalidPoint(invalid);
    }
    return result;
  }

  async #pauseIfDue(options: HashOptions | undefined): Promise<void> {
    if (!this.#pacer.isDue) return;
    await this.#pacer.pause();
    this.#check(options);
  }

  /** Slices last a quarter of the interval or longer, but not longer than it, as far as their limits allow. */
  #adapt(sliceMs: number): void {
    if (sliceMs > this.#yieldEveryMs) this.#sliceRecords = Math.max(minSliceRecords, this.#sliceRecords >> 1);
    else if (sliceMs < this.#yieldEveryMs / 4) this.#sliceRecords = Math.min(maxRecords, this.#sliceRecords * 2);
  }

  #check(options: HashOptions | undefined): Kernel {
    if (this.#kernel === undefined) {
      throw new EllipticSumError('ELLIPTICSUM_BACKEND_CLOSED', `the ${this.name} backend is closed`);
    }
    options?.signal?.throwIfAborted();
    return this.#kernel;
  }
}
