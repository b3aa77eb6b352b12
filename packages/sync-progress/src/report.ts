import type { SyncState } from './hyper-sync-progress.js';
import type { Peer } from './peer.js';
import type { Amounts } from './range.js';
import type { PeerStatus, SyncStatus, Waiting, WaitKind } from './status.js';
import { describeWaiting } from './waiting.js';

const nothing: Amounts = { ranges: 0, records: 0, bytes: 0 };

/** What the sync waits for: downloads before local work before reasons why there is neither. */
export function findWaitKind(state: SyncState, nowMs: number): WaitKind {
  if (state.phase === 'idle') return 'manifest';
  if (state.phase !== 'syncing') return 'nothing';
  if (state.localRetryAtMs > nowMs) return 'local-retry';
  if ([...state.connected].some((peer) => peer.downloads.size > 0)) return 'answers';
  if (state.proving > 0) return 'proofs';
  if (state.committing > 0) return 'commits';
  if (state.connected.size === 0) return 'peers';
  return [...state.connected].some((peer) => peer.isUsable(nowMs)) ? 'memory' : 'available-peer';
}

/** What the sync has been waiting for since the last event. */
export function waitingOf(state: SyncState, nowMs: number): Waiting {
  const kind = state.waitKind;
  const untilMs = untilOf(state, kind);
  let downloads = 0;
  let oldest: { peer: string; sinceMs: number } | undefined;
  for (const peer of state.connected) {
    for (const { requestedAtMs } of peer.downloads) {
      downloads++;
      if (oldest === undefined || requestedAtMs < oldest.sinceMs) oldest = { peer: peer.name, sinceMs: requestedAtMs };
    }
  }
  const text = describeWaiting(kind, {
    connectedPeers: state.connected.size,
    downloads,
    oldestRequest: oldest,
    proofs: state.proving,
    commits: state.committing,
    cancelled: state.inFlight.late.size,
    localFailure: state.localFailure,
    untilMs,
    nowMs,
    isFailed: state.phase === 'failed',
  });
  return { kind, text, sinceMs: state.waitSinceMs, untilMs };
}

function untilOf(state: SyncState, kind: WaitKind): number | undefined {
  if (kind === 'local-retry') return state.localRetryAtMs;
  if (kind === 'available-peer') return Math.min(...[...state.connected].map((peer) => peer.retryAtMs));
  return kind === 'answers' || kind === 'memory' ? state.timers.nextMs() : undefined;
}

/** The state of a sync at one moment, as plain data. */
export function createStatus(state: SyncState, nowMs: number): SyncStatus {
  const { tally, inFlight } = state;
  const total = tally?.total ?? nothing;
  const done = tally?.done ?? nothing;
  const left = subtract(total, done);
  const stages = { downloading: 0, proving: 0, committing: 0 };
  const received = new Map<number, number>();
  for (const attempt of inFlight.attempts.values()) {
    if (attempt.state === 'requested') stages.downloading++;
    else if (attempt.state === 'received') stages.proving++;
    else stages.committing++;
    received.set(attempt.range, Math.max(received.get(attempt.range) ?? 0, attempt.receivedBytes));
  }
  const receivedBytes = [...received.values()].reduce((sum, bytes) => sum + bytes, 0);
  const bytesPerSecond = state.byteRate.perSecond(nowMs);
  const peers = [...state.peers.values()];
  const sentBytes = peers.reduce((sum, peer) => sum + peer.doneBytes, 0);
  return {
    phase: state.phase,
    manifestId: tally?.manifestId,
    total,
    done,
    left,
    resumed: tally?.resumed ?? nothing,
    inFlight: {
      ...stages,
      cancelled: inFlight.late.size,
      reservedBytes: inFlight.reservedBytes,
      limitBytes: inFlight.limitBytes,
      receivedBytes,
    },
    bytesPerSecond,
    recordsPerSecond: state.recordRate.perSecond(nowMs),
    etaMs: etaOf(state, left.bytes - receivedBytes, bytesPerSecond),
    prefixes: tally?.prefixes() ?? [],
    peers: peers.map((peer) => peerStatus(peer, sentBytes, nowMs)),
    waitingFor: waitingOf(state, nowMs),
    lastProgressMs: state.lastProgressMs,
    counters: { ...state.counters },
  };
}

function etaOf(state: SyncState, bytesToCome: number, bytesPerSecond: number): number | undefined {
  if (state.phase === 'done') return 0;
  if (state.phase !== 'syncing' || bytesPerSecond === 0) return undefined;
  return Math.ceil((bytesToCome * 1000) / bytesPerSecond);
}

function peerStatus(peer: Peer, sentBytes: number, nowMs: number): PeerStatus {
  return {
    peer: peer.name,
    isConnected: peer.isConnected,
    isBanned: peer.isBanned,
    done: { ranges: peer.doneRanges, records: peer.doneRecords, bytes: peer.doneBytes },
    share: sentBytes === 0 ? 0 : peer.doneBytes / sentBytes,
    bytesPerSecond: peer.rate.bytesPerSecond,
    requests: peer.requests,
    receivedBytes: peer.receivedBytes,
    failures: peer.failures,
    retryAtMs: peer.retryAtMs > nowMs ? peer.retryAtMs : undefined,
  };
}

function subtract(a: Amounts, b: Amounts): Amounts {
  return { ranges: a.ranges - b.ranges, records: a.records - b.records, bytes: a.bytes - b.bytes };
}
