import { equalBytes, toHex } from '@hs/bytes';
import type { StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import { encodedSumBytes, uncompressedSumBytes } from '../hasher.js';
import type { Manifest } from '../manifest.js';
import { joinSums } from '../prefix-sums.js';
import type { RangeEntry } from '../range.js';
import type { StoreInternals } from '../state-store.js';
import type { Region } from './region.js';
import { OutOfOrder } from './state-source.js';
import { readStep, type Step } from './state-step.js';
import type { Damage, DamageReason } from './verify-report.js';

/** How the regions of a manifest are read and hashed. */
export interface RegionCheck {
  readonly internals: StoreInternals;
  readonly manifest: Manifest;
  readonly hasLookups: boolean;
  readonly signal: AbortSignal | undefined;
  /** Records of one step and one hash call. */
  readonly stepRecords: number;
  readonly stepBytes: number;
  /** Hash calls under way while the next step is read. */
  readonly hashing: number;
  /** Called before each step with the bytes that the last one looked at. */
  readonly pace: (scannedBytes: number) => Promise<void> | void;
  /** Called after each step. */
  readonly onStep: (step: { readonly records: number; readonly bytes: number; readonly damaged: number }) => void;
}

/** Damage of one region. */
export interface RegionDamage extends Damage {
  /** The first record that was read in it. */
  readonly firstKey: Uint8Array | undefined;
  /** What was read in it; undefined if it could not be read to its end, or is right when it is read by itself. */
  readonly tally: Tally | undefined;
}

/** Records of a region as they were read, with their uncompressed sum, if there are any. */
export interface Tally {
  readonly count: number;
  readonly bytes: number;
  readonly sum: Uint8Array | undefined;
  readonly firstKey: Uint8Array | undefined;
}

const nothing: Tally = { count: 0, bytes: 0, sum: undefined, firstKey: undefined };

interface Hashing {
  readonly step: Step;
  readonly sums: Promise<Uint8Array>;
  /** Regions from the one to before the other are complete with this step. */
  readonly from: number;
  readonly until: number;
}

/** Sums that are encoded in one call. */
const encodedTogether = 256;

/**
 * Reads and hashes all regions, several to a step, and gives what is wrong by position. What looks wrong is read once
 * more by itself through a fresh iterator: one altered key can hide, in a longer reading, records that are in place.
 *
 * @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE, ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_CLOSED
 */
export async function checkRegions(
  check: RegionCheck,
  regions: readonly Region[],
): Promise<ReadonlyMap<number, RegionDamage>> {
  const first = await checkTogether(check, regions);
  const damage = new Map<number, RegionDamage>();
  for (const [position, found] of [...first].sort(([a], [b]) => a - b)) {
    const alone = await checkTogether({ ...check, onStep: () => undefined }, [regions[position] as Region]);
    const second = alone.get(0);
    if (second !== undefined) damage.set(position, second);
    // Neighbours have nothing to do with a lookup: a database that rewrites a file mends its index and filter.
    else if (found.reason === 'lookup') damage.set(position, found);
    else if (!isInterruption(found.reason))
      damage.set(position, { ...found, reason: 'inconsistent', tally: undefined });
  }
  return damage;
}

/** True if the reading failed somewhere in several regions, so that it says nothing of one of them. */
function isInterruption(reason: DamageReason): boolean {
  return reason === 'unreadable' || reason === 'out-of-order';
}

async function checkTogether(check: RegionCheck, regions: readonly Region[]): Promise<Map<number, RegionDamage>> {
  const { internals, manifest, signal } = check;
  const { context } = internals;
  const options = signal === undefined ? {} : { signal };
  const damage = new Map<number, RegionDamage>();
  const tallies = new Map<number, Tally>();
  const settled: { readonly position: number; readonly tally: Tally }[] = [];
  const queue: Hashing[] = [];

  const encodeSettled = async (): Promise<void> => {
    const together = settled.splice(0);
    if (together.length === 0) return;
    const encoded = await context.hasher.encode(
      joinSums(together.map(({ tally }) => tally.sum as Uint8Array)),
      options,
    );
    for (const [i, { position, tally }] of together.entries()) {
      const actual = encoded.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes);
      const { sum } = entryOf(manifest, regions[position] as Region) as RangeEntry;
      if (equalBytes(actual, sum)) continue;
      const found = { reason: 'sum', expected: toHex(sum), actual: toHex(actual) } as const;
      damage.set(position, { ...found, firstKey: tally.firstKey, tally });
    }
  };

  const settle = async ({ step, sums, from, until }: Hashing): Promise<void> => {
    const partSums = await sums;
    for (const [i, part] of step.parts.entries()) {
      const sum = copyBytes(partSums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes));
      const {
        count,
        bytes,
        sum: before,
        firstKey,
      } = tallies.get(part.region) ?? { ...nothing, firstKey: part.firstKey };
      const total = before === undefined ? sum : await context.hasher.combine(before, sum, options);
      tallies.set(part.region, { count: count + part.count, bytes: bytes + part.bytes, sum: total, firstKey });
    }
    for (const [position, reason] of step.problems) {
      if (damage.has(position)) continue;
      damage.set(position, { reason, expected: '', actual: '', firstKey: undefined, tally: undefined });
    }
    for (let position = from; position < until; position++) {
      const tally = tallies.get(position);
      tallies.delete(position);
      const problem = damage.get(position);
      if (problem?.reason === 'lookup') damage.set(position, { ...problem, tally: tally ?? nothing });
      if (problem !== undefined) continue;
      const entry = entryOf(manifest, regions[position] as Region);
      const found = compare(entry, tally);
      if (found !== undefined) damage.set(position, found);
      else if (tally !== undefined && entry !== undefined) settled.push({ position, tally });
    }
    if (settled.length >= encodedTogether) await encodeSettled();
    let bytes = 0;
    for (const part of step.parts) bytes += part.bytes;
    check.onStep({ records: step.groups.length, bytes, damaged: damage.size });
  };

  try {
    let scannedBytes = 0;
    let key = regions[0]?.startKey ?? new Uint8Array(0);
    for (let from = 0; from < regions.length; ) {
      await check.pace(scannedBytes);
      signal?.throwIfAborted();
      internals.requireReady();
      const to = endOfStep(check, regions, from);
      const reading = { height: manifest.height, regions, from, to, startKey: key };
      let step: Step;
      try {
        const { stepRecords: maxRecords, stepBytes: maxBytes, hasLookups } = check;
        step = await internals.reading(readStep(context, { ...reading, maxRecords, maxBytes, hasLookups, signal }));
      } catch (error) {
        if (isNoDamage(error, signal)) throw error;
        const cause = thrownBy(error);
        const reason = cause instanceof OutOfOrder ? 'out-of-order' : 'unreadable';
        for (let position = from; position < to; position++) {
          damage.set(position, { reason, expected: '', actual: '', cause, firstKey: undefined, tally: undefined });
          tallies.delete(position);
        }
        scannedBytes = 0;
        from = to;
        key = regions[from]?.startKey ?? key;
        continue;
      }
      if (queue.length >= check.hashing) await settle(queue.shift() as Hashing);
      const until = step.next?.region ?? to;
      const sums = hash(context, step, signal);
      sums.catch(() => undefined);
      queue.push({ step, sums, from, until });
      scannedBytes = step.scannedBytes;
      from = until;
      key = step.next?.key ?? regions[from]?.startKey ?? key;
    }
    await check.pace(scannedBytes);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await settle(next);
    await encodeSettled();
  } finally {
    await Promise.allSettled(queue.map(({ sums }) => sums));
  }
  return damage;
}

