import type { Manifest } from '@hs/ancestral-records';
import type { BlockEstimate } from './block-estimate.js';

/** What a newer snapshot has that the state here has not. */
export interface SnapshotDifference {
  readonly height: number;
  /** Retained snapshot that the state here is taken back to first; undefined if none is kept, so that all is downloaded. */
  readonly base: number | undefined;
  /** Ranges that are equal in both: they stay. */
  readonly keptRanges: number;
  readonly changedRanges: number;
  /** Of the changed ranges, as the newer snapshot has them. */
  readonly changedRecords: number;
  /** What downloading them takes: key and value bytes, and lengths. */
  readonly bytes: number;
}

/** How a node whose state is behind gets to the tip, and why: plain data. */
export interface CatchUp {
  readonly way: 'blocks' | 'snapshot';
  /** One sentence. */
  readonly reason: string;
  /** State height when this was decided. */
  readonly from: number;
  /** Header tip at that time. */
  readonly to: number;
  readonly blocks: BlockEstimate;
  /** Undefined if no peer serves the newest snapshot that the headers vouch for. */
  readonly snapshot: SnapshotDifference | undefined;
}

/** Bytes on the wire beside key and value of a record. */
const lengthBytes = 4;

/** Compares a newer manifest with that of the snapshot the state here can be taken back to. */
export function snapshotDifference(newer: Manifest, base: Manifest | undefined): SnapshotDifference {
  let changedRanges = 0;
  let changedRecords = 0;
  let bytes = 0;
  for (const entry of newer.entries) {
    if (base !== undefined && base.indexOf(entry) !== -1) continue;
    changedRanges++;
    changedRecords += entry.count;
    bytes += entry.bytes + lengthBytes * entry.count;
  }
  const keptRanges = newer.entries.length - changedRanges;
  return { height: newer.height, base: base?.height, keptRanges, changedRanges, changedRecords, bytes };
}

/**
 * The way that downloads less to the height of the snapshot; what comes after it is the same on both. Blocks win a draw,
 * since they leave no gap in what is stored of the chain. Where no peer has the next block, the snapshot is taken at once if it
 * is less than such blocks would be, else when it was waited for long enough.
 */
export function chooseCatchUp(facts: {
  readonly from: number;
  readonly to: number;
  readonly blocks: BlockEstimate;
  readonly snapshotHeight: number;
  readonly snapshot: SnapshotDifference | undefined;
  /** No peer has had the next block for longer than is waited. */
  readonly isStandingStill: boolean;
}): CatchUp {
  const { from, to, blocks, snapshotHeight, snapshot, isStandingStill } = facts;
  const decide = (way: CatchUp['way'], reason: string): CatchUp => ({ way, reason, from, to, blocks, snapshot });
  if (snapshot === undefined) return decide('blocks', `no peer serves snapshot ${snapshotHeight}`);
  const ranges = `${snapshot.changedRanges} of its ${snapshot.changedRanges + snapshot.keptRanges} ranges`;
  const changed =
    snapshot.base === undefined
      ? `snapshot ${snapshot.height} is ${snapshot.bytes} bytes, and none is kept here to compare it with`
      : `snapshot ${snapshot.height} differs from ${snapshot.base}, which is kept here, in ${ranges}, ${snapshot.bytes} bytes`;
  const most = blocks.from + blocks.blocks - 1;
  const size = blocks.bytes === undefined ? 'of unknown size' : `about ${blocks.bytes} bytes`;
  const instead = `blocks ${blocks.from} to ${most} are ${size}`;
  const isLess = blocks.bytes !== undefined && snapshot.bytes < blocks.bytes;
  if (blocks.isServed) return decide(isLess ? 'snapshot' : 'blocks', `${changed}; ${instead}`);
  const missing = `no peer has block ${blocks.from}`;
  if (isLess) return decide('snapshot', `${missing}; ${changed}; such blocks would be ${size}`);
  if (isStandingStill) return decide('snapshot', `${missing}, for too long; ${changed}`);
  return decide('blocks', `${missing} now, which is waited for; ${changed}`);
}
