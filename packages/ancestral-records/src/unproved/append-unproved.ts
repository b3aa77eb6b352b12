import { equalBytes, toHex } from '@hs/bytes';
import { RangeBuilder } from '../compute-manifest.js';
import { moveOn, type StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import { AncestralRecordsError } from '../errors.js';
import { encodedSumBytes } from '../hasher.js';
import { recordKeyOffset, stateInterval, unprovedPageKey } from '../layout.js';
import { Manifest } from '../manifest.js';
import { encodePage } from '../manifest-page.js';
import { RecordPacker } from '../packed-records.js';
import { type RangeEntry, rangeInterval } from '../range.js';
import { putState } from '../state-writes.js';
import { busy } from '../writer-gate.js';
import { checkUnprovedChunk } from './check-unproved-chunk.js';
import { expectedOf, intervalWrite, type StoredInterval, type UnprovedDownload } from './unproved-download.js';
import type { UnprovedChunk, UnprovedPart } from './unproved-types.js';

/** A chunk that was hashed and is ready to be written. */
interface HashedChunk {
  readonly before: StoredInterval;
  readonly after: StoredInterval;
  /** Ranges that it completes. */
  readonly completed: readonly RangeEntry[];
  readonly chunk: UnprovedChunk;
}

/**
 * Hashes the chunks of an unproved download, one at a time for each prefix, and keeps, per prefix, the records that no complete
 * range holds yet. What it keeps is thrown away as soon as it may be ahead of the disk; then it is read back.
 */
export class UnprovedHashing {
  readonly #context: StoreContext;
  readonly #builders = new Map<number, { readonly interval: StoredInterval; readonly builder: RangeBuilder }>();
  readonly #active = new Set<number>();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /**
   * Checks, hashes and writes a chunk; `write` runs what it is given when it is its turn.
   *
   * @throws ANCESTRAL_RECORDS_BUSY while another chunk of the prefix is under way, ANCESTRAL_RECORDS_CHUNK_REFUTED,
   *   ANCESTRAL_RECORDS_CHECKSUM_MISMATCH
   */
  async append(
    prefix: number,
    chunk: UnprovedChunk,
    options: { readonly signal?: AbortSignal | undefined; write(commit: () => Promise<void>): Promise<void> },
  ): Promise<void> {
    const context = this.#context;
    const download = requireUnproved(context);
    const before = requireDirty(download, prefix);
    if (this.#active.has(prefix)) throw busy('writeUnproved', `writeUnproved of prefix ${prefix}`);
    const expected = expectedOf(download.target, prefix);
    const totals = checkUnprovedChunk(context, { interval: before, expected }, chunk);
    this.#active.add(prefix);
    try {
      const { builder, completed } = await this.#builder(before, options.signal);
      this.#builders.delete(prefix);
      for (const range of await builder.push(chunk.records)) completed.push(range);
      for (const range of await builder.settle()) completed.push(range);
      if (chunk.nextKey === undefined) completed.push(...(await builder.finish()));
      options.signal?.throwIfAborted();
      const after: StoredInterval = {
        prefix,
        state: chunk.nextKey === undefined ? 'whole' : 'dirty',
        nextKey: chunk.nextKey === undefined ? before.nextKey : copyBytes(chunk.nextKey),
        records: before.records + totals.records,
        bytes: before.bytes + totals.bytes,
        pages: before.pages + (completed.length > 0 ? 1 : 0),
        ranges: before.ranges,
      };
      if (after.state === 'whole' && expected !== undefined) {
        await requirePart(context, after, { ranges: [...before.ranges, ...completed], expected });
      }
      await options.write(() => commit(context, { before, after, completed, chunk }));
      if (after.state === 'dirty') this.#builders.set(prefix, { interval: after, builder });
    } finally {
      this.#active.delete(prefix);
    }
  }

  /** Lets go of all records that are kept. */
  forget(): void {
    this.#builders.clear();
  }

  /**
   * A builder that has seen all records of an interval, read back from behind its last written range if none is kept, and the
   * ranges that it completed on the way.
   */
  async #builder(
    interval: StoredInterval,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly builder: RangeBuilder; readonly completed: RangeEntry[] }> {
    const kept = this.#builders.get(interval.prefix);
    const completed: RangeEntry[] = [];
    if (kept?.interval === interval) return { builder: kept.builder, completed };
    const { disk, parameters, hasher } = this.#context;
    const last = interval.ranges.at(-1);
    const builder = new RangeBuilder({ limits: parameters, hasher, after: last?.start });
    const startKey = last === undefined ? Uint8Array.of(interval.prefix) : rangeInterval(last).endKey;
    if (startKey === undefined) return { builder, completed };
    for await (const entries of disk.scan(stateInterval(startKey, interval.nextKey))) {
      signal?.throwIfAborted();
      const packer = new RecordPacker();
      for (const [key, value] of entries) packer.append(key, recordKeyOffset, value, 0);
      for (const range of await builder.push(packer.finish())) completed.push(range);
    }
    return { builder, completed };
  }
}

async function commit(context: StoreContext, { before, after, completed, chunk }: HashedChunk): Promise<void> {
  const { prefix } = before;
  const { records } = chunk;
  const intervals = context.standing.unproved?.intervals;
  if (intervals?.get(prefix) !== before) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_RANGE_SUPERSEDED',
      `the interval of prefix ${prefix} was cleared while this chunk was hashed`,
      { details: { prefix } },
    );
  }
  const { key, value } = intervalWrite(after);
  const page = completed.length > 0 ? encodePage(completed) : undefined;
  await context.disk.writeFilled(
    (sink) => {
      sink.put(key, value);
      if (page !== undefined) sink.put(unprovedPageKey(prefix, before.pages), page);
      putState(sink, records);
    },
    { isStep: true },
  );
  for (const range of completed) after.ranges.push(range);
  intervals.set(prefix, after);
  moveOn(context, {}, { isSameState: true });
}

