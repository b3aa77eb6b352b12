import { compareBytes } from '@hs/bytes';
import type { Download, StoreContext } from './context.js';
import { stepEntries } from './disk.js';
import type { PackedRecords } from './hasher.js';
import { allState, type DatabaseInterval } from './layout.js';
import { keyAt } from './packed-records.js';

/**
 * Finds what else is where a range is to be written. Most downloads fill an empty database: where nothing was found once, nobody
 * looks again.
 */
export class OtherKeys {
  readonly #context: StoreContext;
  /** The download of which the rest is known. */
  #download: Download | undefined;
  /** Where nothing was before the download wrote there. */
  #empty: DatabaseInterval = { gte: allState.lt, lt: allState.lt };
  /** The last range had nothing in it. */
  #looksEmpty = true;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /**
   * The database keys of an interval, which is to be written next, that are not among `records` (ascending). If there are very many,
   * most of them are deleted in bounded steps at once: the range is unmarked, so nothing relies on its content.
   */
  async keys(
    download: Download,
    interval: DatabaseInterval,
    records: readonly PackedRecords[],
  ): Promise<readonly Uint8Array[]> {
    if (download !== this.#download) {
      this.#download = download;
      this.#empty = { gte: allState.lt, lt: allState.lt };
      this.#looksEmpty = true;
    }
    if (this.#looksEmpty && (await this.#isEmpty(interval))) return [];
    const { keys, count } = await keysOfOthers(this.#context, interval, records);
    this.#looksEmpty = count === 0;
    return keys;
  }

  /** Looks how far nothing comes, unless that is known. */
  async #isEmpty({ gte, lt }: DatabaseInterval): Promise<boolean> {
    const known = this.#empty;
    if (compareBytes(gte, known.gte) >= 0 && compareBytes(lt, known.lt) <= 0) return true;
    const next = await firstKey(this.#context, { gte, lt: allState.lt });
    const found = { gte, lt: next ?? allState.lt };
    // What comes too late for its place shows less than is known of the rest.
    if (compareBytes(found.lt, known.lt) >= 0 || compareBytes(gte, known.gte) > 0) this.#empty = found;
    return compareBytes(lt, found.lt) <= 0;
  }
}

async function firstKey(context: StoreContext, interval: DatabaseInterval): Promise<Uint8Array | undefined> {
  for await (const entries of context.disk.scan(interval, { hasValues: false, limit: 1 })) return entries[0]?.[0];
  return undefined;
}

async function keysOfOthers(
  context: StoreContext,
  interval: DatabaseInterval,
  records: readonly PackedRecords[],
): Promise<{ readonly keys: readonly Uint8Array[]; readonly count: number }> {
  let keys: Uint8Array[] = [];
  let count = 0;
  const wanted = ascendingKeys(records);
  let next = wanted.next();
  for await (const entries of context.disk.scan(interval, { hasValues: false })) {
    count += entries.length;
    if (keys.length >= 16 * stepEntries) {
      await context.disk.write(
        keys.map((key) => ({ type: 'del', key })),
        { isStep: true },
      );
      keys = [];
    }
    for (const [key] of entries) {
      const recordKey = key.subarray(1);
      while (!next.done && compareBytes(next.value, recordKey) < 0) next = wanted.next();
      if (next.done || compareBytes(next.value, recordKey) !== 0) keys.push(key);
    }
  }
  return { keys, count };
}

function* ascendingKeys(records: readonly PackedRecords[]): Generator<Uint8Array, undefined> {
  for (const packed of records) {
    for (let i = 0; i < packed.offsets.length / 4; i++) yield keyAt(packed, i);
  }
}
