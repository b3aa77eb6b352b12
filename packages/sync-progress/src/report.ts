import type { LocalWork } from './local-work.js';
import type { Peer } from './peer.js';
import { describeProgress } from './progress-text.js';
import type { Amounts } from './range.js';
import type { PeerStatus, SyncStatus, Waiting, WaitKind } from './status.js';
import type { SyncState } from './sync-state.js';
import { describeWaiting } from './waiting.js';

const nothing: Amounts = { ranges: 0, records: 0, bytes: 0 };

/** What the sync waits for, and since when. */
export interface WaitNote {
  readonly kind: WaitKind;
  readonly sinceMs: number;
}

/** What a report is made from. */
export interface Reported {
  readonly state: SyncState;
  /** Requests outstanding whose answers are wanted. */
  readonly wanted: number;
  readonly local: Pick<LocalWork, 'proving' | 'committing'>;
  readonly offered: string | undefined;
  readonly wait: WaitNote;
}

/** What the sync waits for: downloads before local work before reasons why there is neither. */
export function findWaitKind({ state, wanted, local }: Reported, nowMs: number): WaitKind {
  if (state.phase === 'idle') return 'manifest';
  if (state.phase !== 'syncing') return 'nothing';
  if (state.localRetryAtMs > nowMs) return 'local-retry';
  if (wanted > 0) return 'answers';
  if (local.proving > 0) return 'proofs';
  if (local.committing > 0) return 'commits';
  if (state.connected.size === 0) return 'peers';
  for (const peer of state.connected) if (peer.isUsable(nowMs)) return 'memory';
  return 'available-peer';
}

/** What the sync has been waiting for since the last event. */
export function waitingOf(reported: Reported, nowMs: number): Waiting {
  const { state, wait, wanted, local } = reported;
  const untilMs = untilOf(state, wait.kind);
  let oldest: { peer: string; sinceMs: number } | undefined;
  let cancelled = 0;
  for (const request of state.requests.values()) {
    if (request.isCancelled) cancelled++;
    else if (oldest === undefined) oldest = { peer: request.span.peer.name, sinceMs: request.requestedAtMs };
  }
  for (const attempt of state.attempts.values()) if (attempt.isCancelled) cancelled++;
  const text = describeWaiting(wait.kind, {
    connectedPeers: state.connected.size,
    downloads: wanted,
    oldestRequest: oldest,
    proofs: local.proving,
    commits: local.committing,
    cancelled,
    localFailure: state.localFailure,
    untilMs,
    nowMs,
    isFailed: state.phase === 'failed',
  });
  return { kind: wait.kind, text, sinceMs: wait.sinceMs, untilMs };
}

function untilOf(state: SyncState, kind: WaitKind): number | undefined {
  if (kind === 'local-retry') return state.localRetryAtMs;
  if (kind === 'available-peer') return Math.min(...[...state.connected].map((peer) => peer.retryAtMs));
  return kind === 'answers' || kind === 'memory' ? state.timers.nextMs() : undefined;
}

/** The state of a sync at one moment, as plain data. */
export function createStatus(reported: Reported, nowMs: number): SyncStatus {
  const { state } = reported;
  const { tally, budget } = state;
  const total = tally?.total ?? nothing;
  const done = tally?.done ?? nothing;
  const left = subtract(total, done);
  const stages = { proving: 0, committing: 0, cancelled: 0 };
  let bytesToCome = left.bytes;
  for (const attempt of state.attempts.values()) {
    if (attempt.isCancelled) {
      stages.cancelled++;
      continue;
    }
    bytesToCome -= attempt.summary.bytes;
    if (attempt.state === 'received') stages.proving++;
    else stages.committing++;
  }
  for (const request of state.requests.values()) if (request.isCancelled) stages.cancelled++;
  const bytesPerSecond = state.byteRate.perSecond(nowMs);
  const etaMs = etaOf(state, bytesToCome, bytesPerSecond);
  const peers = [...state.peers.values()];
  const sentBytes = peers.reduce((sum, peer) => sum + peer.doneBytes, 0);
  const waitingFor = waitingOf(reported, nowMs);
  const { phase } = state;
  return {
    phase,
    text: describeProgress({ phase, manifestId: tally?.manifestId, total, done, bytesPerSecond, etaMs, waitingFor }),
    manifestId: tally?.manifestId,
    offeredManifestId: reported.offered,
    total,
    done,
    left,
    resumed: tally?.resumed ?? nothing,
    inFlight: {
      requests: reported.wanted,
      ...stages,
      reservedBytes: budget.usedBytes,
      limitBytes: budget.limitBytes,
      heldBytes: budget.heldBytes,
    },
    bytesPerSecond,
    recordsPerSecond: state.recordRate.perSecond(nowMs),
    etaMs,
    prefixes: tally?.prefixes() ?? [],
    peers: peers.map((peer) => peerStatus(peer, sentBytes, nowMs)),
    waitingFor,
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
  let askedAtMs: number | undefined;
  for (const request of peer.requests) if (!request.isCancelled) askedAtMs ??= request.requestedAtMs;
  return {
    peer: peer.name,
    isConnected: peer.isConnected,
    isBanned: peer.isBanned,
    done: { ranges: peer.doneRanges, records: peer.doneRecords, bytes: peer.doneBytes },
    share: sentBytes === 0 ? 0 : peer.doneBytes / sentBytes,
    score: peer.score.at(nowMs),
    bytesPerSecond: peer.rate.bytesPerSecond,
    roundTripMs: peer.roundTripMs,
    requests: peer.requests.size,
    outstandingBytes: peer.outstandingBytes,
    askedAtMs,
    receivedBytes: peer.receivedBytes,
    usefulBytes: peer.usefulBytes,
    wastedBytes: peer.wastedBytes,
    failures: peer.failures,
    retryAtMs: peer.retryAtMs > nowMs ? peer.retryAtMs : undefined,
  };
}

function subtract(a: Amounts, b: Amounts): Amounts {
  return { ranges: a.ranges - b.ranges, records: a.records - b.records, bytes: a.bytes - b.bytes };
}
