import { setTimeout as sleep } from 'node:timers/promises';
import { AuditError, isWorthRetrying } from './audit-error.js';
import { type HeaderMark, isTipTooOld } from './chain/header-rules.js';
import { type ChainTips, syncHeaders } from './chain/header-sync.js';
import type { NodeInfo } from './network/handshake.js';
import { type ConnectOptions, NodeConnection } from './network/node-connection.js';
import { startKeyOf } from './state/download.js';
import type { DownloadState } from './state/download-state.js';
import { syncState } from './state/state-sync.js';
import type { AuditStore } from './state/store.js';

/** How to audit a node. */
export interface AuditOptions extends ConnectOptions {
  /** Connections in a row that may get nothing done before the audit gives up. */
  readonly maxRetries: number;
  readonly maxRestarts: number;
  /** Ask for the snapshot of a node that looks as if it were still syncing; a Go node crashes on that. */
  readonly isSyncingNodeAsked: boolean;
  readonly onHeaders: (tip: HeaderMark) => void;
  readonly onState: (download: DownloadState) => void;
  readonly onRetry: (error: Error, waitMs: number) => void;
}

/** What the connections to the node came to. */
export interface AuditedNode {
  readonly node: NodeInfo;
  readonly tips: ChainTips;
  readonly connections: number;
  readonly receivedBytes: number;
}

/** How far a node's block tip may be behind its headers while it takes in a block. */
const maxBlocksBehind = 10;
const firstWaitMs = 1_000;
const maxWaitMs = 60_000;

/**
 * Downloads headers and state from a node into the store, over as many connections as it takes.
 *
 * @throws AuditError, or the signal's reason
 */
export async function downloadFrom(store: AuditStore, options: AuditOptions): Promise<AuditedNode> {
  // Each run has its own allowance of restarts.
  const maxRestarts = store.download.restarts + options.maxRestarts;
  let receivedBytes = 0;
  let failures = 0;
  for (let connections = 1; ; connections++) {
    const before = await progressOf(store);
    let connection: NodeConnection | undefined;
    try {
      connection = await NodeConnection.open(options);
      const tips = await downloadOver(connection, store, { ...options, maxRestarts });
      receivedBytes += connection.receivedBytes;
      return { node: connection.node, tips, connections, receivedBytes };
    } catch (error) {
      receivedBytes += connection?.receivedBytes ?? 0;
      failures = (await progressOf(store)) === before ? failures + 1 : 0;
      options.signal.throwIfAborted();
      if (!isWorthRetrying(error) || failures > options.maxRetries) throw error;
      const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.max(0, failures - 1));
      options.onRetry(error as Error, waitMs);
      await sleep(waitMs, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    } finally {
      connection?.close();
    }
  }
}

async function downloadOver(connection: NodeConnection, store: AuditStore, options: AuditOptions): Promise<ChainTips> {
  const sync = () => syncHeaders(connection, store, { network: options.network, onProgress: options.onHeaders });
  const tips = await sync();
  if (startKeyOf(store.download.progress) !== undefined && !options.isSyncingNodeAsked)
    checkNodeIsCurrent(tips, options);
  const { maxRestarts, onState } = options;
  await syncState(connection, store, { syncHeaders: sync, maxRestarts, onProgress: onState });
  return tips;
}

/**
 * A Go node that is syncing itself has no snapshot to describe, and ends itself over the attempt to.
 *
 * @throws AuditError `AUDIT_NODE_SYNCING`
 */
function checkNodeIsCurrent(tips: ChainTips, { network }: AuditOptions): void {
  const { header, blockHeight } = tips;
  const why =
    header.height - blockHeight > maxBlocksBehind
      ? `its blocks end at ${blockHeight}, its headers at ${header.height}`
      : isTipTooOld(header, { network, nowMs: Date.now() })
        ? `its newest header, ${header.height}, is from ${new Date(Number(header.timestampNanos / 1_000_000n)).toISOString()}`
        : undefined;
  if (why === undefined) return;
  throw new AuditError(
    'AUDIT_NODE_SYNCING',
    `the node seems to be still syncing (${why}). A Go node that is asked for its snapshot then crashes, so it was not asked. Wait until it ` +
      'is current, or pass --ask-syncing-node if you are sure that it is',
  );
}

/** Says the same only if nothing was gained. */
async function progressOf(store: AuditStore): Promise<string> {
  const { chunks, restarts } = store.download;
  return `${(await store.tip()).height} ${restarts} ${chunks}`;
}
