import type { HeldChunk } from './budget.js';
import { SyncProgressError } from './errors.js';
import type { Peer } from './peer.js';
import type { RangeSummary } from './range.js';

/** How far an attempt has come. `receiving` lasts until its last record. */
export type AttemptState = 'receiving' | 'received' | 'proved' | 'committing' | 'committed';

const successors: Readonly<Record<AttemptState, readonly AttemptState[]>> = {
  receiving: ['received'],
  received: ['proved'],
  proved: ['committing'],
  committing: ['committed', 'proved'],
  committed: [],
};

/** One try to get one range from one sender; it begins with the first piece of the range. */
export class Attempt {
  readonly id: number;
  readonly range: number;
  readonly summary: RangeSummary;
  readonly peer: Peer;
  readonly chunks: HeldChunk[] = [];
  #state: AttemptState = 'receiving';
  /** Where its sender goes on. */
  cursor: Uint8Array;
  receivedRecords = 0;
  receivedBytes = 0;
  emptyChunks = 0;
  /** A check is under way outside. */
  isProving = false;
  /** Its result is not wanted any more, but has not come. */
  isCancelled = false;

  constructor(id: number, range: number, summary: RangeSummary, peer: Peer) {
    this.id = id;
    this.range = range;
    this.summary = summary;
    this.peer = peer;
    this.cursor = summary.startKey;
  }

  get state(): AttemptState {
    return this.#state;
  }

  get bytesLeft(): number {
    return this.summary.bytes - this.receivedBytes;
  }

  get recordsLeft(): number {
    return this.summary.records - this.receivedRecords;
  }

  /** A check or a write is under way outside. */
  get isBusy(): boolean {
    return this.isProving || this.#state === 'committing';
  }

  /** @throws SYNC_PROGRESS_ILLEGAL_TRANSITION */
  advance(next: AttemptState): void {
    if (!successors[this.#state].includes(next)) throw illegalTransition(this.id, this.#state, next);
    this.#state = next;
  }

  /** Throws unless the attempt is in the state in which an event makes sense. */
  expect(state: AttemptState, event: string): void {
    const isIdle = state === 'received' && !this.isProving;
    if (this.#state !== state || isIdle) throw illegalTransition(this.id, this.#state, event);
  }
}

/** An event or a step that does not fit the state of its attempt. */
export function illegalTransition(attempt: number, state: string, event: string): SyncProgressError {
  return new SyncProgressError(
    'SYNC_PROGRESS_ILLEGAL_TRANSITION',
    `Attempt ${attempt} is ${state}; "${event}" does not follow from that.`,
    { details: { attempt, state, event } },
  );
}
