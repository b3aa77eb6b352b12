/**
 * An average rate with bursts. It may be overdrawn: what is taken has happened already, and whoever took it waits until
 * the debt is paid off.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  /** Full at first. @throws RangeError unless both are positive; `Infinity` is allowed */
  constructor(options: { readonly perSecond: number; readonly burst: number; readonly nowMs: number }) {
    if (!(options.perSecond > 0) || !(options.burst > 0)) throw new RangeError('a rate and its burst must be positive');
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#filledAtMs = options.nowMs;
  }

  /** Takes `amount`, whether or not it is there. */
  take(amount: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= amount;
  }

  /** Milliseconds until there is no debt: 0 if there is none. */
  readyInMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs <= 0) return;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#perMs);
  }
}
