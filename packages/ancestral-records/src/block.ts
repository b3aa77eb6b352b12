import { type BatchDraft, WriteList } from './batch-draft.js';
import { BlockChanges } from './block-changes.js';
import { nextSummaries } from './block-sums.js';
import { moveOn, rootOf, type Standing, type StoreContext } from './context.js';
import type { DatabaseWrite } from './database.js';
import { AncestralRecordsError } from './errors.js';
import { summaryKey, tipKey } from './layout.js';
import { encodeSummary, encodeTip, type SnapshotRecord } from './metadata.js';
import type { LedgerMoves } from './range-ledger.js';
import type { RecordChange } from './record-change.js';
import { snapshotWrite } from './snapshots.js';

/** All that committing a block will write and change. */
export interface BlockBatch {
  /** Version of the store that it was prepared on, and on which alone it is valid. */
  readonly version: number;
  readonly block: BlockChanges;
  /** The writes of `block`, if the database takes them piece by piece and the draft was not discarded. */
  readonly draft: BatchDraft | undefined;
  /** What the ledger of ranges is to know when it is written; undefined if there was none. */
  readonly moves: LedgerMoves | undefined;
  /** What else is written: sums, height, snapshot. */
  readonly writes: DatabaseWrite[];
  readonly next: Pick<Standing, 'tip' | 'summaries'>;
  readonly changedRecords: number;
  /** The snapshot that begins with this block. */
  readonly snapshot: SnapshotRecord | undefined;
}

/** The epoch whose ancestral records the block at `height` (at least 1) writes. */
export function epochOfBlock(height: number, period: number): number {
  return Math.floor((height - 1) / period) * period;
}

/**
 * Computes everything about the next block and writes nothing. `isStale` says whether an operation that may move the store has begun
 * meanwhile: what was read is then a mixture of two states, whether or not the height has moved.
 */
export async function prepareBlock(
  context: StoreContext,
  height: number,
  changes: Iterable<RecordChange>,
  options: {
    readonly draft: BatchDraft | undefined;
    readonly signal: AbortSignal | undefined;
    readonly isStale: () => boolean;
  },
): Promise<BlockBatch> {
  const { draft, signal, isStale } = options;
  const { version } = context;
  const { standing, parameters } = context;
  const epoch = epochOfBlock(height, parameters.snapshotPeriod);
  const ledger = context.ledgers.current(version);
  const block = new BlockChanges(context, changes, { height: epoch, isFirstBlock: height === epoch + 1 }, ledger);
  const requireCurrent = (): void => {
    if (isStale()) throw staleBlock(height);
    signal?.throwIfAborted();
  };
  const hashOptions = signal === undefined ? {} : { signal };
  const { summaries, moves } = await nextSummaries(context, block, { ...hashOptions, draft, requireCurrent });
  requireCurrent();
  const stateRoot = rootOf(context, summaries);
  const tip = { ...standing.tip, height, stateRoot };
  const writes: DatabaseWrite[] = [];
  for (const { prefix } of block.prefixDeltas()) {
    const summary = summaries.get(prefix);
    const key = summaryKey(prefix);
    writes.push(summary === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeSummary(summary) });
  }
  writes.push({ type: 'put', key: tipKey, value: encodeTip(tip) });
  const { changedRecords } = block;
  const next = { tip, summaries };
  if (height % parameters.snapshotPeriod !== 0) {
    return { version, block, draft, moves, writes, next, changedRecords, snapshot: undefined };
  }
  const snapshot: SnapshotRecord = { height, stateRoot, summaries, manifest: undefined };
  writes.push(snapshotWrite(snapshot));
  return { version, block, draft, moves, writes, next, changedRecords, snapshot };
}

/** Writes a prepared block together with other records in one batch; only then the memory of the store moves on. */
export async function commitBlock(context: StoreContext, batch: BlockBatch, others: DatabaseWrite[]): Promise<void> {
  const { version, block, writes, next, snapshot } = batch;
  if (context.version !== version) throw staleBlock(next.tip.height);
  await context.ledgers.ready();
  const writing = writeBlock(context, batch, [...writes, ...others]);
  context.cache.beginBlock(block);
  // If that fails, nobody knows what the database holds: until the store is opened again, reads get the old values.
  await writing;
  // In one step with the height: reads beside the block get its old values until then.
  context.cache.endBlock();
  const { snapshots } = context.standing;
  moveOn(context, snapshot === undefined ? next : { ...next, snapshots: [...snapshots, snapshot] });
  context.ledgers.commit(batch.moves, {
    height: next.tip.height,
    isSnapshot: snapshot !== undefined,
    from: version,
    to: context.version,
  });
}

/** Writes the changes of a block and some more in one batch. */
function writeBlock(
  { disk }: StoreContext,
  { draft, block }: BlockBatch,
  others: readonly DatabaseWrite[],
): Promise<void> {
  const drafted = draft?.take();
  if (drafted !== undefined) return disk.writeDrafted(drafted, others);
  // The bytes of a block lie in a few arenas: a database that keeps what it is given would keep all of them for one record.
  const list = new WriteList({ isCopying: !disk.hasChainedBatches });
  block.write(list);
  return disk.write([...list.writes, ...others]);
}

/** The error for a block that was prepared on a state the store is no longer at. */
export function staleBlock(height: number): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_STALE_BLOCK',
    `the state moved since block ${height} was prepared: prepare it again`,
    { details: { height } },
  );
}
