import type { RedialOptions } from './network-options.js';

/** When to dial a lost address again: twice as long after each failure, give or take a quarter, up to a bound. */
export class RedialPolicy {
  readonly #options: RedialOptions;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: RedialOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Delay until the next dial, after a connection that lasted `lastedMs`: 0 if there was none. */
  nextDelayMs(lastedMs: number): number {
    const { minDelayMs, maxDelayMs, stableMs } = this.#options;
    if (lastedMs >= stableMs) this.#failures = 0;
    const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.round(delayMs * (0.75 + this.#random() / 2));
  }
}
