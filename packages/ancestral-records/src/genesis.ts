import { compareBytes, toHex } from '@hs/bytes';
import { RangeBuilder } from './compute-manifest.js';
import { moveOn, rootOf, type StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import { allAncestral, allState, bookkeeping, stateKey, summaryKey, tipKey } from './layout.js';
import { Manifest } from './manifest.js';
import { summariesOf } from './manifest-summaries.js';
import { encodeSummary, encodeTip, noRoot, type Tip } from './metadata.js';
import { keyAt, RecordPacker, recordCount, valueAt } from './packed-records.js';
import type { RangeEntry } from './range.js';
import { checkStateRecord } from './record-change.js';
import { pageWrites, snapshotWrite, withManifest } from './snapshots.js';

const emptyTip: Tip = { phase: 'empty', height: 0, target: 0, stateRoot: noRoot };
const clearingTip: Tip = { ...emptyTip, phase: 'clearing' };

/** Records of one batch and one hash call while the genesis state is written. */
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

async function writeGenesis(
  context: StoreContext,
  records: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
  signal: AbortSignal | undefined,
): Promise<RangeEntry[]> {
  const { parameters, hasher } = context;
  const builder = new RangeBuilder({ limits: parameters, hasher, signal });
  const entries: RangeEntry[] = [];
  let previous: Uint8Array | undefined;
  for await (const packed of records) {
    const total = recordCount(packed);
    for (let from = 0; from < total; from += groupRecords) {
      signal?.throwIfAborted();
      const to = Math.min(from + groupRecords, total);
      const writes: DatabaseWrite[] = [];
      const group = new RecordPacker();
      for (let i = from; i < to; i++) {
        const key = keyAt(packed, i);
        const value = valueAt(packed, i);
        checkStateRecord(parameters, key, value);
        if (previous !== undefined && compareBytes(previous, key) >= 0) throw outOfOrder(key);
        previous = key;
        group.append(key, 0, value, 0);
        writes.push({ type: 'put', key: stateKey(key), value: copyBytes(value) });
      }
      const [complete] = await allSettledOrThrow(
        builder.push(group.finish()),
        context.disk.write(writes, { isStep: true }),
      );
      for (const entry of complete) entries.push(entry);
    }
    previous = previous && copyBytes(previous);
  }
  for (const entry of await builder.finish()) entries.push(entry);
  return entries;
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
