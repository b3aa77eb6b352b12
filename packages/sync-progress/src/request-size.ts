import { assumedBytesPerSecond, type Peer } from './peer.js';
import type { SyncState } from './sync-state.js';

/** Part of what a peer has proved that it may waste; what keeps a whole sync from downloading much more than the state. */
const trustedPart = 0.15;
/** A manifest has at least so many first requests. */
const firstRequests = 128;
/** A single range may take so many times longer than an answer should. */
const longestAnswer = 4;

/** How much a peer can be asked for. */
export interface RequestSize {
  /** What is good for its speed, the other peers, the memory and the end of the sync. */
  readonly wantedBytes: number;
  /** The same for a single range, which is better asked for whole. */
  readonly wantedRangeBytes: number;
  /** What it may be trusted with besides one range; not positive if it has wasted too much. */
  readonly trustedBytes: number;
}

/** What a peer may waste before it has proved anything. */
export function initialTrustBytes({ settings, tally }: SyncState): number {
  const part = Math.floor((tally?.total.bytes ?? 0) / firstRequests);
  return Math.min(settings.initialChunkBytes, Math.max(part, settings.minChunkBytes));
}

/**
 * Bytes that a peer may still have outstanding or half received: a first amount, and a part of what it proved, less what it
 * wasted. So whatever its peers do, a sync downloads little more than it needs.
 */
export function trustedBytes(state: SyncState, peer: Peer): number {
  return Math.floor(initialTrustBytes(state) + trustedPart * peer.usefulBytes - peer.wastedBytes);
}

/** What to ask a peer for. `usable` are the peers that share the work and their rates. */
export function requestSize(
  state: SyncState,
  peer: Peer,
  usable: { readonly peers: number; readonly bytesPerSecond: number },
): RequestSize {
  const { settings, board, budget } = state;
  const leastBytes = Math.max(1, Math.floor(settings.minChunkBytes / 2 ** Math.min(peer.failures, 30)));
  const rate = peer.rate.bytesPerSecond;
  const bySpeed = rate === undefined ? initialTrustBytes(state) : (rate * settings.chunkTargetMs) / 1000;
  const byMemory = budget.limitBytes / (2 * Math.max(usable.peers, 1));
  // Less and less towards the end, so that all peers finish together.
  const part = peer.comparableRate() / Math.max(usable.bytesPerSecond, 1);
  const byRest = usable.peers > 1 ? (board.freeBytes * Math.min(part, 1)) / 2 : Number.POSITIVE_INFINITY;
  const wanted = Math.min(settings.maxChunkBytes, bySpeed, byMemory, byRest, peer.answerBytes);
  const least = Math.min(leastBytes, settings.maxChunkBytes);
  const whole = Math.min(settings.maxChunkBytes, longestAnswer * bySpeed, peer.answerBytes);
  return {
    wantedBytes: Math.floor(Math.max(least, wanted)),
    wantedRangeBytes: Math.floor(Math.max(least, wanted, whole)),
    trustedBytes: trustedBytes(state, peer) - peer.outstandingBytes - peer.partialBytes,
  };
}

/** True if one more request would keep the line to the peer busy: the first always, further ones while little is outstanding. */
export function hasRoom(state: SyncState, peer: Peer): boolean {
  const { settings } = state;
  if (peer.requests.size === 0) return true;
  const rate = peer.rate.bytesPerSecond;
  if (rate === undefined || peer.requests.size >= settings.maxRequestsPerPeer) return false;
  return peer.outstandingBytes < (rate * settings.pipelineTargetMs) / 1000;
}

/** The peers that share the work, and the sum of their rates. */
export function usablePeers({ connected, nowMs }: SyncState): { peers: number; bytesPerSecond: number } {
  let peers = 0;
  let bytesPerSecond = 0;
  for (const peer of connected) {
    if (!peer.isUsable(nowMs)) continue;
    peers++;
    bytesPerSecond += peer.comparableRate(assumedBytesPerSecond);
  }
  return { peers, bytesPerSecond };
}