/** Compares a whole interval with what it is said to be. @throws ANCESTRAL_RECORDS_CHECKSUM_MISMATCH */
async function requirePart(
  { standing, hasher }: StoreContext,
  { prefix, records, bytes }: StoredInterval,
  { ranges, expected }: { readonly ranges: readonly RangeEntry[]; readonly expected: UnprovedPart },
): Promise<void> {
  const height = standing.unproved?.target.height ?? 0;
  const checksums = await Manifest.fromEntries({ height, entries: ranges }).prefixChecksums(hasher);
  const actual = checksums.get(prefix) ?? new Uint8Array(encodedSumBytes);
  const isSameSize = records === expected.records && bytes === expected.bytes;
  if (isSameSize && equalBytes(actual, expected.checksum)) return;
  const details = { prefix, records, bytes, expected: toHex(expected.checksum), actual: toHex(actual) };
  throw new AncestralRecordsError(
    'ANCESTRAL_RECORDS_CHECKSUM_MISMATCH',
    `the records of prefix ${prefix} are not what they were said to be: ${records} of ${bytes} bytes with checksum ` +
      `${details.actual}, not ${expected.records} of ${expected.bytes} bytes with ${details.expected}: clear the prefix`,
    { details },
  );
}

/** The unproved download under way. @throws ANCESTRAL_RECORDS_WRONG_PHASE */
export function requireUnproved({ standing }: StoreContext): UnprovedDownload {
  if (standing.unproved !== undefined) return standing.unproved;
  const { phase } = standing.tip;
  throw new AncestralRecordsError('ANCESTRAL_RECORDS_WRONG_PHASE', `the store is ${phase}; no unproved download`, {
    details: { phase },
  });
}

function requireDirty(download: UnprovedDownload, prefix: number): StoredInterval {
  const interval = download.intervals.get(prefix);
  if (interval === undefined) throw new RangeError(`${prefix} is no state prefix`);
  if (interval.state === 'dirty') return interval;
  const { state } = interval;
  throw new AncestralRecordsError(
    'ANCESTRAL_RECORDS_WRONG_PHASE',
    state === 'whole' ? `prefix ${prefix} is whole already` : `prefix ${prefix} is being cleared: call clearUnproved`,
    { details: { prefix, state } },
  );
}
