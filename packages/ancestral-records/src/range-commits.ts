import { toHex } from '@hs/bytes';
import type { WriteSink } from './batch-draft.js';
import { moveOn, type StoreContext } from './context.js';
import { markOf, markValue } from './download.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import { stateInterval } from './layout.js';
import { OtherKeys } from './other-keys.js';
import type { RangeEntry } from './range.js';
import { putState } from './state-writes.js';

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
  readonly #others: OtherKeys;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#others = new OtherKeys(context);
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
      const prepared = new Map<number, PreparedRange>();
      for (const commit of group) {
        try {
          await this.#prepare(commit, prepared);
        } catch (error) {
          commit.outcome = { error };
        }
      }
      if (prepared.size > 0) await this.#context.disk.writeFilled((sink) => putRanges(sink, prepared));
      for (const index of prepared.keys()) this.#context.standing.download?.proved.add(index);
      if (prepared.size > 0) moveOn(this.#context, {});
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

  /** Adds what is to be written for a range, unless it is committed or among those prepared already. */
  async #prepare({ entry, records }: RangeCommit, prepared: Map<number, PreparedRange>): Promise<void> {
    const { download } = this.#context.standing;
    const index = download === undefined ? -1 : download.manifest.indexOf(entry);
    if (download === undefined || index === -1) {
      throw new AncestralRecordsError(
        'ANCESTRAL_RECORDS_RANGE_SUPERSEDED',
        'the manifest that this range was proved against has been replaced, and the range has changed',
        { details: { start: toHex(entry.start), depth: entry.depth } },
      );
    }
    if (download.proved.has(index) || prepared.has(index)) return;
    const { startKey, endKey } = download.manifest.range(index);
    const others = await this.#others.keys(download, stateInterval(startKey, endKey), records);
    prepared.set(index, { others, records, mark: markOf(this.#context, download.manifest, index) });
  }
}

/** What is written for one range. */
interface PreparedRange {
  /** Database keys of what else is in its interval. */
  readonly others: readonly Uint8Array[];
  readonly mark: Uint8Array;
  readonly records: readonly PackedRecords[];
}

function putRanges(sink: WriteSink, ranges: ReadonlyMap<number, PreparedRange>): void {
  for (const { others, records, mark } of ranges.values()) {
    for (const key of others) sink.del(key);
    sink.put(mark, markValue);
    for (const packed of records) putState(sink, packed);
  }
}
