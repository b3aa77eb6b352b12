import { encodedSumBytes, uncompressedSumBytes } from '../internal/curve.js';
import { type CallPlan, type Slice, sliceCount } from './call-plan.js';
import { givenBuffer, isShared } from './handover.js';
import type { ConversionMethod } from './protocol.js';
import type { SliceBuffers } from './slice-buffers.js';

/** Bytes of an item before and after, and the fewest items that are worth a slice of their own. */
const conversions = {
  combine: { operand: uncompressedSumBytes, result: uncompressedSumBytes, minItems: 1024 },
  encode: { operand: uncompressedSumBytes, result: encodedSumBytes, minItems: 64 },
  decode: { operand: encodedSumBytes, result: uncompressedSumBytes, minItems: 64 },
} as const;
const maxItems = 4096;

/** A `combine`, `encode` or `decode` of the pool: slices of consecutive items. */
export class ConversionPlan implements CallPlan {
  readonly bytes: number;
  readonly #method: ConversionMethod;
  readonly #operands: readonly Uint8Array[];
  readonly #count: number;
  readonly #transfer: boolean;
  readonly #byteLength: number;
  #result: Uint8Array | undefined;
  #slices = 1;
  #sliceItems = 0;
  #next = 0;
  #ordinal = 0;

  /** The operands must have `count` items each. With `transfer` their buffers may be given away. */
  constructor(method: ConversionMethod, operands: readonly Uint8Array[], count: number, transfer: boolean) {
    const { operand, result } = conversions[method];
    this.#method = method;
    this.#operands = operands;
    this.#count = count;
    this.#transfer = transfer;
    this.#byteLength = count * operand;
    this.bytes = count * (operands.length * operand + result);
  }

  begin(threads: number): void {
    this.#slices = sliceCount(this.#count, threads, conversions[this.#method].minItems, maxItems);
    this.#sliceItems = Math.ceil(this.#count / this.#slices);
  }

  get hasNext(): boolean {
    return this.#next < this.#count;
  }

  next(buffers: SliceBuffers): Slice {
    if (this.#operands.some(({ length }) => length !== this.#byteLength)) throw new TypeError('an input was detached');
    const size = conversions[this.#method].operand;
    const first = this.#next;
    const end = Math.min(this.#count, first + this.#sliceItems);
    const parts = this.#operands.map((operand) => operand.subarray(first * size, end * size));
    const given = this.#operands.map((operand) => givenBuffer(operand, this.#transfer && this.#slices === 1));
    const copied = parts.filter((part, index) => given[index] === undefined && !isShared(part));
    const buffer = copied.length === 0 ? undefined : buffers.take(copied.length * (end - first) * size);
    let position = 0;
    const operands = parts.map((part) => {
      if (buffer === undefined || !copied.includes(part)) return part;
      const copy = new Uint8Array(buffer, position, part.length);
      copy.set(part);
      position += part.length;
      return copy;
    });
    this.#next = end;
    const transfer = [...new Set([...given, buffer].filter((item) => item !== undefined))];
    return { ordinal: this.#ordinal++, first, work: { method: this.#method, operands }, buffer, transfer };
  }

  accept({ first }: Slice, result: Uint8Array): void {
    const size = conversions[this.#method].result;
    const items = Math.min(this.#sliceItems, this.#count - first);
    if (result.length !== items * size) throw new Error('a worker answered with another number of sums');
    if (this.#slices === 1) this.#result = result;
    else {
      this.#result ??= new Uint8Array(this.#count * size);
      this.#result.set(result, first * size);
    }
  }

  finish(): Uint8Array {
    return this.#result ?? new Uint8Array(0);
  }
}
