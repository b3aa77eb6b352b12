import type { Peer } from './peer.js';
import { requestSize, trustedBytes, usablePeers } from './request-size.js';
import type { Span, SpanRequest } from './span-request.js';
import type { SyncState } from './sync-state.js';

/** A second sender must be expected to finish this many times sooner than the first. */
const raceGain = 1.5;
/** Part of the manifest that may be asked for twice from peers that are not overdue. */
const racedPart = 0.04;

/** Work that is taken from a slow peer: whoever sends a range first has it. */
export interface Race {
  readonly span: Span;
  /** The slower request. */
  readonly rival: SpanRequest;
}

/**
 * Once every range is asked for: what the fastest idle peer could send much sooner than the peer that was asked for it. An
 * overdue request is always taken over; one that is only slow, as long as few bytes are asked for twice.
 */
export class Stragglers {
  readonly #state: SyncState;
  #racedBytes = 0;

  constructor(state: SyncState) {
    this.#state = state;
  }

  next(): Race | undefined {
    const peer = this.#idlePeer();
    if (peer === undefined) return undefined;
    const { requests, nowMs } = this.#state;
    const size = requestSize(this.#state, peer, usablePeers(this.#state));
    const limit = Math.min(size.wantedBytes, size.trustedBytes);
    let best: Race | undefined;
    let bestMs = 0;
    for (const rival of requests.values()) {
      if (rival.isCancelled || rival.span.peer === peer) continue;
      const leftMs = rival.isOverdue ? Number.POSITIVE_INFINITY : rival.expectedAtMs - nowMs;
      if (leftMs <= bestMs) continue;
      const span = this.#spanOf(rival, peer, limit);
      if (span === undefined || raceGain * peer.finishMs(span.bytes) >= leftMs) continue;
      if (!rival.isOverdue && this.#racedBytes + span.bytes > this.#allowedBytes()) continue;
      best = { span, rival };
      bestMs = leftMs;
    }
    if (best !== undefined && !best.rival.isOverdue) this.#racedBytes += best.span.bytes;
    return best;
  }

  #allowedBytes(): number {
    return racedPart * (this.#state.tally?.total.bytes ?? 0);
  }

  #idlePeer(): Peer | undefined {
    const { connected, nowMs } = this.#state;
    let best: Peer | undefined;
    let bestWorth = 0;
    for (const peer of connected) {
      if (!peer.isUsable(nowMs) || peer.requests.size > 0 || trustedBytes(this.#state, peer) <= 0) continue;
      const worth = peer.worthAt(nowMs);
      if (worth <= bestWorth) continue;
      best = peer;
      bestWorth = worth;
    }
    return best;
  }

  /** The first of the rival's ranges that nobody else is asked for, at least one. */
  #spanOf({ span }: SpanRequest, peer: Peer, limit: number): Span | undefined {
    const { board, budget, settings } = this.#state;
    const isLone = (range: number): boolean => board.isOpen(range) && board.holders(range) === 1;
    let { first } = span;
    while (first < span.end && !isLone(first)) first++;
    let bytes = 0;
    let end = first;
    while (end < span.end && isLone(end)) {
      const next = board.ranges[end]?.bytes ?? 0;
      if (!budget.hasRoomFor(bytes + next) || (end > first && bytes + next > limit)) break;
      bytes += next;
      end++;
    }
    if (end === first) return undefined;
    return { peer, first, end, partial: undefined, bytes, maxBytes: Math.min(bytes, settings.maxChunkBytes) };
  }
}
