import { compareBytes, toHex } from '@hs/bytes';
import { moveOn, type StoreContext } from './context.js';
import type { DatabaseWrite } from './database.js';
import { stepEntries } from './disk.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import { type DatabaseInterval, markKey, stateInterval } from './layout.js';
import { keyAt } from './packed-records.js';
import type { RangeEntry } from './range.js';
import { pushStateWrites } from './state-writes.js';

/** Bytes of records that go into one batch, unless one range has more. */
const maxBatchBytes = 2 * 1024 * 1024;

/** Records that were found to be the range of an entry. */
export interface Proof {
  readonly entry: RangeEntry;
  readonly records: readonly PackedRecords[];
}

/** A proved range that waits to be written. */
export interface RangeCommit extends Proof {
  /** What came of it, once that is known. */
  outcome: { readonly error: unknown } | 'committed' | undefined;
}

/**
 * Writes proved ranges, each with its mark and the deletion of whatever else is in its interval. Those that wait at the same time
 * share a batch: the disk is waited for once for all of them.
 */
export class RangeCommits {
  readonly #context: StoreContext;
  readonly #waiting = new Set<RangeCommit>();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Puts a range in line. It must {@link write} or {@link leave}. */
  join(proof: Proof): RangeCommit {
    const commit: RangeCommit = { ...proof, outcome: undefined };
    this.#waiting.add(commit);
    return commit;
  }

  leave(commit: RangeCommit): void {
    this.#waiting.delete(commit);
  }

  /** Writes a range, and what waits behind it, if no range before has done so. One call at a time. */
  async write(own: RangeCommit): Promise<void> {
    if (own.outcome === undefined) await this.#writeWith(own);
    if (typeof own.outcome === 'object') throw own.outcome.error;
  }

  async #writeWith(own: RangeCommit): Promise<void> {
    const group = this.#take(own);
    try {
      const indexes = new Set<number>();
      const writes: DatabaseWrite[] = [];
      for (const commit of group) {
        try {
          await this.#prepare(commit, indexes, writes);
        } catch (error) {
          commit.outcome = { error };
        }
      }
      if (indexes.size > 0) await this.#context.disk.write(writes);
      for (const index of indexes) this.#context.standing.download?.proved.add(index);
      if (indexes.size > 0) moveOn(this.#context, {});
      for (const commit of group) commit.outcome ??= 'committed';
    } catch (error) {
      for (const commit of group) commit.outcome ??= { error };
      throw error;
    }
  }

  /** The range and those behind it in line, as many as fit a batch. */
  #take(own: RangeCommit): RangeCommit[] {
    const group = [own];
    this.#waiting.delete(own);
    let bytes = own.entry.bytes;
    for (const commit of this.#waiting) {
      bytes += commit.entry.bytes;
      if (bytes > maxBatchBytes) break;
      this.#waiting.delete(commit);
      group.push(commit);
    }
    return group;
  }

  /** Adds the writes of a range, unless it is committed or among the `indexes` already. */
  async #prepare({ entry, records }: RangeCommit, indexes: Set<number>, writes: DatabaseWrite[]): Promise<void> {
    const { download } = this.#context.standing;
    const index = download === undefined ? -1 : download.manifest.indexOf(entry);
    if (download === undefined || index === -1) {
      throw new AncestralRecordsError(
        'ANCESTRAL_RECORDS_RANGE_SUPERSEDED',
        'the manifest that this range was proved against has been replaced, and the range has changed',
        { details: { start: toHex(entry.start), depth: entry.depth } },
      );
    }
    if (download.proved.has(index) || indexes.has(index)) return;
    const { startKey, endKey } = download.manifest.range(index);
    for (const removal of await removalOfOthers(this.#context, stateInterval(startKey, endKey), records)) {
      writes.push(removal);
    }
    for (const packed of records) pushStateWrites(writes, packed);
    writes.push({ type: 'put', key: markKey(index), value: Uint8Array.of(1) });
    indexes.add(index);
  }
}

/**
 * Deletions of the keys of an interval that are not among `records` (which are ascending). If there are very many, most of them
 * are deleted in bounded steps at once: the range is unmarked, so nothing relies on its content.
 */
async function removalOfOthers(
  context: StoreContext,
  interval: DatabaseInterval,
  records: readonly PackedRecords[],
): Promise<DatabaseWrite[]> {
  let writes: DatabaseWrite[] = [];
  const wanted = ascendingKeys(records);
  let next = wanted.next();
  for await (const entries of context.disk.scan(interval, { hasValues: false })) {
    if (writes.length >= 16 * stepEntries) {
      await context.disk.write(writes, { isStep: true });
      writes = [];
    }
    for (const [key] of entries) {
      const recordKey = key.subarray(1);
      while (!next.done && compareBytes(next.value, recordKey) < 0) next = wanted.next();
      if (next.done || compareBytes(next.value, recordKey) !== 0) writes.push({ type: 'del', key });
    }
  }
  return writes;
}

function* ascendingKeys(records: readonly PackedRecords[]): Generator<Uint8Array, undefined> {
  for (const packed of records) {
    for (let i = 0; i < packed.offsets.length / 4; i++) yield keyAt(packed, i);
  }
}
