import type { NodeStatus, PeerSummary } from '../full-node.js';
import type { HttpNode } from '../http/http-node.js';
import type { DownloadSection, Lease, PageSections, PeerSection, SyncSection } from './page-events.js';

const megabyte = 1_000_000;

/** What the page shows of a node at this moment. */
export function describeForPage<Header>(node: Pick<HttpNode<Header>, 'status' | 'activity' | 'clock'>): PageSections {
  const status = node.status();
  const nowMs = node.clock.wallMs();
  const { userAgent, chain, nodeId, memoryBytes, peers, bans, trust, snapshots } = status;
  return {
    node: { userAgent, chain, nodeId, memoryMegabytes: Math.round(memoryBytes / megabyte) },
    sync: describeSync(status),
    peers: peers.map((peer) => describePeer(peer, status, nowMs)),
    bans,
    trust,
    snapshots,
    blocks: node.activity.recentBlocks,
    prefixes: node.activity.map?.prefixes() ?? [],
  };
}

function describeSync(status: NodeStatus): SyncSection {
  const { sync, height, stateRoot, state, headerHeight, headerHash, tipTimeMs, pool, lastNetworkError } = status;
  const { phase, sinceMs, text, hyperSync } = sync;
  return {
    phase,
    sinceMs,
    text,
    download: describeDownload(sync.snapshot),
    downloaded: hyperSync && {
      snapshotHeight: hyperSync.snapshotHeight,
      records: hyperSync.records,
      bytes: hyperSync.bytes,
      resumedRecords: hyperSync.resumedRecords,
      elapsedMs: Math.round(hyperSync.elapsedMs),
    },
    height,
    stateRoot,
    records: state.records,
    stateBytes: state.bytes,
    headerHeight,
    headerHash,
    tipTimeMs,
    pool,
    lastNetworkError: lastNetworkError && { message: lastNetworkError.message, atMs: lastNetworkError.atMs },
  };
}

function describeDownload(snapshot: NodeStatus['sync']['snapshot']): DownloadSection | undefined {
  if (snapshot?.manifestId === undefined) return undefined;
  const { total, done, resumed, inFlight, etaMs, waitingFor } = snapshot;
  return {
    snapshotHeight: Number(snapshot.manifestId),
    total,
    done,
    resumed,
    requests: inFlight.requests,
    proving: inFlight.proving,
    committing: inFlight.committing,
    heldBytes: inFlight.heldBytes,
    limitBytes: inFlight.limitBytes,
    etaMs,
    waitingFor: waitingFor.text,
    waitingForMs: Math.max(0, Math.round(performance.now() - waitingFor.sinceMs)),
  };
}

/** The end to ten seconds, so that time that passes is not news. */
function describeLease(promise: PeerSummary['lease'], nowMs: number): Lease | undefined {
  if (promise === undefined || promise.leftMs === 0) return undefined;
  return { height: promise.height, endsAtMs: Math.round((nowMs + promise.leftMs) / 10_000) * 10_000 };
}

function describePeer(peer: PeerSummary, { sync }: NodeStatus, nowMs: number): PeerSection {
  const { bytesIn, bytesOut, lease, promised, ...rest } = peer;
  const download = sync.snapshot?.peers.find((found) => found.peer === peer.id);
  const delivered = sync.hyperSync?.peers.find((found) => found.peer === peer.id);
  const deliveredBytes = sync.hyperSync?.peers.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  return {
    ...rest,
    lease: describeLease(lease, nowMs),
    promised: describeLease(promised, nowMs),
    megabytesIn: Math.round(bytesIn / (megabyte / 10)) / 10,
    megabytesOut: Math.round(bytesOut / (megabyte / 10)) / 10,
    share: download?.share ?? (delivered && delivered.bytes / Math.max(1, deliveredBytes)),
    ranges: download?.done.ranges,
    bytesPerSecond: download?.bytesPerSecond,
    downloadScore: download?.score,
    failures: download?.failures,
  };
}
