import type { Attempt } from './attempt.js';
import { illegalTransition } from './attempt.js';
import { SyncProgressError } from './errors.js';
import type { AttemptEvent } from './events.js';
import type { SyncState } from './sync-state.js';

/** Part of the bytes in flight that may wait to be written in order. */
const waitingPart = 1 / 4;

type Result = AttemptEvent['type'];

const lateProofResults: readonly Result[] = ['proved', 'refuted', 'prove-failed', 'cancelled'];
const lateCommitResults: readonly Result[] = ['committed', 'commit-failed', 'cancelled'];

/**
 * What is received on its way into the store: a line for checking, a line for writing, each with a bound for what is
 * handed out at once. A failure here pauses all work with a back-off that doubles, and then ends the sync.
 */
export class LocalWork {
  readonly #state: SyncState;
  readonly #toProve = new Set<Attempt>();
  readonly #toCommit = new Set<Attempt>();
  #proving = 0;
  #committing = 0;
  /** The furthest range that was handed out for writing. */
  #front = -1;

  constructor(state: SyncState) {
    this.#state = state;
  }

  /** Handed out for checking, cancelled ones included. */
  get proving(): number {
    return this.#proving;
  }

  /** Handed out for writing, cancelled ones included. */
  get committing(): number {
    return this.#committing;
  }

  /**
   * The attempt a result is about; undefined if it is over.
   *
   * @throws SYNC_PROGRESS_UNKNOWN_ATTEMPT if there never was one
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION if it cannot have this result now
   */
  find({ attempt: id, type }: AttemptEvent): Attempt | undefined {
    if (!Number.isSafeInteger(id) || id < 1 || id > this.#state.lastAttempt) {
      throw new SyncProgressError('SYNC_PROGRESS_UNKNOWN_ATTEMPT', `There never was an attempt ${id}.`, {
        details: { attempt: id, event: type },
      });
    }
    const attempt = this.#state.attempts.get(id);
    if (attempt?.isCancelled) {
      const work = attempt.isProving ? 'proof' : 'commit';
      if (!(work === 'proof' ? lateProofResults : lateCommitResults).includes(type)) {
        throw illegalTransition(id, `cancelled with its ${work} outstanding`, type);
      }
    } else if (type === 'proved' || type === 'refuted' || type === 'prove-failed') {
      attempt?.expect('received', type);
    } else if (type === 'committed' || type === 'commit-failed') {
      attempt?.expect('committing', type);
    } else if (attempt !== undefined) {
      throw illegalTransition(id, attempt.state, type);
    }
    return attempt;
  }

  /** A range is fully received. */
  take(attempt: Attempt): void {
    this.#state.attempts.set(attempt.id, attempt);
    this.#toProve.add(attempt);
  }

  /** The check has ended. */
  proofEnded(attempt: Attempt): void {
    attempt.isProving = false;
    this.#proving--;
  }

  proveAgain(attempt: Attempt): void {
    this.#toProve.add(attempt);
  }

  acceptProof(attempt: Attempt): void {
    attempt.advance('proved');
    this.#toCommit.add(attempt);
  }

  /** The write has ended. */
  commitEnded(): void {
    this.#committing--;
  }

  commitAgain(attempt: Attempt): void {
    attempt.advance('proved');
    this.#toCommit.add(attempt);
  }

  /** Takes an attempt off the lines; one that is busy outside stays until its result comes. */
  drop(attempt: Attempt): void {
    this.#toProve.delete(attempt);
    this.#toCommit.delete(attempt);
    if (attempt.isBusy) {
      attempt.isCancelled = true;
      this.#state.commands.push({ type: 'cancel', attempt: attempt.id });
    } else {
      this.end(attempt);
      this.#state.commands.push({ type: 'discard', attempt: attempt.id });
    }
  }

  /** The attempt is over, and its memory free. */
  end(attempt: Attempt): void {
    this.#state.attempts.delete(attempt.id);
    for (const chunk of attempt.chunks) this.#state.budget.letGo(chunk);
  }

  /** Another manifest was adopted: its ranges have other numbers. */
  startOver(): void {
    this.#front = -1;
  }

  /** Hands out checks, in the order in which they became possible. */
  handOutChecks(): void {
    const { settings, commands } = this.#state;
    for (const attempt of this.#toProve) {
      if (this.#proving >= settings.maxConcurrentProofs) break;
      this.#toProve.delete(attempt);
      attempt.isProving = true;
      this.#proving++;
      commands.push({ type: 'prove', attempt: attempt.id, range: attempt.range });
    }
  }

  /** Hands out writes, in the order of their keys. To be called when all is requested that can be, so that it shows what is coming. */
  handOutWrites(): void {
    const { settings, commands } = this.#state;
    while (this.#committing < settings.maxConcurrentCommits) {
      const attempt = this.#nextToCommit();
      if (attempt === undefined) break;
      this.#toCommit.delete(attempt);
      this.#front = Math.max(this.#front, attempt.range);
      attempt.advance('committing');
      this.#committing++;
      commands.push({ type: 'commit', attempt: attempt.id, range: attempt.range });
    }
  }

  /**
   * The first range in key order that waits to be written. A store that sorts what it is given is quickest when it comes in order, so
   * that one waits for those before it that are on their way, as long as few bytes wait.
   */
  #nextToCommit(): Attempt | undefined {
    let next: Attempt | undefined;
    let bytes = 0;
    for (const attempt of this.#toCommit) {
      bytes += attempt.summary.bytes;
      if (next === undefined || attempt.range < next.range) next = attempt;
    }
    if (next === undefined) return undefined;
    const mayWait = bytes <= waitingPart * this.#state.budget.limitBytes;
    return mayWait && this.#isAnyComing(this.#front + 1, next.range) ? undefined : next;
  }

  /** True if a range from `from` to before `to` is requested or waits for its check, and will be here soon as far as is known. */
  #isAnyComing(from: number, to: number): boolean {
    const { attempts, requests, board } = this.#state;
    for (const { range, state, isCancelled } of attempts.values()) {
      if (range >= from && range < to && !isCancelled && state === 'received') return true;
    }
    for (const { span, isCancelled, isOverdue } of requests.values()) {
      if (isCancelled || isOverdue) continue;
      // Nearly always the first is open.
      for (let range = Math.max(span.first, from); range < Math.min(span.end, to); range++) {
        if (board.isOpen(range)) return true;
      }
    }
    return false;
  }

  /** Something went wrong here. True if it went wrong too often; several failures before the next try count as one. */
  fail(message: string): boolean {
    const state = this.#state;
    state.localFailure = message;
    if (state.localRetryAtMs > state.nowMs) return false;
    state.localFailures++;
    if (state.localFailures >= state.settings.maxLocalFailures) return true;
    const delayMs = state.settings.retryDelayMs * 2 ** (state.localFailures - 1);
    state.localRetryAtMs = state.nowMs + Math.min(delayMs, state.settings.maxRetryDelayMs);
    state.timers.schedule('local-retry', state.localRetryAtMs);
    return false;
  }

  /** A write succeeded, or everything starts anew. */
  forgetFailures(): void {
    this.#state.localFailures = 0;
    this.#state.localFailure = undefined;
  }
}
