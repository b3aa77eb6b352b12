import { equalBytes } from '@hs/bytes';
import { rootOf, type Standing, type StoreContext } from './context.js';
import type { StateDatabase } from './database.js';
import { Disk } from './disk.js';
import { loadDownload } from './download.js';
import { EpochLedgers } from './epoch-ledgers.js';
import { AncestralRecordsError } from './errors.js';
import { finishClearing } from './genesis.js';
import type { StateHasher, StateRootFunction } from './hasher.js';
import { everything, formatKey, snapshots, summaries, tipKey } from './layout.js';
import { decodeSnapshot, decodeSummary, decodeTip, encodeTip, noRoot, type Summary, type Tip } from './metadata.js';
import { checkFormat, encodeFormat, type StateParameters, withDefaults } from './parameters.js';
import { finishRewind } from './rewind.js';
import { SnapshotHolds } from './snapshot-holds.js';
import { builtSnapshots, readManifest } from './snapshots.js';
import { corrupt } from './stored-bytes.js';
import { finishClearingIntervals } from './unproved/clear-unproved.js';
import { loadUnproved } from './unproved/unproved-download.js';
import { ValueCache } from './value-cache.js';

/** What a store is made of. */
export interface StateStoreOptions {
  /** An open database that nothing else writes to; the store never closes it. */
  readonly database: StateDatabase;
  readonly hasher: StateHasher;
  readonly stateRoot: StateRootFunction;
  readonly parameters: StateParameters;
  /** Bound of the cache of values and known absences; default 128 MiB, 0 for none. */
  readonly cacheBytes?: number;
  /** Whether blocks, ranges and marks reach the disk before they count as written; default true. */
  readonly isSynced?: boolean;
  /** Snapshots that {@link StateStore.hold} may keep at once; default 4. */
  readonly maxHeldSnapshots?: number;
  /** Ranges of a manifest up to which blocks keep account of each, so that the next one takes no reading; default 65536, 0 for never. */
  readonly maxLedgerRanges?: number;
  /** Milliseconds that never go back; default `performance.now`. */
  readonly monotonicMs?: () => number;
}

/** Default of {@link StateStoreOptions.cacheBytes}. */
export const defaultCacheBytes: number = 128 * 1024 * 1024;

/** Default of {@link StateStoreOptions.maxHeldSnapshots}. */
export const defaultMaxHeldSnapshots: number = 4;

/** Default of {@link StateStoreOptions.maxLedgerRanges}. */
export const defaultMaxLedgerRanges: number = 65_536;

/** Checks the database, loads where it stands, and finishes what a crash interrupted. */
export async function openContext(options: StateStoreOptions): Promise<StoreContext> {
  const { database, hasher, stateRoot, cacheBytes = defaultCacheBytes, isSynced = true } = options;
  if (!Number.isSafeInteger(cacheBytes) || cacheBytes < 0) throw new RangeError('cacheBytes must not be negative');
  const { maxHeldSnapshots = defaultMaxHeldSnapshots, monotonicMs = () => performance.now() } = options;
  if (!(maxHeldSnapshots >= 0)) throw new RangeError('maxHeldSnapshots must not be negative');
  const { maxLedgerRanges = defaultMaxLedgerRanges } = options;
  if (!(maxLedgerRanges >= 0)) throw new RangeError('maxLedgerRanges must not be negative');
  const parameters = withDefaults(options.parameters);
  if (database.status !== 'open') throw unsupported(`it is ${database.status}, not open`);
  if (database.supports.explicitSnapshots !== true) throw unsupported('it has no explicit snapshots');
  const disk = new Disk(database, isSynced);
  await checkOrCreate(disk, parameters);
  const tip = decodeTip(await disk.get(tipKey));
  const context: StoreContext = {
    disk,
    hasher,
    computeRoot: stateRoot,
    parameters,
    cache: new ValueCache(cacheBytes),
    holds: new SnapshotHolds({ maxSnapshots: maxHeldSnapshots, monotonicMs }),
    ledgers: new EpochLedgers(hasher, maxLedgerRanges),
    standing: { tip, summaries: new Map(), snapshots: [], download: undefined, unproved: undefined },
    version: 0,
  };
  context.standing = await loadStanding(context, tip);
  if (tip.phase === 'clearing') await finishClearing(context);
  if (tip.phase === 'rewinding') await finishRewind(context);
  if (tip.phase === 'unproved') await finishClearingIntervals(context);
  checkRoot(context);
  await beginLedgers(context);
  return context;
}

/** Begins to keep account of ranges, if the store has a state now; without its newest manifest it waits for the next one. */
export async function beginLedgers(context: StoreContext): Promise<void> {
  const newest = context.standing.tip.phase === 'ready' ? builtSnapshots(context).at(-1) : undefined;
  const manifest = newest && (await readManifest(context, newest.height).catch(() => undefined));
  context.ledgers.begin(manifest, { height: context.standing.tip.height, version: context.version });
}

async function checkOrCreate(disk: Disk, parameters: StateParameters): Promise<void> {
  const format = await disk.get(formatKey);
  if (format !== undefined) return checkFormat(format, parameters);
  for await (const _ of disk.scan(everything, { hasValues: false, limit: 1 })) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_FOREIGN_DATABASE',
      'the database holds data that this package did not write: give the store a database of its own, in an empty folder',
    );
  }
  const tip: Tip = { phase: 'empty', height: 0, target: 0, stateRoot: noRoot };
  await disk.write([
    { type: 'put', key: formatKey, value: encodeFormat(parameters) },
    { type: 'put', key: tipKey, value: encodeTip(tip) },
  ]);
}

async function loadStanding(context: StoreContext, tip: Tip): Promise<Standing> {
  const { disk } = context;
  if (tip.phase === 'downloading') {
    return { tip, summaries: new Map(), snapshots: [], download: await loadDownload(context), unproved: undefined };
  }
  if (tip.phase === 'unproved') {
    return { tip, summaries: new Map(), snapshots: [], download: undefined, unproved: await loadUnproved(context) };
  }
  const loaded = new Map<number, Summary>();
  const retained = [];
  if (tip.phase === 'ready' || tip.phase === 'rewinding') {
    for await (const entries of disk.scan(summaries)) {
      for (const [key, value] of entries) loaded.set(key[2] as number, decodeSummary(value));
    }
    for await (const entries of disk.scan(snapshots)) {
      for (const [, value] of entries) retained.push(decodeSnapshot(value));
    }
  }
  return { tip, summaries: loaded, snapshots: retained, download: undefined, unproved: undefined };
}

function checkRoot(context: StoreContext): void {
  const { tip, summaries: loaded } = context.standing;
  if (tip.phase === 'ready' && !equalBytes(rootOf(context, loaded), tip.stateRoot)) {
    throw corrupt('tip', 'its state root is not that of the stored sums, or another stateRoot function wrote it');
  }
}

function unsupported(reason: string): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_UNSUPPORTED_DATABASE',
    `the database cannot be used: ${reason}; pass an open abstract-level database with explicit snapshots, such as classic-level 3`,
    { details: { reason } },
  );
}
