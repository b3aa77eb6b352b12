import type { Downloads } from './downloads.js';
import type { Peer } from './peer.js';
import { hasRoom, type RequestSize, requestSize, trustedBytes, usablePeers } from './request-size.js';
import type { Span } from './span-request.js';
import type { SyncState } from './sync-state.js';

/** A peer that is not trusted with the next range gets the smallest of so many. */
const triedRanges = 32;
/** Part of all useful bytes that may be wasted on giving peers that are not trusted another chance. */
const chancePart = 0.04;

/**
 * Decides which peer is asked for which ranges next.
 *
 * Half-received ranges go on first. Then the peer with the fewest requests, by turns that its rate decides, gets the next free ranges, in key order from where
 * it stopped, which is what disks like on both sides. A new one is tried with a small range. One that has
 * wasted more than it is trusted with gets something only when nobody else is left to ask, or to give it another chance now
 * and then. A range that does not fit the byte budget is not passed by others.
 */
export class Planner {
  readonly #state: SyncState;
  readonly #downloads: Downloads;

  constructor(state: SyncState, downloads: Downloads) {
    this.#state = state;
    this.#downloads = downloads;
  }

  /** The next span to ask for; undefined if nobody has room, nothing is free or nothing fits. */
  next(): Span | undefined {
    const { board, budget } = this.#state;
    const isAnythingFree = board.freeRanges > 0 && budget.hasRoomFor(1);
    if (!this.#downloads.hasContinuations && !isAnythingFree) return undefined;
    const usable = usablePeers(this.#state);
    for (const partial of this.#downloads.continuations) {
      const size = requestSize(this.#state, partial.peer, usable);
      return this.#extend(partial.peer, { first: partial.range, partial }, size);
    }
    const peer = this.#nextPeer();
    if (peer === undefined) return undefined;
    const first = this.#firstFor(peer);
    if (first === undefined) return undefined;
    const size = requestSize(this.#state, peer, usable);
    const isTrusted = (board.ranges[first]?.bytes ?? 0) <= size.trustedBytes;
    return this.#extend(peer, { first: isTrusted ? first : this.#smallestNear(first), partial: undefined }, size);
  }

  #extend(peer: Peer, start: Pick<Span, 'first' | 'partial'>, size: RequestSize): Span | undefined {
    const { board, budget, settings } = this.#state;
    const { first, partial } = start;
    const firstBytes = partial?.bytesLeft ?? board.ranges[first]?.bytes ?? 0;
    if (partial === undefined && !budget.hasRoomFor(firstBytes)) return undefined;
    // To prove anything, a peer must be trusted with one range.
    const rangeBytes = Math.min(firstBytes, Math.max(size.wantedRangeBytes, 1));
    const limit = Math.min(size.wantedBytes, size.trustedBytes);
    if (rangeBytes < firstBytes || limit <= firstBytes) {
      return { peer, first, end: first + 1, partial, bytes: firstBytes, maxBytes: rangeBytes };
    }
    const prefix = board.ranges[first]?.startKey[0];
    const reserved = partial === undefined ? 0 : firstBytes;
    let bytes = firstBytes;
    let end = first + 1;
    while (end - first < settings.maxRangesPerRequest && board.isFree(end)) {
      const summary = board.ranges[end];
      if (summary === undefined || summary.startKey[0] !== prefix) break;
      if (bytes + summary.bytes > limit || !budget.hasRoomFor(bytes + summary.bytes - reserved)) break;
      bytes += summary.bytes;
      end++;
    }
    return { peer, first, end, partial, bytes, maxBytes: bytes };
  }

  /** The trusted one with the fewest requests; of these the first in line, so that all are used as far as they are fast. */
  #nextPeer(): Peer | undefined {
    const { connected, nowMs } = this.#state;
    let next: Peer | undefined;
    let hasTrusted = false;
    let untrusted: Peer | undefined;
    for (const peer of connected) {
      if (!peer.isUsable(nowMs)) continue;
      const isTrusted = trustedBytes(this.#state, peer) > 0;
      hasTrusted ||= isTrusted;
      if (!hasRoom(this.#state, peer)) continue;
      if (!isTrusted) {
        if (peer.requests.size === 0 && (untrusted === undefined || peer.wastedBytes < untrusted.wastedBytes)) {
          untrusted = peer;
        }
        continue;
      }
      if (peer.requests.size > 0 && !this.#isTrustedWithMore(peer)) continue;
      if (next === undefined || isBefore(peer, next, nowMs)) next = peer;
    }
    if (next !== undefined) return next;
    return hasTrusted && !this.#isChanceLeft() ? undefined : untrusted;
  }

  #isChanceLeft(): boolean {
    const { usefulBytes, wastedBytes } = this.#state;
    return wastedBytes < chancePart * usefulBytes;
  }

  /** A peer that is to send more than it is trusted with costs little if it fails with a small range. */
  #smallestNear(first: number): number {
    const { board } = this.#state;
    let smallest = first;
    let next: number | undefined = first;
    for (let looked = 0; looked < triedRanges && next !== undefined; looked++) {
      if ((board.ranges[next]?.bytes ?? 0) < (board.ranges[smallest]?.bytes ?? 0)) smallest = next;
      next = board.nextFree(next + 1);
    }
    return smallest;
  }

  /** Besides its first request, a peer gets no more than it may waste. */
  #isTrustedWithMore(peer: Peer): boolean {
    const range = this.#firstFor(peer);
    const bytes = range === undefined ? 0 : (this.#state.board.ranges[range]?.bytes ?? 0);
    return trustedBytes(this.#state, peer) - peer.outstandingBytes - peer.partialBytes >= bytes;
  }

  #firstFor(peer: Peer): number | undefined {
    const { board } = this.#state;
    return board.nextFree(peer.position) ?? board.nextFree(0);
  }
}

function isBefore(peer: Peer, other: Peer, nowMs: number): boolean {
  const order = peer.requests.size - other.requests.size || peer.turnMs - other.turnMs;
  return order < 0 || (order === 0 && peer.worthAt(nowMs) > other.worthAt(nowMs));
}
