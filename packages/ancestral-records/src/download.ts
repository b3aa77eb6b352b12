import { compareBytes, equalBytes, toHex } from '@hs/bytes';
import { type Download, moveOn, rootOf, type StoreContext } from './context.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import {
  allAncestral,
  allState,
  type DatabaseInterval,
  downloadKey,
  downloadPageKey,
  markKey,
  stateInterval,
  summaryKey,
  tipKey,
} from './layout.js';
import { Manifest } from './manifest.js';
import { summariesOf } from './manifest-summaries.js';
import { decodeDownload, encodeDownload, encodeSummary, encodeTip, noRoot } from './metadata.js';
import { fitsRange } from './partition.js';
import type { RangeEntry } from './range.js';
import { pageWrites, readManifest, snapshotRemoval, snapshotWrite, storedPages, withManifest } from './snapshots.js';
import { corrupt } from './stored-bytes.js';

/** Marks that are looked up at once. */
const stepMarks = 1024;

/**
 * Starts a download, or moves it to a newer manifest: one batch. Ranges that are equal in the manifest before, which is that
 * of the download under way or of the snapshot the state stands at, count as proved.
 */
export async function beginDownload(context: StoreContext, manifest: Manifest): Promise<void> {
  checkManifest(context, manifest);
  const { standing } = context;
  if (standing.tip.phase === 'unproved') {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRONG_PHASE',
      'the store holds records that nothing has proved: finish that download, or reset the store',
      { details: { phase: 'unproved' } },
    );
  }
  const root = manifest.root(context.parameters.identity);
  const current = standing.tip.phase === 'ready' ? await standingSnapshot(context) : standing.download;
  if (current !== undefined) {
    if (standing.download !== undefined && equalBytes(current.root, root)) return;
    const isBehind = manifest.height < current.manifest.height;
    if (isBehind || (standing.download === undefined && manifest.height === current.manifest.height)) {
      throw new AncestralRecordsError(
        'ANCESTRAL_RECORDS_WRONG_HEIGHT',
        `the store is at height ${current.manifest.height}, it cannot download ${manifest.height}: reset the store first`,
        { details: { expected: current.manifest.height, actual: manifest.height } },
      );
    }
  }
  const tip = { phase: 'downloading', height: 0, target: 0, stateRoot: noRoot } as const;
  const writes: DatabaseWrite[] = standing.download === undefined ? [] : downloadRemoval(context, standing.download);
  for (const snapshot of standing.snapshots) writes.push(...(await snapshotRemoval(context, snapshot)));
  for (const prefix of standing.summaries.keys()) writes.push({ type: 'del', key: summaryKey(prefix) });
  const proved = current === undefined ? new Set<number>() : keptMarks(current, manifest);
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  writes.push({ type: 'put', key: downloadKey, value: encodeDownload(manifest.height, manifest.pages.length) });
  for (const [page, value] of manifest.pages.entries()) writes.push({ type: 'put', key: downloadPageKey(page), value });
  for (const index of proved) writes.push({ type: 'put', key: markOf(context, manifest, index), value: markValue });
  await context.disk.write(writes);
  context.cache.clear();
  moveOn(context, { tip, summaries: new Map(), snapshots: [], download: { manifest, root, proved } });
}

/** The whole state of a snapshot as if it had been downloaded. @throws ANCESTRAL_RECORDS_WRONG_PHASE between snapshots */
async function standingSnapshot(context: StoreContext): Promise<Download> {
  const { tip, snapshots } = context.standing;
  const root = snapshots.find(({ height }) => height === tip.height)?.manifest?.root;
  if (root === undefined) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRONG_PHASE',
      `the state is at height ${tip.height}, where it has no manifest to compare with: rewind to a snapshot to keep what is equal, or reset the store`,
      { details: { phase: 'ready', height: tip.height } },
    );
  }
  const manifest = await readManifest(context, tip.height);
  return { manifest, root, proved: new Set(manifest.entries.keys()) };
}

/** Reads a download back from disk. */
export async function loadDownload(context: StoreContext): Promise<Download> {
  const { height, pageCount } = decodeDownload(await context.disk.get(downloadKey));
  const pages = await storedPages(context, pageCount, downloadPageKey);
  if (pages === undefined) throw corrupt('download', 'a manifest page is missing');
  let manifest: Manifest;
  try {
    manifest = Manifest.fromPages({ height, pages });
    checkManifest(context, manifest);
  } catch (cause) {
    throw corrupt('download', 'its manifest is damaged', cause);
  }
  const proved = await markedRanges(context, manifest);
  return { manifest, root: manifest.root(context.parameters.identity), proved };
}

