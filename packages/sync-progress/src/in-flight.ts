import { type Attempt, illegalTransition } from './attempt.js';
import { SyncProgressError } from './errors.js';
import type { SyncEvent } from './events.js';
import type { Peer } from './peer.js';

/** What a cancelled attempt still has outside: a request, a check or a write. */
export type LateWork = 'request' | 'proof' | 'commit';

/** A cancelled attempt whose result has not come; it only holds bytes. */
export class LateResult {
  readonly id: number;
  readonly work: LateWork;
  readonly bytes: number;
  readonly peer: Peer;

  constructor(attempt: Attempt, work: LateWork, bytes: number) {
    this.id = attempt.id;
    this.work = work;
    this.bytes = bytes;
    this.peer = attempt.peer;
  }
}

type AttemptEvent = Extract<SyncEvent, { readonly attempt: number }>;

const lateEvents: Readonly<Record<LateWork, readonly AttemptEvent['type'][]>> = {
  request: ['chunk-received', 'chunk-unavailable', 'cancelled'],
  proof: ['proved', 'refuted', 'prove-failed', 'cancelled'],
  commit: ['committed', 'commit-failed', 'cancelled'],
};

/**
 * The attempts under way and the bytes reserved for them. Each range is reserved whole from its first request until
 * nothing of it can be in flight or in memory.
 */
export class InFlight {
  readonly attempts: Map<number, Attempt> = new Map();
  readonly late: Map<number, LateResult> = new Map();
  readonly #byRange = new Map<number, Attempt[]>();
  #lastId = 0;
  #reservedBytes = 0;
  limitBytes = 0;

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#reservedBytes + bytes <= this.limitBytes;
  }

  add(attempt: Attempt): void {
    this.attempts.set(attempt.id, attempt);
    this.#byRange.set(attempt.range, [...this.ofRange(attempt.range), attempt]);
    this.#reservedBytes += attempt.summary.bytes;
  }

  ofRange(range: number): readonly Attempt[] {
    return this.#byRange.get(range) ?? [];
  }

  /** Ends an attempt; of its bytes only those of a result still to come stay reserved. */
  remove(attempt: Attempt, late?: LateResult): void {
    this.attempts.delete(attempt.id);
    const others = this.ofRange(attempt.range).filter((other) => other !== attempt);
    if (others.length === 0) this.#byRange.delete(attempt.range);
    else this.#byRange.set(attempt.range, others);
    this.#reservedBytes -= attempt.summary.bytes;
    if (late === undefined) return;
    this.late.set(late.id, late);
    this.#reservedBytes += late.bytes;
  }

  release(late: LateResult): void {
    if (this.late.delete(late.id)) this.#reservedBytes -= late.bytes;
  }

  /**
   * The attempt an event is about; undefined if it is over.
   *
   * @throws SYNC_PROGRESS_UNKNOWN_ATTEMPT if there never was one
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION if it was cancelled and cannot have this result
   */
  find(event: AttemptEvent): Attempt | LateResult | undefined {
    const id = event.attempt;
    if (!Number.isSafeInteger(id) || id < 1 || id > this.#lastId) {
      throw new SyncProgressError('SYNC_PROGRESS_UNKNOWN_ATTEMPT', `There never was an attempt ${id}.`, {
        details: { attempt: id, event: event.type },
      });
    }
    const late = this.late.get(id);
    if (late !== undefined && !lateEvents[late.work].includes(event.type)) {
      throw illegalTransition(id, `cancelled with its ${late.work} outstanding`, event.type);
    }
    return late ?? this.attempts.get(id);
  }
}
