const minBytes = 64 * 1024;
/** Buffers above this size are left to the garbage collector. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Buffers that carry slices to workers and come back with the answers, so that a long run allocates few. At most `limit` of
 * them wait for their next use.
 */
export class SliceBuffers {
  readonly #limit: number;
  readonly #free: ArrayBuffer[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of at least this size, with any content. */
  take(bytes: number): ArrayBuffer {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= bytes);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    if (buffer !== undefined) return buffer;
    if (bytes > maxBytes) return new ArrayBuffer(bytes);
    let size = minBytes;
    while (size < bytes) size *= 2;
    return new ArrayBuffer(size);
  }

  give(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined || buffer.byteLength < minBytes || buffer.byteLength > maxBytes) return;
    this.#free.push(buffer);
    if (this.#free.length <= this.#limit) return;
    const smallest = Math.min(...this.#free.map(({ byteLength }) => byteLength));
    this.#free.splice(
      this.#free.findIndex(({ byteLength }) => byteLength === smallest),
      1,
    );
  }
}
