import { equalBytes } from '@hs/bytes';
import { moveOn, rootOf, type Standing, type StoreContext, sortedByPrefix } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { encodedSumBytes, uncompressedSumBytes } from './hasher.js';
import { ancestralKey, stateKey, summaryKey, tipKey } from './layout.js';
import { corrupt, encodeSummary, encodeTip, type SnapshotRecord, type Summary } from './metadata.js';
import { RecordPacker } from './packed-records.js';
import { checkStateRecord, type RecordChange } from './record-change.js';
import { snapshotWrite } from './snapshots.js';
import { type CachedRecord, keyText } from './value-cache.js';

/** All that committing a block will write and change. */
export interface BlockBatch {
  /** Version of the store that it was prepared on, and on which alone it is valid. */
  readonly version: number;
  readonly writes: DatabaseWrite[];
  readonly cached: readonly (readonly [keyText: string, record: CachedRecord])[];
  readonly next: Pick<Standing, 'tip' | 'summaries'>;
  readonly changedRecords: number;
  /** The snapshot that begins with this block. */
  readonly snapshot: SnapshotRecord | undefined;
}

/** A net change that really changes something. */
interface Change {
  readonly text: string;
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  /** True if the key has no ancestral record in this epoch yet. */
  readonly isFirst: boolean;
}

/** The epoch whose ancestral records the block at `height` (at least 1) writes. */
export function epochOfBlock(height: number, period: number): number {
  return Math.floor((height - 1) / period) * period;
}

/** Computes everything about the next block and writes nothing. */
export async function prepareBlock(
  context: StoreContext,
  height: number,
  changes: Iterable<RecordChange>,
  signal: AbortSignal | undefined,
): Promise<BlockBatch> {
  const { version } = context;
  const { standing, parameters } = context;
  const epoch = epochOfBlock(height, parameters.snapshotPeriod);
  const real = await netChanges(context, changes, { epoch, isFirstOfEpoch: height === epoch + 1 });
  signal?.throwIfAborted();
  const summaries = await nextSummaries(context, standing.summaries, real, signal);
  signal?.throwIfAborted();
  if (context.version !== version) throw staleBlock(height);
  const stateRoot = rootOf(context, summaries);
  const tip = { ...standing.tip, height, stateRoot };
  const writes: DatabaseWrite[] = [];
  for (const { key, before, after, isFirst } of real) {
    const at = stateKey(key);
    writes.push(after === undefined ? { type: 'del', key: at } : { type: 'put', key: at, value: after });
    if (isFirst) writes.push({ type: 'put', key: ancestralKey(epoch, key), value: ancestralValue(before) });
  }
  for (const prefix of new Set(real.map(({ key }) => key[0] as number))) {
    const summary = summaries.get(prefix);
    const key = summaryKey(prefix);
    writes.push(summary === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeSummary(summary) });
  }
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  const cached = real.map(({ text, after }) => [text, { value: after, recordedIn: epoch }] as const);
  const next = { tip, summaries };
  if (height % parameters.snapshotPeriod !== 0) {
    return { version, writes, cached, next, changedRecords: real.length, snapshot: undefined };
  }
  const snapshot: SnapshotRecord = { height, stateRoot, summaries, manifest: undefined };
  writes.push(snapshotWrite(snapshot));
  return { version, writes, cached, next, changedRecords: real.length, snapshot };
}

/** Writes a prepared block together with other records in one batch; only then the memory of the store moves on. */
export async function commitBlock(context: StoreContext, batch: BlockBatch, others: DatabaseWrite[]): Promise<void> {
  const { version, writes, cached, next, snapshot } = batch;
  if (context.version !== version) throw staleBlock(next.tip.height);
  await context.disk.write([...writes, ...others]);
  for (const [text, record] of cached) context.cache.set(text, record);
  const { snapshots } = context.standing;
  moveOn(context, snapshot === undefined ? next : { ...next, snapshots: [...snapshots, snapshot] });
}

/** The error for a block that was prepared on a state the store is no longer at. */
export function staleBlock(height: number): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_STALE_BLOCK',
    `the state moved since block ${height} was prepared: prepare it again`,
    { details: { height } },
  );
}

/** Value of an ancestral record. */
export function ancestralValue(before: Uint8Array | undefined): Uint8Array {
  if (before === undefined) return Uint8Array.of(0);
  const value = new Uint8Array(1 + before.length);
  value[0] = 1;
  value.set(before, 1);
  return value;
}

