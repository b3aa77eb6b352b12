import { compareBytes, toHex } from '@hs/bytes';
import { moveOn, rootOf, type StoreContext, sortedByPrefix } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { encodedSumBytes, type PackedRecords, uncompressedSumBytes } from './hasher.js';
import { allAncestral, allState, bookkeeping, stateKey, summaryKey, tipKey } from './layout.js';
import { encodeSummary, encodeTip, noRoot, type Summary, type Tip } from './metadata.js';
import { keyAt, recordCount, valueAt } from './packed-records.js';
import { checkStateRecord } from './record-change.js';
import { turnSnapshot } from './snapshots.js';

const emptyTip: Tip = { phase: 'empty', height: 0, target: 0, stateRoot: noRoot };
const clearingTip: Tip = { ...emptyTip, phase: 'clearing' };

/** Records of one batch and one hash call while the genesis state is written. */
const groupRecords = 4096;

interface Growing {
  count: number;
  bytes: number;
  sum: Uint8Array | undefined;
}

/** Deletes all state in bounded steps behind a durable mark. Other records stay. */
export async function resetState(context: StoreContext): Promise<void> {
  await context.disk.write([{ type: 'put', key: tipKey, value: encodeTip(clearingTip) }]);
  context.cache.clear();
  moveOn(context, { tip: clearingTip, summaries: new Map(), snapshots: [], download: undefined });
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
    const growing = await writeGenesis(context, records, signal);
    signal?.throwIfAborted();
    const summaries = await finishSummaries(context, growing);
    const stateRoot = rootOf(context, summaries);
    const tip = { phase: 'ready', height: 0, target: 0, stateRoot } as const;
    const turn = turnSnapshot(context, { height: 0, stateRoot, summaries });
    const writes = [...turn.writes];
    for (const [prefix, summary] of summaries) {
      writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
    }
    writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
    await context.disk.write([...writes, ...others]);
    moveOn(context, { tip, summaries, snapshots: turn.snapshots });
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
): Promise<Map<number, Growing>> {
  const growing = new Map<number, Growing>();
  let previous: Uint8Array | undefined;
  for await (const packed of records) {
    const total = recordCount(packed);
    for (let from = 0; from < total; from += groupRecords) {
      signal?.throwIfAborted();
      const to = Math.min(from + groupRecords, total);
      const writes: DatabaseWrite[] = [];
      for (let i = from; i < to; i++) {
        const key = keyAt(packed, i);
        const value = valueAt(packed, i);
        checkStateRecord(context.parameters, key, value);
        if (previous !== undefined && compareBytes(previous, key) >= 0) throw outOfOrder(key);
        previous = key;
        writes.push({ type: 'put', key: stateKey(key), value: copyBytes(value) });
      }
      await addGroup(
        context,
        growing,
        { bytes: packed.bytes, offsets: packed.offsets.subarray(4 * from, 4 * to) },
        signal,
      );
      await context.disk.write(writes, { isStep: true });
    }
    previous = previous && copyBytes(previous);
  }
  return growing;
}

async function addGroup(
  context: StoreContext,
  growing: Map<number, Growing>,
  packed: PackedRecords,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { hasher } = context;
  const options = signal === undefined ? {} : { signal };
  const count = packed.offsets.length / 4;
  const groups = new Uint32Array(count);
  const prefixes: number[] = [];
  for (let i = 0; i < count; i++) {
    const key = keyAt(packed, i);
    const prefix = key[0] as number;
    if (prefixes[prefixes.length - 1] !== prefix) prefixes.push(prefix);
    groups[i] = prefixes.length - 1;
    const total = growing.get(prefix) ?? { count: 0, bytes: 0, sum: undefined };
    total.count++;
    total.bytes += key.length + valueAt(packed, i).length;
    growing.set(prefix, total);
  }
  const sums = await hasher.sum({ ...packed, groups, groupCount: prefixes.length }, options);
  for (const [i, prefix] of prefixes.entries()) {
    const total = growing.get(prefix) as Growing;
    const part = copyBytes(sums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes));
    total.sum = total.sum === undefined ? part : await hasher.combine(total.sum, part, options);
  }
}

async function finishSummaries(
  context: StoreContext,
  growing: ReadonlyMap<number, Growing>,
): Promise<Map<number, Summary>> {
  const summaries = new Map<number, Summary>();
  for (const [prefix, { count, bytes, sum }] of sortedByPrefix(growing)) {
    const uncompressed = copyBytes(sum as Uint8Array);
    const checksum = copyBytes((await context.hasher.encode(uncompressed)).subarray(0, encodedSumBytes));
    summaries.set(prefix, { count, bytes, sum: uncompressed, checksum });
  }
  return summaries;
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
