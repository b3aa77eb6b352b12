/** A half-open piece of an arena. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Collects bytes one after the other in one buffer that grows. Positions stay valid, and so do views: bytes never change once they
 * are there, and when they move to a larger buffer the old one is left as it is. One buffer with many views is much cheaper to make,
 * and to hand to a database, than many small arrays.
 */
export class ByteArena {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes collected so far: where the next ones will begin. */
  get length(): number {
    return this.#length;
  }

  /** All bytes, borrowed. */
  get bytes(): Uint8Array {
    return this.view({ start: 0, end: this.#length });
  }

  append(bytes: Uint8Array): Span {
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
    return { start, end: this.#length };
  }

  appendByte(byte: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = byte;
  }

  /** Appends a copy of bytes that are in the arena already. */
  appendSpan({ start, end }: Span): Span {
    const at = this.#reserve(end - start);
    this.#bytes.copyWithin(at, start, end);
    return { start: at, end: this.#length };
  }

  /** Forgets what was appended from a position on, of which there must be no view. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Bytes as a string with one character per byte. */
  text({ start, end }: Span): string {
    return this.#bytes.toString('latin1', start, end);
  }

  equals({ start, end }: Span, other: Uint8Array): boolean {
    if (end - start !== other.length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
    return true;
  }

  /** Bytes without a copy; the view keeps all of the arena in memory. */
  view({ start, end }: Span): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start);
  }

  #reserve(size: number): number {
    const at = this.#length;
    this.#length = at + size;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}
