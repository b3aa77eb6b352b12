/**
 * Memory of payloads that are done with, for payloads to come.
 *
 * Fresh memory is what frames of many megabytes cost most after their checksum: the system has to find and clear every page of it. A
 * reader of many large payloads gives each one back when nothing refers to it any more.
 */
export class PayloadPool {
  readonly #maxBytes: number;
  readonly #free: Uint8Array[] = [];
  /** Buffers that were kept once, of which a payload need not be the whole. */
  readonly #own = new WeakSet<ArrayBufferLike>();
  #bytes = 0;

  /** @throws RangeError unless `maxBytes`, the most bytes kept, is a non-negative safe integer */
  constructor({ maxBytes }: { readonly maxBytes: number }) {
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 0)
      throw new RangeError('maxBytes must be a non-negative integer');
    this.#maxBytes = maxBytes;
  }

  /** Bytes that wait to be used again. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Gives the memory of `payload` back: neither it nor any view of it may be used from now on. What does not fit is left to the garbage
   * collector, and so is a payload that shares its memory with something else.
   */
  give({ buffer, length }: Uint8Array): void {
    const { byteLength } = buffer;
    if (byteLength < minPooledBytes || this.#bytes + byteLength > this.#maxBytes) return;
    if (length !== byteLength && !this.#own.has(buffer)) return;
    if (this.#free.some((free) => free.buffer === buffer)) return;
    this.#own.add(buffer);
    this.#free.push(new Uint8Array(buffer));
    this.#bytes += byteLength;
  }

  /** Memory for `length` bytes with anything in it, the smallest there is, or undefined if there is none. */
  take(length: number): Uint8Array | undefined {
    let best = -1;
    for (const [index, free] of this.#free.entries()) {
      const isBetter = best === -1 || free.length < (this.#free[best] as Uint8Array).length;
      if (free.length >= length && isBetter) best = index;
    }
    if (length < minPooledBytes || best === -1) return undefined;
    const [taken] = this.#free.splice(best, 1) as [Uint8Array];
    this.#bytes -= taken.length;
    return taken.subarray(0, length);
  }
}

/** Smaller memory is cheaper to make than to keep. */
const minPooledBytes = 65_536;