async function netChanges(
  context: StoreContext,
  changes: Iterable<RecordChange>,
  { epoch, isFirstOfEpoch }: { readonly epoch: number; readonly isFirstOfEpoch: boolean },
): Promise<Change[]> {
  const net = new Map<string, RecordChange>();
  for (const { key, value } of changes) {
    checkStateRecord(context.parameters, key, value);
    net.set(keyText(key), { key: copyBytes(key), value: value && copyBytes(value) });
  }
  const texts = [...net.keys()];
  const wanted = [...net.values()];
  const known = texts.map((text) => context.cache.get(text));
  const unread = wanted.filter((_, i) => known[i] === undefined);
  const unmarked = isFirstOfEpoch ? [] : wanted.filter((_, i) => known[i]?.recordedIn !== epoch);
  const [values, ancestral] = await Promise.all([
    context.disk.getMany(unread.map(({ key }) => stateKey(key))),
    context.disk.getMany(unmarked.map(({ key }) => ancestralKey(epoch, key))),
  ]);
  const real: Change[] = [];
  let nextValue = 0;
  let nextAncestral = 0;
  for (let i = 0; i < wanted.length; i++) {
    const { key, value: after } = wanted[i] as RecordChange;
    const cached = known[i];
    const before = cached === undefined ? values[nextValue++] : cached.value;
    const isMarked = cached?.recordedIn === epoch;
    const isFirst = isFirstOfEpoch || (!isMarked && ancestral[nextAncestral++] === undefined);
    const isSame = before === undefined ? after === undefined : after !== undefined && equalBytes(before, after);
    if (!isSame) real.push({ text: texts[i] as string, key, before, after, isFirst });
  }
  return real;
}

async function nextSummaries(
  context: StoreContext,
  current: ReadonlyMap<number, Summary>,
  changes: readonly Change[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, Summary>> {
  if (changes.length === 0) return current;
  const { hasher } = context;
  const options = signal === undefined ? {} : { signal };
  const prefixes = [...new Set(changes.map(({ key }) => key[0] as number))].sort((a, b) => a - b);
  const deltas = prefixes.map(() => ({ count: 0, bytes: 0 }));
  const groupOf = new Map(prefixes.map((prefix, i) => [prefix, i]));
  const packer = new RecordPacker();
  const signs: number[] = [];
  const groups: number[] = [];
  for (const { key, before, after } of changes) {
    const group = groupOf.get(key[0] as number) as number;
    const delta = deltas[group] as { count: number; bytes: number };
    const keyStart = packer.bytes(key);
    for (const [value, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (value === undefined) continue;
      const valueStart = packer.bytes(value);
      packer.reference(keyStart, keyStart + key.length, valueStart, packer.length);
      signs.push(sign);
      groups.push(group);
      delta.count += sign;
      delta.bytes += sign * (key.length + value.length);
    }
  }
  const moved = await hasher.sum(
    {
      ...packer.finish(),
      signs: Int8Array.from(signs),
      groups: Uint32Array.from(groups),
      groupCount: prefixes.length,
    },
    options,
  );
  const sums = await addToCurrent(context, current, prefixes, moved, signal);
  const checksums = await hasher.encode(sums, options);
  const next = new Map(current);
  for (const [i, prefix] of prefixes.entries()) {
    const before = current.get(prefix) ?? { count: 0, bytes: 0 };
    const { count: countDelta, bytes: bytesDelta } = deltas[i] as { count: number; bytes: number };
    const count = before.count + countDelta;
    const bytes = before.bytes + bytesDelta;
    const checksum = copyBytes(checksums.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes));
    const isEmpty = count === 0;
    if (count < 0 || bytes < count || (isEmpty && (bytes !== 0 || checksum.some((byte) => byte !== 0)))) {
      throw corrupt(`summary of prefix ${prefix}`, 'it does not fit the records');
    }
    const sum = copyBytes(sums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes));
    if (isEmpty) next.delete(prefix);
    else next.set(prefix, { count, bytes, sum, checksum });
  }
  return sortedByPrefix(next);
}

/** Adds what moved to the sums of prefixes that have records; the others start from it. */
async function addToCurrent(
  context: StoreContext,
  current: ReadonlyMap<number, Summary>,
  prefixes: readonly number[],
  moved: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const existing = [...prefixes.entries()].filter(([, prefix]) => current.has(prefix));
  if (existing.length === 0) return moved;
  const left = new Uint8Array(existing.length * uncompressedSumBytes);
  const right = new Uint8Array(left.length);
  for (const [slot, [i, prefix]] of existing.entries()) {
    left.set((current.get(prefix) as Summary).sum, slot * uncompressedSumBytes);
    right.set(moved.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes), slot * uncompressedSumBytes);
  }
  const combined = await context.hasher.combine(left, right, signal === undefined ? {} : { signal });
  const sums = copyBytes(moved);
  for (const [slot, [i]] of existing.entries()) {
    const sum = combined.subarray(slot * uncompressedSumBytes, (slot + 1) * uncompressedSumBytes);
    sums.set(sum, i * uncompressedSumBytes);
  }
  return sums;
}
