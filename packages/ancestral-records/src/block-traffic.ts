/** Tells background work when a block is being prepared or committed, so that it can stand back. */
export class BlockTraffic {
  #under = 0;
  #waiting: (() => void)[] = [];

  /** Runs an operation of a block. */
  async during<T>(operation: Promise<T>): Promise<T> {
    this.#under++;
    try {
      return await operation;
    } finally {
      this.#under--;
      if (this.#under === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Resolves when no block is under way, at once if none is. */
  async idle(): Promise<void> {
    if (this.#under > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
