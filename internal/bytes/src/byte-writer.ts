import { bigintToMinimalBytes } from './integers.js';
import { uvarintLength, writeUvarint } from './varint.js';

/** A growing byte string. Bytes given to it are copied; {@link ByteWriter.finish} returns exactly what was written: later writes leave it alone, but go on from it. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(initialCapacity = 256) {
    this.#bytes = new Uint8Array(initialCapacity);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** Room for `count` bytes that are all to be written before anything else is. */
  space(count: number): Uint8Array {
    this.#reserve(count);
    this.#length += count;
    return this.#bytes.subarray(this.#length - count, this.#length);
  }

  /** Unsigned LEB128. @throws RangeError outside 0..2^64-1 */
  uvarint(value: number | bigint): this {
    this.#reserve(uvarintLength(value));
    this.#length = writeUvarint(this.#bytes, this.#length, value);
    return this;
  }

  /** Zig-zag LEB128. @throws RangeError outside -2^63..2^63-1 */
  varint(value: number | bigint): this {
    const wide = BigInt(value);
    if (BigInt.asIntN(64, wide) !== wide) throw new RangeError('expected a signed 64-bit integer');
    return this.uvarint(wide >= 0n ? wide << 1n : (~wide << 1n) | 1n);
  }

  /** Length as unsigned LEB128, then the bytes. */
  byteArray(value: Uint8Array): this {
    return this.uvarint(value.length).bytes(value);
  }

  /** Length and big-endian bytes of a non-negative integer without leading zeros; zero has length 0. */
  minimalBigint(value: bigint): this {
    return this.byteArray(bigintToMinimalBytes(value));
  }

  u32be(value: number): this {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setUint32(this.#length, value);
    this.#length += 4;
    return this;
  }

  u64be(value: number | bigint): this {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, BigInt(value));
    this.#length += 8;
    return this;
  }

  finish(): Uint8Array {
    // What is full is never written to again: it would have to grow.
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
