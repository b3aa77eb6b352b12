import type { SyncCommand } from '../commands.js';
import type { SyncEvent } from '../events.js';
import type { SyncStatus, WaitKind } from '../status.js';

/** A promise of the machine was broken; the message has the seed. */
export class SimulationError extends Error {}

/** What is true in the world, to compare a status with. */
export interface SimulatedTruth {
  readonly isAdopted: boolean;
  readonly doneRanges: number;
  readonly doneBytes: number;
  readonly totalRanges: number;
  readonly totalBytes: number;
  readonly connected: ReadonlySet<string>;
  /** Requests outstanding whose answers are wanted, by peer; and all. */
  readonly wantedRequests: ReadonlyMap<string, number>;
  readonly wanted: number;
  readonly proofs: number;
  readonly commits: number;
  /** Bytes of the chunks in memory, and what all outstanding requests may bring. */
  readonly heldBytes: number;
  readonly outstandingBytes: number;
  readonly limitBytes: number;
}

/** What a status says against what is the case; the first contradiction. */
export function contradictionOf(status: SyncStatus, truth: SimulatedTruth): string | undefined {
  const { phase, done, left, total, inFlight, waitingFor, peers } = status;
  if (total.ranges !== truth.totalRanges || total.bytes !== truth.totalBytes) return 'the status has another total';
  if (done.ranges !== truth.doneRanges || done.bytes !== truth.doneBytes) return 'the status has another count of done';
  if (left.ranges !== total.ranges - done.ranges || left.bytes !== total.bytes - done.bytes)
    return 'left is not what is left';
  if ((phase === 'done') !== (truth.isAdopted && left.ranges === 0))
    return `phase ${phase} with ${left.ranges} ranges left`;
  if (inFlight.requests !== truth.wanted) return `${inFlight.requests} requests instead of ${truth.wanted}`;
  if (inFlight.heldBytes !== truth.heldBytes)
    return `${inFlight.heldBytes} bytes in memory instead of ${truth.heldBytes}`;
  // What was cancelled with an earlier, larger manifest may not fit any more.
  if (inFlight.cancelled === 0 && inFlight.reservedBytes > inFlight.limitBytes)
    return 'more is reserved than the limit';
  if (inFlight.reservedBytes < truth.heldBytes + truth.outstandingBytes) return 'less is reserved than may come';
  for (const peer of peers) {
    if (peer.isConnected !== truth.connected.has(peer.peer)) return `${peer.peer} is shown as connected wrongly`;
    if ((peer.askedAtMs !== undefined) !== (truth.wantedRequests.get(peer.peer) ?? 0) > 0) {
      return `${peer.peer} is shown as asked wrongly`;
    }
  }
  const shares = peers.reduce((sum, peer) => sum + peer.share, 0);
  if (shares !== 0 && Math.abs(shares - 1) > 1e-9) return 'the shares of the peers do not add up';
  const wrong = wrongWait(waitingFor.kind, truth, phase);
  return wrong === undefined ? undefined : `it says that it waits for ${waitingFor.kind}, ${wrong}`;
}

function wrongWait(kind: WaitKind, truth: SimulatedTruth, phase: SyncStatus['phase']): string | undefined {
  const { wanted, proofs, commits, connected, isAdopted } = truth;
  switch (kind) {
    case 'manifest':
      return isAdopted ? 'but has a manifest' : undefined;
    case 'answers':
      return wanted > 0 ? undefined : 'but nobody is asked';
    case 'proofs':
      return wanted === 0 && proofs > 0 ? undefined : 'but nothing is checked, or somebody is asked';
    case 'commits':
      return wanted === 0 && proofs === 0 && commits > 0 ? undefined : 'but nothing is written, or more is under way';
    case 'peers':
      return connected.size === 0 && wanted === 0 ? undefined : 'but somebody is connected';
    case 'available-peer':
    case 'memory':
      return connected.size > 0 && wanted === 0 ? undefined : 'but nobody is connected, or somebody is asked';
    case 'local-retry':
      return undefined;
    case 'nothing':
      return phase === 'done' || phase === 'failed' ? undefined : 'but is not over';
  }
}

const windowMs = 1_000;
/** What a peer may have outstanding. */
const requestsAtOnce = 4;
/** Requests to a peer in one window that need not bring a chunk. */
const freeRequests: number = 3 * requestsAtOnce;
/** Events at one moment. */
const eventsAtOnce = 10_000;

/** Watches that nothing is asked again and again in vain, and that the machine wants no tick that changes nothing. */
export class SpinGuard {
  readonly #windows = new Map<string, { fromMs: number; requests: number; answers: number }>();
  #atMs = -1;
  #events = 0;

  /** What is wrong, if anything is. */
  look(event: SyncEvent, commands: readonly SyncCommand[], nextTickMs: number | undefined): string | undefined {
    const { nowMs } = event;
    if (nextTickMs !== undefined && nextTickMs <= nowMs) return 'it wants a tick at once';
    this.#events = nowMs === this.#atMs ? this.#events + 1 : 0;
    this.#atMs = nowMs;
    if (this.#events > eventsAtOnce) return 'it does not let time go on';
    if (event.type === 'peer-joined') this.#window(event.peer, nowMs).answers += requestsAtOnce;
    for (const command of commands) {
      if (command.type !== 'request') continue;
      const window = this.#window(command.peer, nowMs);
      window.requests++;
      if (window.requests > window.answers + freeRequests) {
        return `it asks ${command.peer} ${window.requests} times in a second for ${window.answers} answers`;
      }
    }
    return undefined;
  }

  /** The peer sent a chunk. */
  noteAnswer(peer: string, nowMs: number): void {
    this.#window(peer, nowMs).answers++;
  }

  #window(peer: string, nowMs: number): { requests: number; answers: number } {
    let window = this.#windows.get(peer);
    if (window === undefined || nowMs - window.fromMs >= windowMs) {
      window = { fromMs: nowMs, requests: 0, answers: 0 };
      this.#windows.set(peer, window);
    }
    return window;
  }
}
