import { equalBytes } from '@hs/bytes';
import type { StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { pageKey, snapshotKey } from './layout.js';
import { Manifest } from './manifest.js';
import { corrupt, encodeSnapshot, type SnapshotRecord, type Summary } from './metadata.js';

/** A new snapshot, the ones it retires, and the writes of both. */
export interface SnapshotTurn {
  readonly snapshots: readonly SnapshotRecord[];
  readonly writes: DatabaseWrite[];
}

/** The snapshot record and manifest pages of a state, and the removal of snapshots that are no longer retained. */
export function turnSnapshot(
  context: StoreContext,
  state: {
    readonly height: number;
    readonly stateRoot: Uint8Array;
    readonly summaries: ReadonlyMap<number, Summary>;
    readonly manifest?: Manifest;
  },
): SnapshotTurn {
  const { height, stateRoot, summaries } = state;
  const { identity, retainedEpochs } = context.parameters;
  const manifest = state.manifest ?? manifestOf(height, summaries);
  const record: SnapshotRecord = {
    height,
    stateRoot,
    summaries,
    root: manifest.root(identity),
    records: manifest.totals.records,
    bytes: manifest.totals.bytes,
    pageCount: manifest.pages.length,
  };
  const all = [...context.standing.snapshots, record];
  const retained = all.slice(-retainedEpochs);
  const writes: DatabaseWrite[] = all.slice(0, -retainedEpochs).flatMap(snapshotRemoval);
  writes.push({ type: 'put', key: snapshotKey(height), value: encodeSnapshot(record) });
  for (const [page, value] of manifest.pages.entries()) writes.push({ type: 'put', key: pageKey(height, page), value });
  return { snapshots: retained, writes };
}

/** The writes that remove a snapshot; its ancestral records are another matter. */
export function snapshotRemoval({ height, pageCount }: SnapshotRecord): DatabaseWrite[] {
  const writes: DatabaseWrite[] = [{ type: 'del', key: snapshotKey(height) }];
  for (let page = 0; page < pageCount; page++) writes.push({ type: 'del', key: pageKey(height, page) });
  return writes;
}

/** The retained snapshot at a height. @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE */
export function snapshotAt(context: StoreContext, height: number): SnapshotRecord {
  const found = context.standing.snapshots.find((snapshot) => snapshot.height === height);
  if (found === undefined) throw unavailable(height);
  return found;
}

/** Reads the manifest of a retained snapshot. */
export async function readManifest(context: StoreContext, height: number): Promise<Manifest> {
  const { pageCount, root } = snapshotAt(context, height);
  const keys = Array.from({ length: pageCount }, (_, page) => pageKey(height, page));
  const pages = await context.disk.getMany(keys);
  if (pages.some((page) => page === undefined)) {
    snapshotAt(context, height);
    throw corrupt('manifest', 'a page is missing');
  }
  let manifest: Manifest;
  try {
    manifest = Manifest.fromPages({ height, pages: (pages as Uint8Array[]).map((page) => copyBytes(page)) });
  } catch (cause) {
    throw corrupt('manifest', 'a page cannot be decoded', cause);
  }
  if (!equalBytes(manifest.root(context.parameters.identity), root)) throw corrupt('manifest', 'its root is another');
  return manifest;
}

/** The error for a height that is neither the tip nor a retained snapshot. */
export function unavailable(height: number): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
    `height ${height} is neither the tip nor a retained snapshot`,
    { details: { height } },
  );
}

/** One range for every state prefix that has records. */
function manifestOf(height: number, summaries: ReadonlyMap<number, Summary>): Manifest {
  const entries = [...summaries].map(([prefix, { count, bytes, checksum }]) => {
    return { start: Uint8Array.of(prefix), depth: 8, count, bytes, sum: checksum };
  });
  return Manifest.fromEntries({ height, entries });
}