/** The ranges of a manifest that are marked as proved and committed. */
async function markedRanges(context: StoreContext, manifest: Manifest): Promise<Set<number>> {
  const marked = new Set<number>();
  for (let from = 0; from < manifest.entries.length; from += stepMarks) {
    const length = Math.min(stepMarks, manifest.entries.length - from);
    const keys = Array.from({ length }, (_, i) => markOf(context, manifest, from + i));
    for (const [i, value] of (await context.disk.getMany(keys)).entries())
      if (value !== undefined) marked.add(from + i);
  }
  return marked;
}

/** Clears the gaps between ranges, then makes the downloaded state the tip in one batch. */
export async function finishDownload(
  context: StoreContext,
  stateRoot: Uint8Array,
  others: DatabaseWrite[],
): Promise<void> {
  const download = context.standing.download as Download;
  const { manifest, proved } = download;
  const missing = manifest.entries.length - proved.size;
  if (missing > 0) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_DOWNLOAD_INCOMPLETE',
      `${missing} of ${manifest.entries.length} ranges are not committed yet`,
      { details: { missing, ranges: manifest.entries.length } },
    );
  }
  const summaries = await summariesOf(context, manifest);
  const actual = rootOf(context, summaries);
  if (!equalBytes(actual, stateRoot)) {
    const details = { expected: toHex(stateRoot), actual: toHex(actual) };
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH',
      `the manifest adds up to state root ${details.actual}, the header has ${details.expected}: reset the store and use another snapshot`,
      { details },
    );
  }
  for (const gap of gapsOf(manifest)) await context.disk.clear(gap);
  await context.disk.clear(allAncestral);
  const { height } = manifest;
  const tip = { phase: 'ready', height, target: 0, stateRoot: actual } as const;
  const snapshot = withManifest(context, { height, stateRoot: actual, summaries, manifest: undefined }, manifest);
  const writes = [...downloadRemoval(context, download), snapshotWrite(snapshot), ...pageWrites(manifest)];
  for (const [prefix, summary] of summaries) {
    writes.push({ type: 'put', key: summaryKey(prefix), value: encodeSummary(summary) });
  }
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  await context.disk.write([...writes, ...others]);
  context.cache.clear();
  moveOn(context, { tip, summaries, snapshots: [snapshot], download: undefined });
}

function checkManifest(context: StoreContext, manifest: Manifest): void {
  const { statePrefixes, maxKeyBytes, snapshotPeriod } = context.parameters;
  const invalid = (reason: string): AncestralRecordsError =>
    new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `the manifest does not fit this chain: ${reason}`, {
      details: { reason },
    });
  if (manifest.height % snapshotPeriod !== 0) throw invalid(`${manifest.height} is no snapshot height`);
  for (const [index, entry] of manifest.entries.entries()) {
    const { start, depth } = entry;
    if (!statePrefixes.includes(start[0] as number)) throw invalid(`range ${index} is under no state prefix`);
    if (depth > 8 * maxKeyBytes) throw invalid(`range ${index} is deeper than any key`);
    if (!fitsRange(context.parameters, entry)) throw invalid(`range ${index} is over the limits of a range`);
  }
}

/** The key of the mark of a range, and what is written there. */
export function markOf({ parameters }: StoreContext, manifest: Manifest, index: number): Uint8Array {
  return markKey(manifest.range(index).startKey, parameters.maxKeyBytes);
}
export const markValue: Uint8Array = Uint8Array.of(1);

function downloadRemoval(context: StoreContext, { manifest, proved }: Download): DatabaseWrite[] {
  const writes: DatabaseWrite[] = [{ type: 'del', key: downloadKey }];
  for (const page of manifest.pages.keys()) writes.push({ type: 'del', key: downloadPageKey(page) });
  for (const index of proved) writes.push({ type: 'del', key: markOf(context, manifest, index) });
  return writes;
}

function keptMarks(current: Download, manifest: Manifest): Set<number> {
  const kept = new Set<number>();
  for (const old of current.proved) {
    const index = manifest.indexOf(current.manifest.entries[old] as RangeEntry);
    if (index !== -1) kept.add(index);
  }
  return kept;
}

/** Intervals of the state in which the manifest has no range. */
function* gapsOf(manifest: Manifest): Generator<DatabaseInterval> {
  let gte = allState.gte;
  for (let index = 0; index < manifest.entries.length; index++) {
    const { startKey, endKey } = manifest.range(index);
    const range = stateInterval(startKey, endKey);
    if (compareBytes(gte, range.gte) < 0) yield { gte, lt: range.gte };
    gte = range.lt;
  }
  if (compareBytes(gte, allState.lt) < 0) yield { gte, lt: allState.lt };
}
