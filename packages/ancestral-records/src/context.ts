import type { Disk } from './disk.js';
import type { EpochLedgers } from './epoch-ledgers.js';
import type { StateHasher, StateRootFunction } from './hasher.js';
import type { Manifest } from './manifest.js';
import type { SnapshotRecord, Summary, Tip } from './metadata.js';
import type { StateParameters } from './parameters.js';
import type { SnapshotHolds } from './snapshot-holds.js';
import type { UnprovedDownload } from './unproved/unproved-download.js';
import type { ValueCache } from './value-cache.js';

/** A download as it stands on disk. */
export interface Download {
  readonly manifest: Manifest;
  readonly root: Uint8Array;
  /** Indexes of committed ranges; grows with every one. */
  readonly proved: Set<number>;
}

/** What the store's tip looks like in memory: always what the last completed batch wrote. */
export interface Standing {
  readonly tip: Tip;
  /** Per prefix, ascending. */
  readonly summaries: ReadonlyMap<number, Summary>;
  /** Snapshots that are kept, ascending; the last one may still be without manifest. */
  readonly snapshots: readonly SnapshotRecord[];
  readonly download: Download | undefined;
  readonly unproved: UnprovedDownload | undefined;
}

/**
 * What the operations of one store share. `standing` is replaced, in one assignment, only after its batch was written;
 * `version` grows with it, so that whoever read before can tell.
 */
export interface StoreContext {
  readonly disk: Disk;
  readonly hasher: StateHasher;
  readonly computeRoot: StateRootFunction;
  readonly parameters: StateParameters;
  readonly cache: ValueCache;
  readonly holds: SnapshotHolds;
  readonly ledgers: EpochLedgers;
  standing: Standing;
  version: number;
}

/**
 * Moves the store on, after the batch that says the same was written. With `isSameState` neither height nor state
 * changes, so that a prepared block stays valid.
 */
export function moveOn(
  context: StoreContext,
  change: Partial<Standing>,
  options: { readonly isSameState?: boolean } = {},
): void {
  context.standing = { ...context.standing, ...change };
  if (options.isSameState !== true) context.version++;
}

/** The state root over summaries. */
export function rootOf(context: StoreContext, summaries: ReadonlyMap<number, Summary>): Uint8Array {
  const root = context.computeRoot([...summaries].map(([prefix, { checksum }]) => [prefix, checksum] as const));
  if (root.length !== 32) throw new TypeError('the stateRoot function must return 32 bytes');
  return root;
}

/** A copy ascending by prefix. */
export function sortedByPrefix<T>(map: ReadonlyMap<number, T>): Map<number, T> {
  return new Map([...map].sort(([a], [b]) => a - b));
}
