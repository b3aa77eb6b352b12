/** What is counted since the process began. */
export interface ActivityCounters {
  /** Records and bytes of ranges that arrived in good order. */
  receivedRecords: number;
  receivedBytes: number;
  /** Records of ranges that were hashed and add up. */
  provedRecords: number;
  /** Records of ranges that were written. */
  committedRecords: number;
  committedRanges: number;
  refutedRanges: number;
  blocks: number;
  blockMs: number;
  transactions: number;
  changedRecords: number;
}

/** What is charted. */
export const rateNames = ['receivedBytes', 'provedRecords', 'committedRecords', 'blocks', 'changedRecords'] as const;

export type RateName = (typeof rateNames)[number];

/** One rate a second for each name, oldest first. */
export type Rates = Readonly<Record<RateName, readonly number[]>>;

/** The last minutes of some counters, as rates per second. */
export class RateHistory {
  readonly #capacity: number;
  readonly #samples: Record<RateName, number[]>;
  #last: ActivityCounters;
  #lastMs: number;
  #count = 0;

  constructor(options: { readonly capacity: number; readonly counters: ActivityCounters; readonly nowMs: number }) {
    this.#capacity = options.capacity;
    this.#last = { ...options.counters };
    this.#lastMs = options.nowMs;
    this.#samples = { receivedBytes: [], provedRecords: [], committedRecords: [], blocks: [], changedRecords: [] };
  }

  /** Samples taken since the beginning, the forgotten ones included. */
  get count(): number {
    return this.#count;
  }

  /** Takes a sample: what was counted since the last one, over the time since then. */
  sample(counters: ActivityCounters, nowMs: number): void {
    const seconds = Math.max(1, nowMs - this.#lastMs) / 1000;
    for (const name of rateNames) {
      const samples = this.#samples[name];
      samples.push(Math.round(((counters[name] - this.#last[name]) / seconds) * 100) / 100);
      if (samples.length > this.#capacity) samples.shift();
    }
    this.#last = { ...counters };
    this.#lastMs = nowMs;
    this.#count++;
  }

  /** All samples, or those after the first `after`. */
  rates(after = 0): Rates {
    const wanted = Math.min(this.#capacity, Math.max(0, this.#count - after));
    const last = (samples: readonly number[]) => samples.slice(Math.max(0, samples.length - wanted));
    const { receivedBytes, provedRecords, committedRecords, blocks, changedRecords } = this.#samples;
    return {
      receivedBytes: last(receivedBytes),
      provedRecords: last(provedRecords),
      committedRecords: last(committedRecords),
      blocks: last(blocks),
      changedRecords: last(changedRecords),
    };
  }
}
