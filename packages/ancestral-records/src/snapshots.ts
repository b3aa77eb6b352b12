import { equalBytes } from '@hs/bytes';
import type { StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { pageKey, pagesOf, snapshotKey } from './layout.js';
import { Manifest } from './manifest.js';
import { encodeSnapshot, type SnapshotRecord } from './metadata.js';
import { corrupt } from './stored-bytes.js';

/*
 * A snapshot begins with the batch of the block at its height and is readable from then on. Its manifest follows: until
 * that is complete the snapshot is not served, and the ones before it are kept.
 */

/** A snapshot with its manifest. */
export type BuiltSnapshot = SnapshotRecord & { readonly manifest: NonNullable<SnapshotRecord['manifest']> };

/** The write that puts a snapshot on disk. */
export function snapshotWrite(record: SnapshotRecord): DatabaseWrite {
  return { type: 'put', key: snapshotKey(record.height), value: encodeSnapshot(record) };
}

/** The writes of all pages of a manifest, or of those from a page on. */
export function pageWrites(manifest: Manifest, from = 0): DatabaseWrite[] {
  return manifest.pages
    .slice(from)
    .map((value, i): DatabaseWrite => ({ type: 'put', key: pageKey(manifest.height, from + i), value }));
}

/** The record of a snapshot whose manifest is complete. */
export function withManifest(context: StoreContext, record: SnapshotRecord, manifest: Manifest): BuiltSnapshot {
  const root = manifest.root(context.parameters.identity);
  return { ...record, manifest: { root, pageCount: manifest.pages.length } };
}

/** Snapshots whose manifest is complete, ascending. */
export function builtSnapshots(context: StoreContext): BuiltSnapshot[] {
  return context.standing.snapshots.filter((snapshot): snapshot is BuiltSnapshot => snapshot.manifest !== undefined);
}

/** The snapshot whose manifest is still to be built; at most one. */
export function unbuiltSnapshot(context: StoreContext): SnapshotRecord | undefined {
  return context.standing.snapshots.find(({ manifest }) => manifest === undefined);
}

/** The writes that remove a snapshot and whatever there is of its manifest; its ancestral records are another matter. */
export async function snapshotRemoval(context: StoreContext, { height }: SnapshotRecord): Promise<DatabaseWrite[]> {
  const writes: DatabaseWrite[] = [{ type: 'del', key: snapshotKey(height) }];
  for await (const entries of context.disk.scan(pagesOf(height), { hasValues: false })) {
    for (const [key] of entries) writes.push({ type: 'del', key: copyBytes(key) });
  }
  return writes;
}

/** The snapshot at a height. @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE */
export function snapshotAt(context: StoreContext, height: number): SnapshotRecord {
  const found = context.standing.snapshots.find((snapshot) => snapshot.height === height);
  if (found === undefined) throw unavailable(height);
  return found;
}

/** Reads the complete manifest of a snapshot. @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE if there is none */
export async function readManifest(context: StoreContext, height: number): Promise<Manifest> {
  const expected = snapshotAt(context, height).manifest;
  if (expected === undefined) throw unavailable(height);
  const pages = await storedPages(context, expected.pageCount, (page) => pageKey(height, page));
  if (pages === undefined) {
    snapshotAt(context, height);
    throw corrupt('manifest', 'a page is missing');
  }
  let manifest: Manifest;
  try {
    manifest = Manifest.fromPages({ height, pages });
  } catch (cause) {
    throw corrupt('manifest', 'a page cannot be decoded', cause);
  }
  if (!equalBytes(manifest.root(context.parameters.identity), expected.root)) {
    throw corrupt('manifest', 'its root is another');
  }
  return manifest;
}

/** The pages of a manifest that the disk has; undefined if one is missing. A count that is damaged costs no more than what is there. */
export async function storedPages(
  { disk }: Pick<StoreContext, 'disk'>,
  pageCount: number,
  keyOf: (page: number) => Uint8Array,
): Promise<Uint8Array[] | undefined> {
  const pages: Uint8Array[] = [];
  while (pages.length < pageCount) {
    const length = Math.min(pagesPerRead, pageCount - pages.length);
    const keys = Array.from({ length }, (_, index) => keyOf(pages.length + index));
    for (const page of await disk.getMany(keys)) {
      if (page === undefined) return undefined;
      pages.push(copyBytes(page));
    }
  }
  return pages;
}

const pagesPerRead = 1024;

/** The error for a height that is neither the tip nor a retained snapshot. */
export function unavailable(height: number): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
    `height ${height} is neither the tip nor a retained snapshot`,
    { details: { height } },
  );
}
