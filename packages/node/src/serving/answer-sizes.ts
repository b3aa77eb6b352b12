/** Bounds of {@link AnswerSizes}. */
export interface AnswerSizeOptions {
  /** Of the first answer to a peer, and of every answer while too much is unsent. */
  readonly firstBytes: number;
  readonly maxBytes: number;
  /** Bytes of all answers that peers have not taken in, above which answers are small. */
  readonly maxUnsentBytes: number;
  /** A peer that takes longer for an answer gets smaller ones. */
  readonly slowMs: number;
}

/**
 * How large an answer may be: small for a peer that is new or slow, twice as large after each that was taken in quickly.
 *
 * So peers that ask for much and read nothing hold little of this node's memory, however many they are, and they cannot
 * use up a budget that others need: when too much is unsent, answers become small, for everybody alike.
 */
export class AnswerSizes {
  readonly #options: AnswerSizeOptions;
  readonly #nextBytes = new WeakMap<object, number>();
  #unsentBytes = 0;

  constructor(options: AnswerSizeOptions) {
    this.#options = options;
  }

  /** Bytes of answers that are being sent. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Most bytes of the next answer to a peer. */
  allowed(peer: object): number {
    const { firstBytes, maxBytes, maxUnsentBytes } = this.#options;
    const bytes = this.#unsentBytes > maxUnsentBytes ? firstBytes : (this.#nextBytes.get(peer) ?? firstBytes);
    return Math.min(bytes, maxBytes);
  }

  /** Counts an answer until the peer has taken it in or is gone. Settles as `sent` does. */
  async track(peer: object, bytes: number, sent: Promise<void>): Promise<void> {
    const { firstBytes, maxBytes, slowMs } = this.#options;
    const startedMs = performance.now();
    this.#unsentBytes += bytes;
    try {
      await sent;
    } finally {
      this.#unsentBytes -= bytes;
    }
    const known = this.#nextBytes.get(peer) ?? firstBytes;
    if (performance.now() - startedMs > slowMs) this.#nextBytes.set(peer, Math.max(firstBytes, known / 2));
    else if (bytes >= known / 2) this.#nextBytes.set(peer, Math.min(maxBytes, known * 2));
  }
}
