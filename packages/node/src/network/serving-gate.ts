import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './clock.js';
import type { Allowances } from './network-options.js';
import { TokenBucket } from './token-bucket.js';

/** The requests and the served bytes of all peers together. Peers pass in the order in which they came. */
export class ServingGate {
  readonly #clock: Clock;
  readonly #requests: TokenBucket;
  readonly #bytes: TokenBucket;
  #lastInLine: Promise<void> = Promise.resolve();

  constructor(allowances: Allowances, clock: Clock) {
    const nowMs = clock.monotonicMs();
    const { totalRequestsPerSecond, totalRequestBurst, totalServedBytesPerSecond, totalServedByteBurst } = allowances;
    this.#clock = clock;
    this.#requests = new TokenBucket({ perSecond: totalRequestsPerSecond, burst: totalRequestBurst, nowMs });
    this.#bytes = new TokenBucket({ perSecond: totalServedBytesPerSecond, burst: totalServedByteBurst, nowMs });
  }

  /** Waits for a turn. Rejects when `signal` fires. */
  async pass(signal: AbortSignal): Promise<void> {
    const before = this.#lastInLine;
    let leave: () => void = () => undefined;
    this.#lastInLine = new Promise((resolve) => {
      leave = resolve;
    });
    try {
      await before;
      await waitForAll([this.#requests, this.#bytes], this.#clock, signal);
      this.#requests.take(1, this.#clock.monotonicMs());
    } finally {
      leave();
    }
  }

  served(bytes: number): void {
    this.#bytes.take(bytes, this.#clock.monotonicMs());
  }
}

/** What one peer may ask, on top of the gate that all peers share. */
export class PeerAllowance {
  readonly #gate: ServingGate;
  readonly #clock: Clock;
  readonly #requests: TokenBucket;
  readonly #served: TokenBucket;
  readonly #received: TokenBucket;

  constructor(gate: ServingGate, allowances: Allowances, clock: Clock) {
    const nowMs = clock.monotonicMs();
    const { requestsPerSecond, requestBurst, servedBytesPerSecond, servedByteBurst } = allowances;
    const { receivedBytesPerSecond, receivedByteBurst } = allowances;
    this.#gate = gate;
    this.#clock = clock;
    this.#requests = new TokenBucket({ perSecond: requestsPerSecond, burst: requestBurst, nowMs });
    this.#served = new TokenBucket({ perSecond: servedBytesPerSecond, burst: servedByteBurst, nowMs });
    this.#received = new TokenBucket({ perSecond: receivedBytesPerSecond, burst: receivedByteBurst, nowMs });
  }

  /** Waits until the peer's next request may be handled, and counts it. Rejects when `signal` fires. */
  async passRequest(signal: AbortSignal): Promise<void> {
    await waitForAll([this.#requests, this.#served], this.#clock, signal);
    this.#requests.take(1, this.#clock.monotonicMs());
    await this.#gate.pass(signal);
  }

  /** Counts a request that is handled at once, if the allowance has room for it. */
  takeRequest(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#requests.readyInMs(nowMs) > 0) return false;
    this.#requests.take(1, nowMs);
    return true;
  }

  served(bytes: number): void {
    this.#served.take(bytes, this.#clock.monotonicMs());
    this.#gate.served(bytes);
  }

  received(bytes: number): void {
    this.#received.take(bytes, this.#clock.monotonicMs());
  }

  /** Milliseconds for which nothing more should be read from the peer. */
  get receiveReadyInMs(): number {
    return this.#received.readyInMs(this.#clock.monotonicMs());
  }
}

async function waitForAll(buckets: readonly TokenBucket[], clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const nowMs = clock.monotonicMs();
    const waitMs = Math.max(...buckets.map((bucket) => bucket.readyInMs(nowMs)));
    if (waitMs === 0) return;
    await sleep(Math.min(waitMs, longestSleepMs), undefined, { signal });
  }
}

const longestSleepMs = 60_000;
