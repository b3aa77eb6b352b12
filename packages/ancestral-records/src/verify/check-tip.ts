import { compareBytes, equalBytes, toHex } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import type { StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import { encodedSumBytes, uncompressedSumBytes } from '../hasher.js';
import { epochInterval, stateKey, summaries as summaryInterval, tipKey } from '../layout.js';
import { compareHeads } from '../merge.js';
import { decodeSummary, decodeTip, type Summary } from '../metadata.js';
import { RecordPacker } from '../packed-records.js';
import type { Total } from './actual-totals.js';
import { isNoDamage, thrownBy } from './check-regions.js';
import type { Region } from './region.js';
import { lowestSource, OutOfOrder, StateSource } from './state-source.js';
import { epochsSince } from './state-step.js';
import type { DamagedPrefix, DamageReason } from './verify-report.js';

/** What the sums at the tip are compared with. */
export interface TipCheck {
  /** Height of the snapshot whose ranges were verified. */
  readonly height: number;
  readonly regions: readonly Region[];
  /** What the records of the snapshot add up to, as they were read. */
  readonly totals: ReadonlyMap<number, Total>;
  /** Prefixes to check; what is not known of the snapshot says nothing of the tip. */
  readonly prefixes: readonly number[];
  readonly hasLookups: boolean;
  readonly pace: (scannedBytes: number) => Promise<void> | void;
  readonly signal: AbortSignal | undefined;
}

/** Changed records that are looked up and hashed in one call. */
const groupRecords = 4096;

interface Moved {
  count: number;
  bytes: number;
  sum: Uint8Array | undefined;
  readonly touched: Set<number>;
}

/**
 * Recomputes the sums at the tip: those of the snapshot, less the old and plus the new value of every key that has an
 * ancestral record since. One database snapshot is held for it, as long as reading what changed takes.
 */
export async function checkTip(
  context: StoreContext,
  check: TipCheck,
): Promise<{ readonly height: number | undefined; readonly damaged: DamagedPrefix[] }> {
  const snapshot = context.disk.snapshot();
  const damaged: DamagedPrefix[] = [];
  try {
    let height: number;
    let stored: ReadonlyMap<number, Summary>;
    try {
      height = decodeTip(await context.disk.get(tipKey, snapshot)).height;
      stored = await readSummaries(context, snapshot);
    } catch (error) {
      if (isNoDamage(error, check.signal)) throw error;
      const cause = thrownBy(error);
      for (const prefix of check.prefixes) {
        damaged.push({ prefix, reason: 'unreadable', expected: '', actual: '', cause, suspects: [] });
      }
      return { height: undefined, damaged };
    }
    for (const prefix of check.prefixes) {
      const moved: Moved = { count: 0, bytes: 0, sum: undefined, touched: new Set() };
      const suspects = (): number[] => [...moved.touched].sort((a, b) => a - b);
      try {
        await addMoved(context, check, { prefix, snapshot, moved });
      } catch (error) {
        if (isNoDamage(error, check.signal)) throw error;
        const cause = thrownBy(error);
        const reason: DamageReason = cause instanceof OutOfOrder ? 'out-of-order' : 'unreadable';
        damaged.push({ prefix, reason, expected: '', actual: '', cause, suspects: suspects() });
        continue;
      }
      const found = await compare(context, check.totals.get(prefix), moved, stored.get(prefix));
      if (found !== undefined) damaged.push({ prefix, ...found, suspects: suspects() });
    }
    return { height, damaged };
  } finally {
    await snapshot.close();
  }
}

/** The summaries of the tip as they are on disk. */
export async function readSummaries(context: StoreContext, snapshot: AbstractSnapshot): Promise<Map<number, Summary>> {
  const found = new Map<number, Summary>();
  for await (const entries of context.disk.scan(summaryInterval, { snapshot })) {
    for (const [key, value] of entries) found.set(key[2] as number, decodeSummary(value));
  }
  return found;
}

async function addMoved(
  context: StoreContext,
  check: TipCheck,
  { prefix, snapshot, moved }: { prefix: number; snapshot: AbstractSnapshot; moved: Moved },
): Promise<void> {
  const startKey = Uint8Array.of(prefix);
  const endKey = prefix === 255 ? undefined : Uint8Array.of(prefix + 1);
  const { hasLookups, signal } = check;
  const sources = epochsSince(context, check.height).map((epoch) => {
    const interval = epochInterval(epoch, startKey, endKey);
    return new StateSource(context.disk, interval, { snapshot, isAncestral: true, hasLookups });
  });
  try {
    let region = 0;
    let group: { readonly key: Uint8Array; readonly before: Uint8Array | undefined }[] = [];
    for (;;) {
      await Promise.all(sources.map((source) => (source.needsFill ? source.fill() : undefined)));
      const winner = lowestSource(sources);
      const entry = winner?.head;
      if (winner === undefined || entry === undefined) break;
      const key = copyBytes(entry[0].subarray(winner.keyOffset));
      group.push({ key, before: entry[1][0] === 1 ? entry[1].subarray(1) : undefined });
      for (const source of sources) {
        if (source.head !== undefined && compareHeads(source.head[0], source.keyOffset, key, 0) === 0) source.advance();
      }
      for (;;) {
        const end = check.regions[region]?.endKey;
        if (end === undefined || compareBytes(key, end) < 0) break;
        region++;
      }
      const range = check.regions[region]?.range;
      if (range !== undefined) moved.touched.add(range);
      if (group.length < groupRecords) continue;
      await addGroup(context, group, { snapshot, moved, signal });
      await check.pace(group.reduce((bytes, { key: each, before }) => bytes + each.length + (before?.length ?? 0), 0));
      signal?.throwIfAborted();
      group = [];
    }
    await addGroup(context, group, { snapshot, moved, signal });
  } finally {
    await Promise.allSettled(sources.map((source) => source.close()));
  }
}

/** Takes the old values of changed keys away and adds what the keys have at the tip. */
async function addGroup(
  context: StoreContext,
  group: readonly { readonly key: Uint8Array; readonly before: Uint8Array | undefined }[],
  { snapshot, moved, signal }: { snapshot: AbstractSnapshot; moved: Moved; signal: AbortSignal | undefined },
): Promise<void> {
  const values = await context.disk.getMany(
    group.map(({ key }) => stateKey(key)),
    snapshot,
  );
  const packer = new RecordPacker();
  const signs: number[] = [];
  for (const [i, { key, before }] of group.entries()) {
    const keyStart = packer.bytes(key);
    for (const [value, sign] of [
      [before, -1],
      [values[i], 1],
    ] as const) {
      if (value === undefined) continue;
      const valueStart = packer.bytes(value);
      packer.reference(keyStart, keyStart + key.length, valueStart, valueStart + value.length);
      signs.push(sign);
      moved.count += sign;
      moved.bytes += sign * (key.length + value.length);
    }
  }
  if (signs.length === 0) return;
  const options = signal === undefined ? {} : { signal };
  const sum = await context.hasher.sum({ ...packer.finish(), signs: Int8Array.from(signs) }, options);
  moved.sum =
    moved.sum === undefined
      ? copyBytes(sum.subarray(0, uncompressedSumBytes))
      : await context.hasher.combine(moved.sum, sum, options);
}

async function compare(
  context: StoreContext,
  base: Total | undefined,
  moved: Total,
  stored: Summary | undefined,
): Promise<{ reason: DamageReason; expected: string | number; actual: string | number } | undefined> {
  const count = (base?.count ?? 0) + moved.count;
  const bytes = (base?.bytes ?? 0) + moved.bytes;
  if (count !== (stored?.count ?? 0)) return { reason: 'count', expected: stored?.count ?? 0, actual: count };
  if (bytes !== (stored?.bytes ?? 0)) return { reason: 'bytes', expected: stored?.bytes ?? 0, actual: bytes };
  const { hasher } = context;
  const sums = [base?.sum, moved.sum].filter((sum) => sum !== undefined);
  const [first, second] = sums;
  const sum = first === undefined || second === undefined ? first : await hasher.combine(first, second);
  const none = new Uint8Array(encodedSumBytes);
  const expected = stored?.checksum ?? none;
  const actual = sum === undefined ? none : copyBytes((await hasher.encode(sum)).subarray(0, encodedSumBytes));
  if (equalBytes(actual, expected)) return undefined;
  return { reason: 'sum', expected: toHex(expected), actual: toHex(actual) };
}
