import type { Attempt } from './attempt.js';
import type { InFlight } from './in-flight.js';
import type { SyncSettings } from './options.js';
import { assumedBytesPerSecond, type Peer } from './peer.js';
import type { RangeSummary } from './range.js';
import { RangeQueue } from './range-queue.js';

/** A second sender must be expected to finish this many times sooner than the first. */
const raceGain = 1.5;
/** Taking a range away throws away what its sender has sent, so it must gain more. */
const takeoverGain = 2;

/** What is known when work is given out. */
export interface Situation {
  readonly peers: Iterable<Peer>;
  readonly inFlight: InFlight;
  readonly settings: SyncSettings;
  readonly nowMs: number;
}

/** An attempt to race or to replace by one of `peer`. */
export interface Rivalry {
  readonly peer: Peer;
  readonly attempt: Attempt;
  /** The range does not fit twice, so the attempt has to be cancelled first. */
  readonly isTakeover: boolean;
}

/**
 * Decides which range goes to which peer. A peer that was never measured gets the smallest range; a measured one the
 * largest that no other peer would finish sooner. A large range that does not fit the byte budget is passed by small
 * ones for at most one budget's worth of bytes; then everything waits for it.
 */
export class Assignment {
  readonly queue: RangeQueue;
  readonly #ranges: readonly RangeSummary[];
  #blockedRange: number | undefined;
  #passedBytes = 0;

  constructor(ranges: readonly RangeSummary[], totalBytes: number) {
    this.#ranges = ranges;
    this.queue = new RangeQueue(ranges, totalBytes);
  }

  /** Takes the next range for the next peer out of the queue; undefined if no peer has room or no range fits. */
  take(situation: Situation): { readonly peer: Peer; readonly range: number } | undefined {
    const peer = this.queue.size === 0 ? undefined : nextPeer(situation);
    const range = peer && this.#fitting(peer, situation);
    if (peer === undefined || range === undefined) return undefined;
    this.queue.take(range);
    if (range === this.#blockedRange) this.#blockedRange = undefined;
    else if (this.#blockedRange !== undefined) this.#passedBytes += this.#bytes(range);
    return { peer, range };
  }

  #fitting(peer: Peer, { inFlight, peers, nowMs }: Situation): number | undefined {
    const { large, small } = this.queue.candidates();
    if (this.#blockedRange !== undefined && this.#passedBytes >= inFlight.limitBytes) {
      return inFlight.hasRoomFor(this.#bytes(this.#blockedRange)) ? this.#blockedRange : undefined;
    }
    const wanted = this.#wanted(
      peer,
      large,
      small,
      [...peers].filter((other) => other.isUsable(nowMs)),
    );
    if (wanted === undefined || inFlight.hasRoomFor(this.#bytes(wanted))) return wanted;
    if (wanted === small) return undefined;
    if (this.#blockedRange === undefined) {
      this.#blockedRange = wanted;
      this.#passedBytes = 0;
    }
    return small !== undefined && inFlight.hasRoomFor(this.#bytes(small)) ? small : undefined;
  }

  #wanted(
    peer: Peer,
    large: readonly number[],
    small: number | undefined,
    usable: readonly Peer[],
  ): number | undefined {
    const smallest = small ?? large.at(-1);
    if (peer.rate.bytesPerSecond === undefined) return smallest;
    // Whoever was hardly measured may be as fast as the fastest: to find out costs less than to leave it idle.
    const assumed = Math.max(assumedBytesPerSecond, ...usable.map((other) => other.rate.bytesPerSecond ?? 0));
    const best = large.find((range) => {
      const bytes = this.#bytes(range);
      const ownMs = peer.finishMs(bytes, assumed);
      return usable.every((other) => other.finishMs(bytes, assumed) >= ownMs);
    });
    return best ?? smallest;
  }

  #bytes(range: number): number {
    return this.#ranges[range]?.bytes ?? 0;
  }
}

/** The peer with the fewest requests, the fastest of these. */
function nextPeer({ peers, settings, nowMs }: Situation): Peer | undefined {
  let next: Peer | undefined;
  for (const peer of peers) {
    if (!peer.isUsable(nowMs) || !peer.hasRoom(settings)) continue;
    if (
      next === undefined ||
      peer.requests < next.requests ||
      (peer.requests === next.requests && peer.comparableRate() > next.comparableRate())
    ) {
      next = peer;
    }
  }
  return next;
}

/** The download an idle peer could finish much sooner than the peer that has it; only asked when no range is queued. */
export function findRivalry({ peers, inFlight, nowMs }: Situation): Rivalry | undefined {
  const idle = [...peers].filter((peer) => peer.isUsable(nowMs) && peer.requests === 0);
  idle.sort((a, b) => b.comparableRate() - a.comparableRate());
  for (const peer of idle) {
    let slowest: Rivalry | undefined;
    let slowestMs = 0;
    for (const attempt of inFlight.attempts.values()) {
      if (attempt.state !== 'requested' || attempt.peer === peer || inFlight.ofRange(attempt.range).length > 1)
        continue;
      const leftMs = attempt.isOverdue ? Number.POSITIVE_INFINITY : attempt.peer.finishMs(0);
      const ownMs = peer.finishMs(attempt.summary.bytes);
      const isTakeover = !inFlight.hasRoomFor(attempt.summary.bytes);
      if (isTakeover && !inFlight.hasRoomFor(attempt.expectedBytes)) continue;
      if (leftMs > slowestMs && ownMs * (isTakeover ? takeoverGain : raceGain) < leftMs) {
        slowest = { peer, attempt, isTakeover };
        slowestMs = leftMs;
      }
    }
    if (slowest !== undefined) return slowest;
  }
  return undefined;
}
