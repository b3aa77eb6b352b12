import { compareBytes } from '@hs/bytes';
import { SyncProgressError } from './errors.js';
import type { Amounts, RangeSummary } from './range.js';
import type { PrefixStatus } from './status.js';

interface Counter {
  ranges: number;
  records: number;
  bytes: number;
}

/** The ranges of one manifest and which of them are in the store, counted per prefix. */
export class Tally {
  readonly manifestId: string;
  readonly ranges: readonly RangeSummary[];
  readonly largestBytes: number;
  readonly total: Amounts;
  readonly resumed: Amounts;
  readonly #done: Counter = counter();
  readonly #isDone: Uint8Array;
  readonly #prefixes = new Map<number, { readonly total: Counter; readonly done: Counter }>();

  /** @throws SYNC_PROGRESS_INVALID_MANIFEST */
  constructor(manifestId: string, ranges: readonly RangeSummary[], proved: Iterable<number>) {
    this.manifestId = manifestId;
    this.ranges = ranges;
    const total = counter();
    let largestBytes = 0;
    for (const [index, range] of ranges.entries()) {
      checkRange(ranges, index, range);
      add(total, range);
      add(this.#prefix(range).total, range);
      largestBytes = Math.max(largestBytes, range.bytes);
    }
    this.total = total;
    this.largestBytes = largestBytes;
    this.#isDone = new Uint8Array(ranges.length);
    for (const index of proved) {
      if (ranges[index] === undefined) throw invalidManifest('a proved range is not in it', { range: index });
      this.complete(index);
    }
    this.resumed = { ...this.#done };
  }

  get done(): Amounts {
    return { ...this.#done };
  }

  get isComplete(): boolean {
    return this.#done.ranges === this.ranges.length;
  }

  isDone(range: number): boolean {
    return this.#isDone[range] === 1;
  }

  /** Counts a range as stored, once. */
  complete(index: number): void {
    const range = this.ranges[index];
    if (range === undefined || this.isDone(index)) return;
    this.#isDone[index] = 1;
    add(this.#done, range);
    add(this.#prefix(range).done, range);
  }

  prefixes(): readonly PrefixStatus[] {
    return [...this.#prefixes].map(([prefix, { total, done }]) => ({ prefix, total: { ...total }, done: { ...done } }));
  }

  #prefix(range: RangeSummary): { readonly total: Counter; readonly done: Counter } {
    const prefix = range.startKey[0] ?? 0;
    let amounts = this.#prefixes.get(prefix);
    if (amounts === undefined) {
      amounts = { total: counter(), done: counter() };
      this.#prefixes.set(prefix, amounts);
    }
    return amounts;
  }
}

function checkRange(ranges: readonly RangeSummary[], index: number, range: RangeSummary): void {
  const { startKey, endKey, records, bytes } = range;
  const details = { range: index };
  if (!Number.isSafeInteger(records) || records < 1) throw invalidManifest('a range holds no records', details);
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw invalidManifest('a range holds no bytes', details);
  if (endKey !== undefined && compareBytes(startKey, endKey) >= 0) throw invalidManifest('a range is empty', details);
  const previous = ranges[index - 1];
  if (previous !== undefined && (previous.endKey === undefined || compareBytes(previous.endKey, startKey) > 0)) {
    throw invalidManifest('its ranges are not ascending and disjoint', details);
  }
}

function invalidManifest(problem: string, details: Readonly<Record<string, unknown>>): SyncProgressError {
  return new SyncProgressError('SYNC_PROGRESS_INVALID_MANIFEST', `The manifest cannot be used: ${problem}.`, {
    details,
  });
}

function counter(): Counter {
  return { ranges: 0, records: 0, bytes: 0 };
}

function add(counted: Counter, range: RangeSummary): void {
  counted.ranges += 1;
  counted.records += range.records;
  counted.bytes += range.bytes;
}
