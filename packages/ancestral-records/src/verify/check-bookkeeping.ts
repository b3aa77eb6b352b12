import { equalBytes } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import { rootOf, type StoreContext } from '../context.js';
import { encodedSumBytes, type HashOptions } from '../hasher.js';
import { allAncestral, ancestralKey, type DatabaseInterval, formatKey, snapshotKey, tipKey } from '../layout.js';
import type { Manifest } from '../manifest.js';
import { summariesOf } from '../manifest-summaries.js';
import { decodeSnapshot, decodeTip, encodeSnapshot, encodeSummary, encodeTip, type Summary } from '../metadata.js';
import { checkFormat } from '../parameters.js';
import { joinSums } from '../prefix-sums.js';
import { readManifest, snapshotAt } from '../snapshots.js';
import { isNoDamage } from './check-regions.js';
import { readSummaries } from './check-tip.js';
import type { DamagedBookkeeping } from './verify-report.js';

/** What the store says about itself and a snapshot, as far as it fits together. */
export interface Bookkeeping {
  readonly problems: readonly DamagedBookkeeping[];
  /** The manifest to verify with; undefined if the stored one is damaged and none was given. */
  readonly manifest: Manifest | undefined;
  /** Totals of that manifest. */
  readonly totals: ReadonlyMap<number, Summary>;
}

