import { TokenBucket } from '../network/token-bucket.js';

/** Requests of each address, by its average rate. Bounded: beyond `maxAddresses` the one that was longest silent is forgotten. */
export class AddressAllowance {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #options: { readonly perSecond: number; readonly burst: number; readonly maxAddresses: number };

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly maxAddresses: number }) {
    this.#options = options;
  }

  /** Takes one request; milliseconds until there is room for it, and it is not taken, if there is none now. */
  take(address: string, nowMs: number): number {
    const { perSecond, burst, maxAddresses } = this.#options;
    const bucket = this.#buckets.get(address) ?? new TokenBucket({ perSecond, burst, nowMs });
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > maxAddresses) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    const waitMs = bucket.readyInMs(nowMs);
    if (waitMs === 0) bucket.take(1, nowMs);
    return waitMs;
  }
}
