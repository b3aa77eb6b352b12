/**
 * Takes a stream of byte strings, cut anywhere, apart into pieces of wanted length. Pieces are copies: whoever makes the
 * stream may use its buffers again.
 */
export class SnapshotFileStream {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #isDone = false;

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** The next bytes; fewer only at the end. Memory grows with what arrives, not with what is asked for. */
  async take(length: number, signal?: AbortSignal): Promise<Uint8Array> {
    let taken = new Uint8Array(Math.min(length, Math.max(this.#chunk.length, 65_536)));
    let filled = 0;
    while (filled < length && (await this.#fill(signal))) {
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
  async skip(length: number, signal?: AbortSignal): Promise<number> {
    let skipped = 0;
    while (skipped < length && (await this.#fill(signal))) {
      const piece = Math.min(this.#chunk.length, length - skipped);
      this.#chunk = this.#chunk.subarray(piece);
      skipped += piece;
    }
    return skipped;
  }

  /** True if nothing is left. */
  async isAtEnd(signal?: AbortSignal): Promise<boolean> {
    return !(await this.#fill(signal));
  }

  /** Tells the maker of the stream that no more is wanted. */
  async close(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#chunk = new Uint8Array(0);
    await this.#chunks.return?.();
  }

  async #fill(signal: AbortSignal | undefined): Promise<boolean> {
    while (this.#chunk.length === 0) {
      if (this.#isDone) return false;
      const { done, value } = await this.#next(signal);
      if (done === true) this.#isDone = true;
      else this.#chunk = value;
    }
    return true;
  }

  /** An abort does not wait for a maker that gives nothing. */
  async #next(signal: AbortSignal | undefined): Promise<IteratorResult<Uint8Array>> {
    signal?.throwIfAborted();
    const next = Promise.resolve(this.#chunks.next());
    if (signal === undefined) return next;
    let stop = (): void => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      // Asking for the next chunk may have been what aborted.
      if (signal.aborted) stop();
    });
    try {
      return await Promise.race([next, aborted]);
    } catch (error) {
      if (signal.aborted) {
        next.catch(() => {});
        const closing = this.close();
        closing.catch(() => {});
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