function hash(context: StoreContext, step: Step, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (step.parts.length === 0) return Promise.resolve(new Uint8Array(0));
  const { packed, groups, parts } = step;
  const batch = { ...packed, groups, groupCount: parts.length };
  return context.hasher.sum(batch, signal === undefined ? {} : { signal });
}

/** As many regions as fill a step, if they are as large as they should be. */
function endOfStep(
  { manifest, stepRecords, stepBytes }: RegionCheck,
  regions: readonly Region[],
  from: number,
): number {
  let records = 0;
  let bytes = 0;
  let to = from;
  while (to < regions.length && records < stepRecords && bytes < stepBytes) {
    const entry = entryOf(manifest, regions[to++] as Region);
    records += entry?.count ?? 0;
    bytes += entry?.bytes ?? 0;
  }
  return to;
}

function entryOf(manifest: Manifest, { range }: Region): RangeEntry | undefined {
  return range === undefined ? undefined : manifest.entries[range];
}

function compare(entry: RangeEntry | undefined, tally: Tally | undefined): RegionDamage | undefined {
  const { count, bytes, firstKey } = tally ?? nothing;
  const expected = entry ?? nothing;
  const found = { firstKey, tally: tally ?? nothing };
  if (count !== expected.count) return { reason: 'count', expected: expected.count, actual: count, ...found };
  if (bytes !== expected.bytes) return { reason: 'bytes', expected: expected.bytes, actual: bytes, ...found };
  return undefined;
}

const fatalCodes: readonly unknown[] = [
  'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
  'ANCESTRAL_RECORDS_CLOSED',
  'ANCESTRAL_RECORDS_NOT_READY',
  'ANCESTRAL_RECORDS_WRITE_FAILED',
  'LEVEL_DATABASE_NOT_OPEN',
];

/** True for errors that say nothing about what is stored. */
export function isNoDamage(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true || fatalCodes.includes(codeOf(error)) || fatalCodes.includes(codeOf(thrownBy(error)));
}

/** What the database threw, without the error that the store makes of it. */
export function thrownBy(error: unknown): unknown {
  return codeOf(error) === 'ANCESTRAL_RECORDS_READ_FAILED' ? (error as Error).cause : error;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
