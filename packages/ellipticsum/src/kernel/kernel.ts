import { encodedSumBytes, uncompressedSumBytes } from '../internal/curve.js';
import type { WasmEngine } from '../internal/wasm-engine.js';
import { writeDomain } from './expand-message.js';
import type { KernelExports, KernelImage } from './kernel-image.js';
import { maxSums } from './kernel-memory.js';

/** Sums that one `convert` takes at most. */
export const maxConversion: number = maxSums;

/** Which conversion. */
export type Conversion = 'combine' | 'encode' | 'decode';

/** Bytes of operands and results of the conversions. */
const conversionBytes: Readonly<Record<Conversion, { readonly operand: number; readonly result: number }>> = {
  combine: { operand: uncompressedSumBytes, result: uncompressedSumBytes },
  encode: { operand: uncompressedSumBytes, result: encodedSumBytes },
  decode: { operand: encodedSumBytes, result: uncompressedSumBytes },
};

/**
 * An instance of a kernel. Its memory is static: calls must not overlap, and nothing in it outlives one
 * synchronous piece of work.
 */
export class Kernel {
  readonly image: KernelImage;
  readonly exports: KernelExports;
  /** All of the memory; its size never changes. */
  readonly bytes: Uint8Array;
  /** The same as numbers of 32 bits. */
  readonly numbers: Uint32Array;
  #domain: Uint8Array = new Uint8Array(0);

  constructor(image: KernelImage, exports: KernelExports) {
    this.image = image;
    this.exports = exports;
    this.bytes = new Uint8Array(exports.memory.buffer);
    this.numbers = new Uint32Array(exports.memory.buffer);
  }

  static async open(engine: WasmEngine, image: KernelImage): Promise<Kernel> {
    const { exports } = await engine.instantiate(await engine.compile(image.bytes));
    return new Kernel(image, exports as KernelExports);
  }

  /** The domain that records are hashed in; must be set before the first record. */
  get domain(): Uint8Array {
    return this.#domain;
  }

  set domain(domain: Uint8Array) {
    this.#domain = domain;
    writeDomain(this.image, this.bytes, domain);
  }

  /**
   * Converts `count` operands (at most `maxConversion`) from `first` on, and returns the index of the first invalid one, or
   * undefined.
   */
  convert(
    conversion: Conversion,
    operands: readonly Uint8Array[],
    result: Uint8Array,
    first: number,
    count: number,
  ): number | undefined {
    const { lanes, memory } = this.image;
    const sizes = conversionBytes[conversion];
    const padded = Math.ceil(count / lanes) * lanes;
    for (const [index, operand] of operands.entries()) {
      const target = index === 0 ? memory.sums : memory.otherSums;
      const end = target + count * sizes.operand;
      this.bytes.set(operand.subarray(first * sizes.operand, (first + count) * sizes.operand), target);
      this.bytes.fill(0, end, target + padded * sizes.operand);
      if (sizes.operand === uncompressedSumBytes) {
        for (let at = end; at < target + padded * sizes.operand; at += uncompressedSumBytes) writeZero(this.bytes, at);
      }
    }
    const invalid = this.exports[conversion](padded);
    if (invalid >= 0) return first + invalid;
    const { results } = memory;
    result.set(this.bytes.subarray(results, results + count * sizes.result), first * sizes.result);
    return undefined;
  }
}

/** Writes the sum of no records, (0, 1, 1, 0), into zeroed bytes. */
export function writeZero(target: Uint8Array, offset: number): void {
  target[offset + 32] = 1;
  target[offset + 64] = 1;
}
