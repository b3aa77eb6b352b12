/** What went wrong while reading. */
export type ByteReaderProblem = 'truncated' | 'varint-overflow' | 'over-limit' | 'trailing-bytes';

/**
 * A cursor over bytes that are never copied: every byte string it returns is a view of its input.
 *
 * `fail` makes the error to throw for a problem, so that each package throws its own typed errors.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #fail: (problem: ByteReaderProblem, detail: string) => Error;
  #offset: number;

  constructor(bytes: Uint8Array, fail: (problem: ByteReaderProblem, detail: string) => Error, offset = 0) {
    this.#bytes = bytes;
    this.#fail = fail;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  byte(): number {
    this.#require(1);
    return this.#bytes[this.#offset++] as number;
  }

  /** One byte; any value but zero is true, as in the Go node. */
  bool(): boolean {
    return this.byte() !== 0;
  }

  bytes(length: number): Uint8Array {
    this.#require(length);
    const view = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return view;
  }

  /** Unsigned LEB128 below 2^64; encodings longer than needed are accepted, as in the Go node. */
  uvarint(): bigint {
    let value = 0n;
    for (let index = 0; index < 10; index++) {
      const byte = this.byte();
      if (index === 9 && byte > 1) throw this.#fail('varint-overflow', 'varint above 2^64-1');
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw this.#fail('varint-overflow', 'varint longer than 10 bytes');
  }

  /** Unsigned LEB128 that must not exceed `limit` (a safe integer). */
  uvarintNumber(limit: number = Number.MAX_SAFE_INTEGER): number {
    const first = this.#bytes[this.#offset];
    if (first !== undefined && first < 0x80) {
      this.#offset++;
      if (first > limit) throw this.#fail('over-limit', `${first} is over the limit ${limit}`);
      return first;
    }
    const value = this.uvarint();
    if (value > BigInt(limit)) throw this.#fail('over-limit', `${value} is over the limit ${limit}`);
    return Number(value);
  }

  /** Zig-zag LEB128. */
  varint(): bigint {
    const raw = this.uvarint();
    return (raw & 1n) === 0n ? raw >> 1n : ~(raw >> 1n);
  }

  /** Length-prefixed bytes, at most `limit`; the length is checked before anything is made of it. */
  byteArray(limit: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    return this.bytes(this.uvarintNumber(limit));
  }

  u32be(): number {
    this.#require(4);
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#offset, 4).getUint32(0);
    this.#offset += 4;
    return value;
  }

  u64be(): bigint {
    this.#require(8);
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#offset, 8).getBigUint64(0);
    this.#offset += 8;
    return value;
  }

  /** Fails unless everything was read. */
  end(): void {
    if (this.remaining !== 0) throw this.#fail('trailing-bytes', `${this.remaining} bytes too many`);
  }

  #require(count: number): void {
    if (count > this.remaining) throw this.#fail('truncated', `${count} bytes wanted, ${this.remaining} left`);
  }
}
