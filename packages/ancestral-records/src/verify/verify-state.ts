import type { Manifest } from '../manifest.js';
import { unavailable } from '../snapshots.js';
import { internalsOf, type StateStore } from '../state-store.js';
import { actualTotals } from './actual-totals.js';
import { checkBookkeeping } from './check-bookkeeping.js';
import { checkRegions, type RegionCheck } from './check-regions.js';
import { checkTip } from './check-tip.js';
import { type Region, regionsOf } from './region.js';
import type { DamagedGap, DamagedRange, VerifyProgress, VerifyReport } from './verify-report.js';

/** What is verified, and how. */
export interface VerifyOptions {
  /** A retained snapshot; the newest one if it is left out. */
  readonly height?: number;
  /** Whether the sums at the tip are verified as well; default true if `height` is left out, else false. */
  readonly hasTip?: boolean;
  /** A manifest to trust instead of the stored one, of the same height. */
  readonly manifest?: Manifest;
  /**
   * Also asks for every record by its key; default false. Databases find single keys by other paths than they iterate
   * (indexes, filters), and only this notices when such a path is damaged. It costs about as much as reading again.
   */
  readonly hasLookups?: boolean;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

/** How a verification that must leave room for others goes about it. */
export interface Pacing {
  readonly stepRecords: number;
  readonly stepBytes: number;
  readonly hashing: number;
  /** Called before each step with the bytes that the last one looked at. */
  readonly pace: (scannedBytes: number) => Promise<void> | void;
}

const unhurried: Pacing = { stepRecords: 8192, stepBytes: 2 * 1024 * 1024, hashing: 2, pace: () => undefined };

/**
 * Recomputes every range of a snapshot, and the sums at the tip, from the records in the database, and names what is
 * damaged. Blocks go on meanwhile: each step reads through a database snapshot of its own. Writes nothing.
 *
 * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_CLOSED, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE if there is no such
 *   snapshot or it was retired meanwhile
 */
export function verifyState(store: StateStore, options: VerifyOptions = {}): Promise<VerifyReport> {
  return verifyPaced(store, options, unhurried);
}

/** As {@link verifyState}, at a chosen pace. */
export async function verifyPaced(store: StateStore, options: VerifyOptions, pacing: Pacing): Promise<VerifyReport> {
  const internals = internalsOf(store);
  const { context } = internals;
  internals.requireReady();
  options.signal?.throwIfAborted();
  const { signal, hasLookups = false } = options;
  const height = options.height ?? options.manifest?.height ?? store.snapshots().at(-1)?.height;
  if (height === undefined) throw unavailable(store.height ?? 0);
  if (options.manifest !== undefined && options.manifest.height !== height) {
    throw new RangeError(`the manifest is of height ${options.manifest.height}, not ${height}`);
  }
  if (store.snapshots().every((snapshot) => snapshot.height !== height)) throw unavailable(height);
  const hasTip = options.hasTip ?? options.height === undefined;
  const { problems, manifest, totals } = await internals.reading(
    checkBookkeeping(context, { height, manifest: options.manifest, signal }),
  );
  if (manifest === undefined) {
    return {
      ...{ height, tipHeight: undefined, ranges: 0, records: 0, bytes: 0, isClean: false },
      ...{ damagedRanges: [], damagedGaps: [], damagedPrefixes: [] },
      unverifiedPrefixes: [...context.parameters.statePrefixes],
      bookkeeping: problems,
    };
  }
  const regions = regionsOf(manifest, context.parameters.statePrefixes);
  let records = 0;
  let bytes = 0;
  const { records: totalRecords, bytes: totalBytes } = manifest.totals;
  const onStep: RegionCheck['onStep'] = (step) => {
    records += step.records;
    bytes += step.bytes;
    const progress = { height, records, bytes, totalRecords, totalBytes, damagedRanges: step.damaged };
    options.onProgress?.(progress);
  };
  const damage = await checkRegions({ internals, manifest, hasLookups, signal, ...pacing, onStep }, regions);
  const damagedRanges: DamagedRange[] = [];
  const damagedGaps: DamagedGap[] = [];
  for (const [position, { firstKey, tally: _, ...found }] of damage) {
    const { range, startKey, endKey } = regions[position] as Region;
    const entry = range === undefined ? undefined : manifest.entries[range];
    if (range === undefined || entry === undefined) damagedGaps.push({ startKey, endKey, firstKey, ...found });
    else damagedRanges.push({ index: range, start: entry.start, depth: entry.depth, startKey, endKey, ...found });
  }
  internals.requireReady();
  const { statePrefixes } = context.parameters;
  const isStanding = problems.every(({ what }) => !['tip', 'summaries', 'manifest'].includes(what));
  const actual = await actualTotals(context, { manifest, totals, regions, damage });
  const prefixes = isStanding ? statePrefixes.filter((prefix) => actual.has(prefix)) : [];
  const unverifiedPrefixes = hasTip ? statePrefixes.filter((prefix) => !prefixes.includes(prefix)) : [];
  const pace = async (scannedBytes: number): Promise<void> => {
    await pacing.pace(scannedBytes);
    internals.requireReady();
  };
  const tip =
    hasTip && isStanding
      ? await internals.reading(
          checkTip(context, { height, regions, totals: actual, prefixes, hasLookups, pace, signal }),
        )
      : undefined;
  const damagedPrefixes = tip?.damaged ?? [];
  const isClean = damage.size + damagedPrefixes.length + problems.length + unverifiedPrefixes.length === 0;
  return {
    ...{ height, tipHeight: tip?.height, ranges: manifest.entries.length, records, bytes, isClean },
    ...{ damagedRanges, damagedGaps, damagedPrefixes, unverifiedPrefixes, bookkeeping: problems },
  };
}