/** Checks the records of the store about itself, on disk, against each other and against memory. */
export async function checkBookkeeping(
  context: StoreContext,
  request: {
    readonly height: number;
    readonly manifest: Manifest | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Bookkeeping> {
  const { height, signal } = request;
  const options = signal === undefined ? {} : { signal };
  const problems: DamagedBookkeeping[] = [];
  const attempt = async (what: DamagedBookkeeping['what'], check: () => Promise<string | undefined>): Promise<void> => {
    try {
      const why = await check();
      if (why !== undefined) problems.push({ what, why });
    } catch (cause) {
      if (isNoDamage(cause, signal)) throw cause;
      problems.push({ what, why: cause instanceof Error ? cause.message : String(cause), cause });
    }
  };
  const before = { version: context.version, height: context.standing.tip.height };
  const snapshot = context.disk.snapshot();
  try {
    await attempt('format', () => formatProblem(context, snapshot));
    await attempt('tip', () => tipProblem(context, snapshot, before));
    await attempt('summaries', () => summariesProblem(context, snapshot, before, options));
    await attempt('snapshot', () => snapshotProblem(context, height, snapshot, options));
    await attempt('ancestral-records', () => strayProblem(context, snapshot));
  } finally {
    await snapshot.close();
  }
  let { manifest } = request;
  let totals: ReadonlyMap<number, Summary> = new Map();
  await attempt('manifest', async () => {
    const stored = await readManifest(context, height);
    manifest ??= stored;
    return undefined;
  });
  const usable = manifest;
  if (usable !== undefined) {
    await attempt('manifest', async () => {
      totals = await summariesOf(context, usable);
      return areEqual(totals, snapshotAt(context, height).summaries)
        ? undefined
        : 'it does not add up to the summaries';
    });
  }
  return { problems, manifest: usable, totals };
}

/**
 * Intervals of ancestral records that belong to no epoch. Those before the oldest snapshot are being deleted, and no
 * one reads them.
 */
export function strayIntervals(context: StoreContext): DatabaseInterval[] {
  const { tip, snapshots } = context.standing;
  const { snapshotPeriod } = context.parameters;
  const oldest = snapshots[0]?.height;
  if (oldest === undefined) return [];
  const stray: DatabaseInterval[] = [];
  const none = new Uint8Array(0);
  for (let epoch = oldest; epoch <= tip.height; epoch += snapshotPeriod) {
    const isLast = epoch + snapshotPeriod > tip.height;
    const gte = ancestralKey(epoch + 1, none);
    if (isLast) stray.push({ gte, lt: allAncestral.lt });
    else if (snapshotPeriod > 1) stray.push({ gte, lt: ancestralKey(epoch + snapshotPeriod, none) });
  }
  return stray;
}

function areEqual(totals: ReadonlyMap<number, Summary>, summaries: ReadonlyMap<number, Summary>): boolean {
  if (totals.size !== summaries.size) return false;
  return [...totals].every(([prefix, { count, bytes, checksum }]) => {
    const summary = summaries.get(prefix);
    return summary?.count === count && summary.bytes === bytes && equalBytes(checksum, summary.checksum);
  });
}

async function formatProblem(context: StoreContext, snapshot: AbstractSnapshot): Promise<string | undefined> {
  const format = await context.disk.get(formatKey, snapshot);
  if (format === undefined) return 'missing';
  checkFormat(format, context.parameters);
  return undefined;
}

/** `before` is where memory stood before the database snapshot was taken. */
async function tipProblem(
  context: StoreContext,
  snapshot: AbstractSnapshot,
  before: { readonly version: number; readonly height: number },
): Promise<string | undefined> {
  const stored = await context.disk.get(tipKey, snapshot);
  const tip = decodeTip(stored);
  const known = context.standing.tip;
  if (tip.phase !== known.phase) return `it says ${tip.phase}`;
  const isCurrent = before.version === context.version && tip.height === known.height;
  if (isCurrent && !equalBytes(stored as Uint8Array, encodeTip(known))) return 'it is another than in memory';
  /* A block that is just being written may be on disk and not in memory yet. */
  const isPossible = tip.height >= before.height && tip.height <= known.height + 1;
  return isPossible || known.height < before.height ? undefined : `its height is ${tip.height}`;
}

async function summariesProblem(
  context: StoreContext,
  snapshot: AbstractSnapshot,
  before: { readonly version: number },
  options: HashOptions,
): Promise<string | undefined> {
  const summaries = await readSummaries(context, snapshot);
  const tip = decodeTip(await context.disk.get(tipKey, snapshot));
  const known = context.standing;
  if (before.version === context.version && tip.height === known.tip.height) {
    const isSame = [...summaries].every(([prefix, summary]) => {
      const other = known.summaries.get(prefix);
      return other !== undefined && equalBytes(encodeSummary(other), encodeSummary(summary));
    });
    if (!isSame || summaries.size !== known.summaries.size) return 'they are others than in memory';
  }
  return await summaryProblem(context, summaries, tip.stateRoot, options);
}

async function snapshotProblem(
  context: StoreContext,
  height: number,
  snapshot: AbstractSnapshot,
  options: HashOptions,
): Promise<string | undefined> {
  const known = snapshotAt(context, height);
  const stored = await context.disk.get(snapshotKey(height), snapshot);
  if (stored === undefined) return 'missing';
  const { stateRoot, summaries } = decodeSnapshot(stored);
  if (!equalBytes(stored, encodeSnapshot(known))) return 'it is another than in memory';
  return await summaryProblem(context, summaries, stateRoot, options);
}

/** Whether summaries are consistent in themselves and give the state root. */
async function summaryProblem(
  context: StoreContext,
  summaries: ReadonlyMap<number, Summary>,
  stateRoot: Uint8Array,
  options: HashOptions,
): Promise<string | undefined> {
  if ([...summaries.keys()].some((prefix) => !context.parameters.statePrefixes.includes(prefix))) {
    return 'one is of no state prefix';
  }
  if (!equalBytes(rootOf(context, summaries), stateRoot)) return 'they do not give the state root';
  if (summaries.size === 0) return undefined;
  const all = [...summaries.values()];
  const encoded = await context.hasher.encode(joinSums(all.map(({ sum }) => sum)), options);
  const isSame = all.every(({ checksum }, i) => {
    return equalBytes(checksum, encoded.subarray(i * encodedSumBytes, (i + 1) * encodedSumBytes));
  });
  return isSame ? undefined : 'an uncompressed sum is not the encoded one';
}

async function strayProblem(context: StoreContext, snapshot: AbstractSnapshot): Promise<string | undefined> {
  for (const interval of strayIntervals(context)) {
    for await (const entries of context.disk.scan(interval, { snapshot, hasValues: false, limit: 1 })) {
      if (entries.length > 0) return 'there are some of an epoch that does not exist';
    }
  }
  return undefined;
}
