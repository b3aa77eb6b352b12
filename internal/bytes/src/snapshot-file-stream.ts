/**
 * Takes a stream of byte strings, cut anywhere, apart into pieces of wanted length. Pieces are copies: whoever makes the
 * stream may use its buffers again.
 */
export class SnapshotFileStream {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #chunk: Uint8Array = new Uint8Array(0);
  #isDone = false;

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal?: AbortSignal) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    this.#signal = signal;
  }

  /** The next bytes; fewer only at the end. Memory grows with what arrives, not with what is asked for. */
  async take(length: number): Promise<Uint8Array> {
    let taken = new Uint8Array(Math.min(length, Math.max(this.#chunk.length, 65_536)));
    let filled = 0;
    while (filled < length && (await this.#fill())) {
      const piece = this.#chunk.subarray(0, length - filled);
      if (filled + piece.length > taken.length) {
        const grown = new Uint8Array(Math.min(length, Math.max(filled + piece.length, 4 * taken.length)));
        grown.set(taken.subarray(0, filled));
        taken = grown;
      }
      taken.set(piece, filled);
      filled += piece.length;
      this.#chunk = this.#chunk.subarray(piece.length);
    }
    return taken.subarray(0, filled);
  }

  /** Passes over bytes; returns how many there were. */
  async skip(length: number): Promise<number> {
    let skipped = 0;
    while (skipped < length && (await this.#fill())) {
      const piece = Math.min(this.#chunk.length, length - skipped);
      this.#chunk = this.#chunk.subarray(piece);
      skipped += piece;
    }
    return skipped;
  }

  /** True if nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Tells the maker of the stream that no more is wanted. */
  async close(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#chunk = new Uint8Array(0);
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      if (this.#isDone) return false;
      this.#signal?.throwIfAborted();
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#isDone = true;
      else this.#chunk = value;
    }
    return true;
  }
}
