import { compareBytes, toHex } from '@hs/bytes';
import { RangeBuilder } from './compute-manifest.js';
import { moveOn, rootOf, type StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import { allAncestral, allState, bookkeeping, recordKeyOffset, stateKey, summaryKey, tipKey } from './layout.js';
import { Manifest } from './manifest.js';
import { summariesOf } from './manifest-summaries.js';
import { encodeSummary, encodeTip, noRoot, type Tip } from './metadata.js';
import { keyAt, recordBytes, recordCount, valueAt } from './packed-records.js';
import type { StateParameters } from './parameters.js';
import type { RangeEntry } from './range.js';
import { checkStateRecord } from './record-change.js';
import { pageWrites, snapshotWrite, withManifest } from './snapshots.js';

const emptyTip: Tip = { phase: 'empty', height: 0, target: 0, stateRoot: noRoot };
const clearingTip: Tip = { ...emptyTip, phase: 'clearing' };

const stateTag = stateKey(new Uint8Array(0))[0] as number;

/** Records of one batch while the genesis state is written. */
const groupRecords = 4096;

/** Deletes all state in bounded steps behind a durable mark. Other records stay. */
export async function resetState(context: StoreContext): Promise<void> {
  await context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(clearingTip) }]);
  context.cache.clear();
  moveOn(context, { tip: clearingTip, summaries: new Map(), snapshots: [], download: undefined, unproved: undefined });
  await finishClearing(context);
}

/** Goes on with a reset, or clears away an unfinished genesis. */
export async function finishClearing(context: StoreContext): Promise<void> {
  for (const interval of [bookkeeping, allState, allAncestral]) await context.disk.clear(interval);
  await context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(emptyTip) }]);
  moveOn(context, { tip: emptyTip });
}

/** Writes the genesis state in bounded batches; until the last one is written the store counts as empty. */
export async function initialize(
  context: StoreContext,
  records: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
  others: DatabaseWrite[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(clearingTip) }]);
  moveOn(context, { tip: clearingTip });
  try {
    for (const interval of [allState, allAncestral]) await context.disk.clear(interval);
    const entries = await writeGenesis(context, records, signal);
    signal?.throwIfAborted();
    const manifest = Manifest.fromEntries({ height: 0, entries });
    const summaries = await summariesOf(context, manifest);
    const stateRoot = rootOf(context, summaries);
    const tip = { phase: 'ready', height: 0, target: 0, stateRoot } as const;
    const snapshot = withManifest(context, { height: 0, stateRoot, summaries, manifest: undefined }, manifest);
    const writes = [snapshotWrite(snapshot), ...pageWrites(manifest)];
    for (const [prefix, summary] of summaries) {
      writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
    }
    writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
    await context.disk.write([...writes, ...others]);
    moveOn(context, { tip, summaries, snapshots: [snapshot] });
  } catch (error) {
    if (isWriteFailure(error)) throw error;
    await finishClearing(context);
    throw error;
  }
}

/** While one group is hashed and written, the next one is taken in. */
async function writeGenesis(
  context: StoreContext,
  records: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
  signal: AbortSignal | undefined,
): Promise<RangeEntry[]> {
  const builder = new RangeBuilder({ limits: context.parameters, hasher: context.hasher, signal });
  const entries: RangeEntry[] = [];
  let last: Promise<void> = Promise.resolve();
  try {
    for await (const { packed, writes } of genesisGroups(context.parameters, records)) {
      await last;
      signal?.throwIfAborted();
      last = allSettledOrThrow(builder.push(packed), context.disk.write(writes, { isStep: true })).then(
        ([complete]) => {
          for (const entry of complete) entries.push(entry);
        },
      );
      // Awaited below; meanwhile a failure must not count as unhandled.
      last.catch(() => undefined);
    }
  } finally {
    await last;
  }
  for (const entry of await builder.finish()) entries.push(entry);
  return entries;
}

/** Records in bounded groups, and what writes them into the database: both are views of one copy of the bytes. */
async function* genesisGroups(
  parameters: StateParameters,
  records: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
): AsyncGenerator<{ readonly packed: PackedRecords; readonly writes: DatabaseWrite[] }> {
  let previous: Uint8Array | undefined;
  for await (const given of records) {
    const total = recordCount(given);
    for (let from = 0; from < total; from += groupRecords) {
      const writes: DatabaseWrite[] = [];
      const packed = withTags(given, from, Math.min(from + groupRecords, total));
      const { bytes, offsets } = packed;
      for (let at = 0; at < offsets.length; at += 4) {
        const keyStart = offsets[at] as number;
        const keyEnd = offsets[at + 1] as number;
        const key = bytes.subarray(keyStart, keyEnd);
        const value = bytes.subarray(keyEnd, offsets[at + 3]);
        checkStateRecord(parameters, key, value);
        if (previous !== undefined && compareBytes(previous, key) >= 0) throw outOfOrder(key);
        previous = key;
        writes.push({ type: 'put', key: bytes.subarray(keyStart - recordKeyOffset, keyEnd), value });
      }
      yield { packed, writes };
    }
    previous = previous && copyBytes(previous);
  }
}

/** Some of the records, copied one after the other, each key after the tag that it has in the database. */
function withTags(given: PackedRecords, from: number, to: number): PackedRecords {
  let size = 0;
  for (let i = from; i < to; i++) size += recordKeyOffset + recordBytes(given, i);
  const bytes = new Uint8Array(size);
  const offsets = new Uint32Array(4 * (to - from));
  let end = 0;
  for (let i = from, at = 0; i < to; i++, at += 4) {
    bytes[end] = stateTag;
    offsets[at] = end + recordKeyOffset;
    bytes.set(keyAt(given, i), end + recordKeyOffset);
    end = (offsets[at] as number) + (given.offsets[4 * i + 1] as number) - (given.offsets[4 * i] as number);
    offsets[at + 1] = end;
    offsets[at + 2] = end;
    bytes.set(valueAt(given, i), end);
    end += (given.offsets[4 * i + 3] as number) - (given.offsets[4 * i + 2] as number);
    offsets[at + 3] = end;
  }
  return { bytes, offsets };
}

/** Both results, when neither is under way any more. @throws the first failure in the given order */
async function allSettledOrThrow<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function isWriteFailure(error: unknown): boolean {
  return error instanceof AncestralRecordsError && error.code === 'ANCESTRAL_RECORDS_WRITE_FAILED';
}

function outOfOrder(key: Uint8Array): AncestralRecordsError {
  const shown = toHex(key.subarray(0, 64));
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_OUT_OF_ORDER',
    `genesis records must be ascending by key, without duplicates; ${shown} is not after the record before it`,
    { details: { key: shown } },
  );
}
