/** Bounds of {@link AnswerWindows}. */
export interface AnswerWindowOptions {
  /** What a new peer may have been sent without proof that it reads; the size of every answer while too much is unsent. */
  readonly firstBytes: number;
  /** What any peer may have been sent without proof. */
  readonly maxBytes: number;
  /** Bytes of all answers that wait for sockets, above which answers are small. */
  readonly maxUnsentBytes: number;
}

interface Window {
  bytes: number;
  /** Sent, and not proved to be read. */
  unproved: number;
  /** It has proved at least once that it reads. */
  hasProved: boolean;
  /** Somebody waits for proof. */
  wake: () => void;
}

/** Smaller answers need no proof. */
const leastBytes = 32 * 1024;

/**
 * How much a peer may be sent ahead of what it has read: little at first, and twice as much with each proof.
 *
 * Sockets take megabytes in for a peer that reads nothing. A ping behind each large answer tells: its pong comes when the
 * answer was read. So peers that ask for much and read nothing cost one small answer each, however many they are. When too
 * much waits for sockets, answers become small for everybody; nobody is kept waiting for others.
 */
export class AnswerWindows {
  readonly #options: AnswerWindowOptions;
  readonly #windows = new WeakMap<object, Window>();
  #unsentBytes = 0;

  constructor(options: AnswerWindowOptions) {
    this.#options = options;
  }

  /** Bytes of answers that are being sent. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** True if the peer has read an answer of some size. */
  isReader(peer: object): boolean {
    return this.#windows.get(peer)?.hasProved === true;
  }

  /** Waits until the peer has room; gives the most bytes that the next answer should have. */
  async room(peer: object): Promise<number> {
    const { firstBytes, maxUnsentBytes } = this.#options;
    const window = this.#window(peer);
    while (window.unproved > 0 && window.unproved >= window.bytes) {
      await new Promise<void>((resolve) => {
        window.wake = resolve;
      });
    }
    return this.#unsentBytes > maxUnsentBytes ? firstBytes : window.bytes;
  }

  /**
   * Counts an answer until the peer has taken it in, and then until `proof` is there. Settles as `sent` does: who waits for
   * room is let go when the peer is gone.
   */
  async track(
    peer: object,
    bytes: number,
    options: { readonly sent: Promise<void>; readonly proof: () => Promise<unknown> },
  ): Promise<void> {
    const window = this.#window(peer);
    this.#unsentBytes += bytes;
    try {
      await options.sent;
    } finally {
      this.#unsentBytes -= bytes;
    }
    if (bytes < leastBytes) return;
    window.unproved += bytes;
    const prove = (isRead: boolean) => {
      window.unproved -= bytes;
      if (isRead) {
        window.bytes = Math.min(this.#options.maxBytes, 2 * window.bytes);
        window.hasProved = true;
      }
      window.wake();
    };
    options.proof().then(
      () => prove(true),
      () => prove(false),
    );
  }

  #window(peer: object): Window {
    const known = this.#windows.get(peer);
    if (known !== undefined) return known;
    const window = { bytes: this.#options.firstBytes, unproved: 0, hasProved: false, wake: () => undefined };
    this.#windows.set(peer, window);
    return window;
  }
}
