const halfLifeMs = 20_000;

/** Bytes per second of one peer, over the time in which something was outstanding; older samples fade. */
export class BusyRate {
  #bytes = 0;
  #elapsedMs = 0;
  #markMs = 0;
  #isMeasured = false;

  /** The first request after an idle time. */
  begin(nowMs: number): void {
    this.#markMs = nowMs;
  }

  /** An answer of so many bytes; 0 for the lack of one. */
  sample(bytes: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#markMs;
    const fade = 2 ** (-elapsedMs / halfLifeMs);
    this.#bytes = this.#bytes * fade + bytes;
    this.#elapsedMs = this.#elapsedMs * fade + elapsedMs;
    this.#markMs = nowMs;
    this.#isMeasured = true;
  }

  /** Undefined before the first sample. */
  get bytesPerSecond(): number | undefined {
    return this.#isMeasured ? (this.#bytes * 1000) / Math.max(this.#elapsedMs, 1) : undefined;
  }

  /**
   * The rate as far as the samples are evidence for it: they are mixed with `assumedMs` at `assumed` bytes per second,
   * so that the first small answers, which measure little but the round trip, do not make equal peers look unequal.
   */
  cautiousBytesPerSecond(assumed: number, assumedMs: number): number {
    return (this.#bytes * 1000 + assumed * assumedMs) / (this.#elapsedMs + assumedMs);
  }
}

const bucketCount = 20;

/** An amount per second over a sliding window, in constant space. */
export class RateWindow {
  readonly #bucketMs: number;
  readonly #amounts: number[] = new Array<number>(bucketCount).fill(0);
  #sum = 0;
  #bucket = 0;
  #sinceMs: number | undefined;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / bucketCount;
  }

  add(amount: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#sinceMs ??= nowMs;
    const at = this.#bucket % bucketCount;
    this.#amounts[at] = (this.#amounts[at] ?? 0) + amount;
    this.#sum += amount;
  }

  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    if (this.#sinceMs === undefined || this.#sum === 0) return 0;
    const oldestMs = Math.max(this.#sinceMs, (this.#bucket - bucketCount + 1) * this.#bucketMs);
    return (this.#sum * 1000) / Math.max(nowMs - oldestMs, this.#bucketMs);
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    for (let step = Math.max(this.#bucket + 1, bucket - bucketCount + 1); step <= bucket; step++) {
      const at = step % bucketCount;
      this.#sum -= this.#amounts[at] ?? 0;
      this.#amounts[at] = 0;
    }
    this.#bucket = Math.max(this.#bucket, bucket);
  }
}
