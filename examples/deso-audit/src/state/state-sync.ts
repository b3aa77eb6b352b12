import type { SnapshotDataMessage, SnapshotEpochMetadata } from '@hs/wire';
import { AuditError, codeOf } from '../audit-error.js';
import type { NodeConnection } from '../network/node-connection.js';
import { acceptChunk, startKeyOf } from './download.js';
import type { DownloadState } from './download-state.js';
import { claimChange, withChunk } from './snapshot.js';
import type { AuditStore } from './store.js';

/** What a download of the state needs besides the store and the connection. */
export interface StateSyncOptions {
  /** Brings the headers up to date: the node may have gone on to a snapshot whose header is new. */
  readonly syncHeaders: () => Promise<unknown>;
  /** How often a download may begin anew because the node went on to its next snapshot. */
  readonly maxRestarts: number;
  readonly onProgress: (download: DownloadState) => void;
}

/**
 * Downloads what the store lacks of the node's snapshot, prefix by prefix. If the node goes on to its next snapshot meanwhile, the download
 * begins anew: the protocol has no way to ask for the old one.
 *
 * @throws AuditError `AUDIT_NO_SNAPSHOT`, `AUDIT_SNAPSHOT_INVALID`, `AUDIT_SNAPSHOT_STUCK`, `AUDIT_TOO_MANY_SNAPSHOTS`, and what the
 *   connection and the store throw
 */
export async function syncState(
  connection: NodeConnection,
  store: AuditStore,
  options: StateSyncOptions,
): Promise<void> {
  await forgetAbandonedSnapshot(store);
  for (let startKey = startKeyOf(store.download.progress); startKey !== undefined; ) {
    const chunk = await ask(connection, startKey, store.download);
    const change = claimChange(store.download.claim, chunk.epoch);
    if (change !== 'same') await checkAgainstHeaders(store, chunk.epoch, options);
    if (change === 'newer') await startOver(store, options);
    else await take(store, chunk);
    options.onProgress(store.download);
    startKey = startKeyOf(store.download.progress);
  }
}

async function ask(
  connection: NodeConnection,
  startKey: Uint8Array,
  { claim }: DownloadState,
): Promise<SnapshotDataMessage> {
  try {
    return await connection.request({ type: 'get-snapshot', startKey }, 'snapshot-data');
  } catch (error) {
    if (claim !== undefined || codeOf(error) !== 'AUDIT_CONNECTION_LOST') throw error;
    const hint =
      'it was asked for its snapshot; a Go node that keeps none, because it runs without --hypersync=true, does this';
    throw new AuditError('AUDIT_CONNECTION_LOST', `${(error as Error).message} when ${hint}`, { cause: error });
  }
}

async function take(store: AuditStore, chunk: SnapshotDataMessage): Promise<void> {
  const { download } = store;
  const { records, progress, repeatedValue } = acceptChunk(download.progress, chunk);
  const { lastKey } = download.progress;
  if (lastKey !== undefined && repeatedValue !== undefined) {
    const known = await store.record(lastKey);
    if (known === undefined || Buffer.compare(known, repeatedValue) !== 0) {
      const key = Buffer.from(lastKey).toString('hex');
      const what = `the record with key ${key} has another value in the next answer: the answers are not of one state`;
      throw new AuditError('AUDIT_SNAPSHOT_INVALID', what);
    }
  }
  await store.putChunk(records, {
    ...download,
    claim: withChunk(download.claim, chunk.epoch),
    progress,
    chunks: download.chunks + 1,
    bytes: download.bytes + bytesOf(records.offsets),
  });
}

async function startOver(store: AuditStore, { maxRestarts }: StateSyncOptions): Promise<void> {
  const restarts = store.download.restarts + 1;
  if (restarts > maxRestarts) {
    throw new AuditError(
      'AUDIT_TOO_MANY_SNAPSHOTS',
      `the node went on to another snapshot ${restarts} times before the download of one was complete; it needs a longer snapshot period ` +
        'or a faster connection (--max-restarts allows more)',
    );
  }
  await store.startOver(restarts);
}

/** The chain in the store may have changed branches since the download began. */
async function forgetAbandonedSnapshot(store: AuditStore): Promise<void> {
  const { claim, restarts } = store.download;
  if (claim === undefined) return;
  const mark = await store.header(claim.height);
  if (mark === undefined || Buffer.from(mark.hash).toString('hex') !== claim.blockHash)
    await store.startOver(restarts + 1);
}

async function checkAgainstHeaders(
  store: AuditStore,
  epoch: SnapshotEpochMetadata,
  { syncHeaders }: StateSyncOptions,
): Promise<void> {
  const height = epoch.snapshotBlockHeight;
  if ((await store.header(height)) === undefined) await syncHeaders();
  const mark = await store.header(height);
  if (mark === undefined) {
    throw new AuditError(
      'AUDIT_SNAPSHOT_INVALID',
      `the node serves a snapshot of height ${height}, of which it gives no header`,
    );
  }
  if (Buffer.compare(mark.hash, epoch.currentEpochBlockHash) !== 0) {
    const said = Buffer.from(epoch.currentEpochBlockHash).toString('hex');
    throw new AuditError(
      'AUDIT_SNAPSHOT_INVALID',
      `the snapshot is of block ${said}, which is not at height ${height} of the node's own chain`,
    );
  }
}

function bytesOf(offsets: Uint32Array): number {
  let bytes = 0;
  for (let at = 0; at < offsets.length; at += 2) bytes += (offsets[at + 1] as number) - (offsets[at] as number);
  return bytes;
}
