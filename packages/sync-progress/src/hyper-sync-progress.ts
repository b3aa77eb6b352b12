// Who downloads which range from whom next.
//
// Events go in, commands come out; nothing else happens, so a sequence of events always gives the same commands.
// `Tally` knows which ranges are in the store, `Assignment` which are waiting and who is to get them, `InFlight` holds
// the attempts and the byte budget, `Peer` what one peer has shown of itself, `Timers` what is due when.
//
// Invariants: every range is done, queued, or has one or two attempts; an attempt in `requested` has exactly one
// request outstanding; at most one attempt of a range is ever proved; reserved bytes stay within the limit; a peer is
// banned only for what its own bytes prove.
//
// An event that does not fit throws before anything has changed.

import { Assignment, findRivalry, type Situation } from './assignment.js';
import { Attempt, illegalTransition } from './attempt.js';
import { type ChunkVerdict, checkChunk } from './check-chunk.js';
import type { BanReason, SyncCommand } from './commands.js';
import type { ChunkReceived, ManifestAdopted, RangeRefuted, SyncEvent } from './events.js';
import { InFlight, LateResult } from './in-flight.js';
import { type HyperSyncProgressOptions, type SyncSettings, settingsFrom } from './options.js';
import { Peer } from './peer.js';
import { RateWindow } from './rate.js';
import { createStatus, findWaitKind, waitingOf } from './report.js';
import type { SyncPhase, SyncStatus, WaitKind } from './status.js';
import { Tally } from './tally.js';
import { Timers } from './timers.js';

/** A request is asked again after this many timeouts even if there is nobody else to ask. */
const abandonFactor = 4;
/** An answer is overdue after this many times what the peer's rate explains. */
const overdueFactor = 4;

/** Everything a report needs to see. */
export interface SyncState {
  readonly settings: SyncSettings;
  readonly peers: Map<string, Peer>;
  readonly connected: Set<Peer>;
  readonly inFlight: InFlight;
  readonly timers: Timers<Attempt | LateResult | Peer | 'local'>;
  readonly byteRate: RateWindow;
  readonly recordRate: RateWindow;
  readonly counters: {
    requests: number;
    unavailable: number;
    timeouts: number;
    races: number;
    takeovers: number;
    bans: number;
    wastedBytes: number;
  };
  phase: SyncPhase;
  tally: Tally | undefined;
  nowMs: number;
  proving: number;
  committing: number;
  localFailures: number;
  localFailure: string | undefined;
  localRetryAtMs: number;
  lastProgressMs: number | undefined;
  waitKind: WaitKind;
  waitSinceMs: number;
}

/**
 * A pure state machine that downloads the ranges of a manifest from several untrusted peers at once (the design is in
 * the README). It starts no timers and does no I/O.
 */
export class HyperSyncProgress {
  readonly #state: SyncState;
  readonly #toProve = new Set<Attempt>();
  readonly #toCommit = new Set<Attempt>();
  readonly #gone = new Set<Peer>();
  #assignment = new Assignment([], 0);
  #commands: SyncCommand[] = [];

  constructor(options: HyperSyncProgressOptions = {}) {
    const settings = settingsFrom(options);
    this.#state = {
      settings,
      peers: new Map(),
      connected: new Set(),
      inFlight: new InFlight(),
      timers: new Timers(),
      byteRate: new RateWindow(settings.rateWindowMs),
      recordRate: new RateWindow(settings.rateWindowMs),
      counters: { requests: 0, unavailable: 0, timeouts: 0, races: 0, takeovers: 0, bans: 0, wastedBytes: 0 },
      phase: 'idle',
      tally: undefined,
      nowMs: 0,
      proving: 0,
      committing: 0,
      localFailures: 0,
      localFailure: undefined,
      localRetryAtMs: 0,
      lastProgressMs: undefined,
      waitKind: 'manifest',
      waitSinceMs: 0,
    };
  }

  /** When the machine wants a `tick` at the latest; undefined if only other events can change anything. */
  get nextTickMs(): number | undefined {
    return this.#state.timers.nextMs();
  }

  /**
   * Takes in what happened and says what to do about it. Costs O(log n) in the number of ranges, except for
   * `manifest-adopted`, which reads them all.
   *
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION SYNC_PROGRESS_UNKNOWN_ATTEMPT SYNC_PROGRESS_INVALID_RECORDS
   * SYNC_PROGRESS_INVALID_MANIFEST; the event then counts as not given
   */
  handle(event: SyncEvent): readonly SyncCommand[] {
    if (!(event.nowMs >= 0 && event.nowMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError('nowMs must be a finite number, not negative.');
    }
    const state = this.#state;
    state.nowMs = Math.max(state.nowMs, event.nowMs);
    this.#commands = [];
    this.#apply(event);
    for (let due = state.timers.takeDue(state.nowMs); due !== undefined; due = state.timers.takeDue(state.nowMs)) {
      this.#onDue(due);
    }
    this.#giveOutWork();
    this.#noteWaiting();
    return this.#commands;
  }

  /** The state of the sync; costs O(peers + prefixes + attempts). */
  status(nowMs: number): SyncStatus {
    return createStatus(this.#state, Math.max(nowMs, this.#state.nowMs));
  }

  #apply(event: SyncEvent): void {
    switch (event.type) {
      case 'manifest-adopted':
        this.#adopt(event);
        break;
      case 'peer-joined':
        this.#join(event.peer);
        break;
      case 'peer-left':
        this.#leave(event.peer);
        break;
      case 'peer-pardoned':
        this.#pardon(event.peer);
        break;
      case 'tick':
        break;
      default: {
        const found = this.#state.inFlight.find(event);
        if (found instanceof LateResult) this.#settleLate(found, event);
        else if (found !== undefined) this.#applyToAttempt(found, event);
      }
    }
  }

  #applyToAttempt(attempt: Attempt, event: Extract<SyncEvent, { readonly attempt: number }>): void {
    switch (event.type) {
      case 'chunk-received':
        attempt.expect('requested', event.type);
        this.#acceptChunk(attempt, event);
        break;
      case 'chunk-unavailable':
        attempt.expect('requested', event.type);
        this.#settleRequest(attempt, 0);
        this.#dropUnavailable(attempt);
        break;
      case 'proved':
        attempt.expect('received', event.type);
        this.#acceptProof(attempt);
        break;
      case 'refuted':
        attempt.expect('received', event.type);
        this.#acceptRefutation(attempt, event);
        break;
      case 'prove-failed':
        attempt.expect('received', event.type);
        attempt.isProving = false;
        this.#state.proving--;
        this.#toProve.add(attempt);
        this.#failLocally(event.message);
        break;
      case 'committed':
        attempt.expect('committing', event.type);
        this.#complete(attempt);
        break;
      case 'commit-failed':
        attempt.expect('committing', event.type);
        attempt.advance('proved');
        this.#state.committing--;
        this.#toCommit.add(attempt);
        this.#failLocally(event.message);
        break;
      case 'cancelled':
        // Only cancelled attempts can be reported so.
        throw illegalTransition(attempt.id, attempt.state, event.type);
    }
  }

  // Manifests

  #adopt(event: ManifestAdopted): void {
    const state = this.#state;
    const tally = new Tally(event.manifestId, event.ranges, event.proved);
    this.#dropAll();
    state.tally = tally;
    state.phase = 'syncing';
    state.localFailures = 0;
    state.localFailure = undefined;
    state.localRetryAtMs = 0;
    state.timers.cancel('local');
    state.inFlight.limitBytes = Math.max(
      state.settings.maxBytesInFlight,
      tally.largestBytes + state.settings.maxChunkBytes,
    );
    this.#assignment = new Assignment(tally.ranges, tally.total.bytes);
    for (let range = 0; range < tally.ranges.length; range++) {
      if (!tally.isDone(range)) this.#assignment.queue.push(range);
    }
    for (const peer of state.peers.values()) {
      peer.doneRanges = 0;
      peer.doneRecords = 0;
      peer.doneBytes = 0;
      // It may have this snapshot although it did not have the one before.
      this.#endBackOff(peer);
    }
    this.#finishIfComplete();
  }

  #finishIfComplete(): void {
    const { tally } = this.#state;
    if (tally === undefined || !tally.isComplete) return;
    this.#state.phase = 'done';
    this.#commands.push({ type: 'done', manifestId: tally.manifestId });
  }

  // Peers

  #join(name: string): void {
    const state = this.#state;
    let peer = state.peers.get(name);
    if (peer === undefined) {
      peer = new Peer(name);
      state.peers.set(name, peer);
    }
    if (peer.isBanned || peer.isConnected) return;
    peer.isConnected = true;
    peer.hasAnswered = false;
    this.#gone.delete(peer);
    state.connected.add(peer);
    if (peer.retryAtMs > state.nowMs) state.timers.schedule(peer, peer.retryAtMs);
  }

  #leave(name: string): void {
    const peer = this.#state.peers.get(name);
    if (peer === undefined || !peer.isConnected) return;
    // One that joins, is asked, and leaves, again and again, must not cost a request each time.
    if (peer.downloads.size > 0 && !peer.hasAnswered) peer.noteFailure(this.#state.settings, this.#state.nowMs);
    this.#disconnect(peer);
  }

  #pardon(name: string): void {
    const peer = this.#state.peers.get(name);
    if (peer !== undefined) peer.isBanned = false;
  }

  /** A range that is fully received no longer needs its sender: its proof decides. */
  #disconnect(peer: Peer): void {
    const state = this.#state;
    peer.isConnected = false;
    state.connected.delete(peer);
    state.timers.cancel(peer);
    for (const attempt of [...peer.downloads]) this.#drop(attempt);
    for (const late of [...peer.late]) this.#releaseRequest(late);
    this.#gone.delete(peer);
    this.#gone.add(peer);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= state.settings.maxRememberedPeers) break;
      this.#gone.delete(oldest);
      state.peers.delete(oldest.name);
    }
  }

  #ban(attempt: Attempt, reason: BanReason, text: string, details: Readonly<Record<string, unknown>>): void {
    const state = this.#state;
    const { peer, summary } = attempt;
    this.#drop(attempt, { isSettled: true });
    if (peer.isBanned) return;
    peer.isBanned = true;
    state.counters.bans++;
    this.#commands.push({
      type: 'ban',
      peer: peer.name,
      reason,
      evidence: {
        manifestId: state.tally?.manifestId ?? '',
        attempt: attempt.id,
        range: attempt.range,
        startKey: summary.startKey,
        endKey: summary.endKey,
        records: summary.records,
        bytes: summary.bytes,
        text,
        details,
      },
    });
    this.#disconnect(peer);
  }

  #backOff(peer: Peer): void {
    peer.noteFailure(this.#state.settings, this.#state.nowMs);
    this.#state.timers.schedule(peer, peer.retryAtMs);
  }

  #endBackOff(peer: Peer): void {
    peer.retryAtMs = 0;
    this.#state.timers.cancel(peer);
  }

  // Downloads

  #start(peer: Peer, range: number): void {
    const state = this.#state;
    const summary = state.tally?.ranges[range];
    if (summary === undefined) return;
    const attempt = new Attempt(state.inFlight.nextId(), range, summary, peer);
    state.inFlight.add(attempt);
    if (peer.requests === 0) peer.rate.begin(state.nowMs);
    peer.downloads.add(attempt);
    peer.bytesLeft += summary.bytes;
    this.#request(attempt);
  }

  #request(attempt: Attempt): void {
    const { settings, counters, timers, nowMs } = this.#state;
    const { peer, summary } = attempt;
    const maxBytes = Math.max(1, Math.min(peer.chunkBytes(settings), attempt.bytesLeft));
    attempt.expectedBytes = Math.min(maxBytes, attempt.bytesLeft);
    attempt.requestedAtMs = nowMs;
    peer.outstandingBytes += attempt.expectedBytes;
    counters.requests++;
    const rate = peer.rate.bytesPerSecond;
    const expectedMs =
      rate === undefined ? Number.POSITIVE_INFINITY : (peer.outstandingBytes * 1000) / Math.max(rate, 1);
    const overdueMs = Math.max(settings.minRequestTimeoutMs, overdueFactor * expectedMs);
    timers.schedule(attempt, nowMs + Math.min(overdueMs, settings.requestTimeoutMs / 2));
    this.#commands.push({
      type: 'request',
      attempt: attempt.id,
      peer: peer.name,
      range: attempt.range,
      startKey: attempt.cursor,
      endKey: summary.endKey,
      maxBytes,
    });
  }

  #settleRequest(attempt: Attempt, bytes: number): void {
    const { peer } = attempt;
    peer.outstandingBytes -= attempt.expectedBytes;
    attempt.expectedBytes = 0;
    attempt.isOverdue = false;
    this.#state.timers.cancel(attempt);
    if (bytes > 0) {
      peer.hasAnswered = true;
      peer.rate.sample(bytes, this.#state.nowMs);
    }
  }

  #acceptChunk(attempt: Attempt, event: ChunkReceived): void {
    const state = this.#state;
    const { settings, nowMs } = state;
    const verdict: ChunkVerdict = checkChunk(event, {
      startKey: attempt.cursor,
      endKey: attempt.summary.endKey,
      recordsLeft: attempt.recordsLeft,
      bytesLeft: attempt.bytesLeft,
      maxKeyBytes: settings.maxKeyBytes,
      maxValueBytes: settings.maxValueBytes,
    });
    if (!verdict.isAccepted) {
      this.#settleRequest(attempt, 0);
      this.#ban(attempt, verdict.problem, verdict.text, verdict.details);
      return;
    }
    this.#settleRequest(attempt, verdict.bytes);
    const { peer } = attempt;
    peer.bytesLeft -= verdict.bytes;
    peer.receivedBytes += verdict.bytes;
    attempt.receivedBytes += verdict.bytes;
    attempt.receivedRecords += verdict.records;
    if (verdict.records > 0) {
      state.byteRate.add(verdict.bytes, nowMs);
      state.recordRate.add(verdict.records, nowMs);
      state.lastProgressMs = nowMs;
    }
    if (verdict.isComplete) {
      attempt.advance('received');
      peer.downloads.delete(attempt);
      this.#toProve.add(attempt);
      return;
    }
    if (verdict.records === 0) attempt.emptyChunks++;
    if (attempt.emptyChunks > settings.maxEmptyChunks) {
      this.#dropUnavailable(attempt);
      return;
    }
    attempt.cursor = Uint8Array.from(event.nextKey ?? attempt.cursor);
    this.#request(attempt);
  }

  #dropUnavailable(attempt: Attempt): void {
    this.#state.counters.unavailable++;
    this.#drop(attempt, { isDemoted: true, isSettled: true });
    this.#backOff(attempt.peer);
  }

  // Proofs and commits

  #acceptProof(attempt: Attempt): void {
    attempt.advance('proved');
    attempt.isProving = false;
    this.#state.proving--;
    attempt.peer.failures = 0;
    for (const rival of [...this.#state.inFlight.ofRange(attempt.range)]) {
      if (rival !== attempt) this.#drop(rival);
    }
    this.#toCommit.add(attempt);
  }

  #acceptRefutation(attempt: Attempt, event: RangeRefuted): void {
    attempt.isProving = false;
    this.#state.proving--;
    const text = `The records of the range do not match its manifest entry: ${event.reason}.`;
    this.#ban(attempt, 'refuted', text, event.details ?? {});
  }

  #complete(attempt: Attempt): void {
    const state = this.#state;
    attempt.advance('committed');
    state.committing--;
    state.inFlight.remove(attempt);
    state.tally?.complete(attempt.range);
    state.localFailures = 0;
    state.localFailure = undefined;
    state.lastProgressMs = state.nowMs;
    const { peer, summary } = attempt;
    peer.doneRanges++;
    peer.doneRecords += summary.records;
    peer.doneBytes += summary.bytes;
    this.#finishIfComplete();
  }

  /** Several failures before the next try count as one. */
  #failLocally(message: string): void {
    const state = this.#state;
    state.localFailure = message;
    if (state.localRetryAtMs > state.nowMs) return;
    state.localFailures++;
    if (state.localFailures >= state.settings.maxLocalFailures) {
      this.#dropAll();
      state.timers.cancel('local');
      state.phase = 'failed';
      this.#commands.push({ type: 'failed', message });
      return;
    }
    const delayMs = state.settings.retryDelayMs * 2 ** (state.localFailures - 1);
    state.localRetryAtMs = state.nowMs + Math.min(delayMs, state.settings.maxRetryDelayMs);
    state.timers.schedule('local', state.localRetryAtMs);
  }

  // Ends of attempts

  /** Ends an attempt without success and puts its range back unless a rival has it. */
  #drop(attempt: Attempt, options: { readonly isDemoted?: boolean; readonly isSettled?: boolean } = {}): void {
    const state = this.#state;
    const late = options.isSettled === true ? undefined : lateResultOf(attempt);
    state.timers.cancel(attempt);
    if (attempt.peer.downloads.delete(attempt)) attempt.peer.bytesLeft -= attempt.bytesLeft;
    if (late?.work === 'request') {
      attempt.peer.late.add(late);
      state.timers.schedule(late, state.nowMs + state.settings.requestTimeoutMs);
    } else {
      attempt.peer.outstandingBytes -= attempt.expectedBytes;
    }
    this.#toProve.delete(attempt);
    this.#toCommit.delete(attempt);
    state.inFlight.remove(attempt, late);
    state.counters.wastedBytes += attempt.receivedBytes;
    this.#commands.push({ type: late === undefined ? 'discard' : 'cancel', attempt: attempt.id });
    if (state.inFlight.ofRange(attempt.range).length === 0) this.#assignment.queue.push(attempt.range, options);
  }

  #dropAll(): void {
    for (const attempt of [...this.#state.inFlight.attempts.values()]) this.#drop(attempt);
  }

  #settleLate(late: LateResult, event: SyncEvent): void {
    const state = this.#state;
    if (late.work === 'proof') state.proving--;
    if (late.work === 'commit') state.committing--;
    if (late.work !== 'request') {
      state.inFlight.release(late);
      return;
    }
    this.#releaseRequest(late);
    if (event.type === 'chunk-unavailable') {
      state.counters.unavailable++;
      this.#backOff(late.peer);
    } else if (event.type === 'chunk-received') {
      const bytes = Math.min(event.records.bytes.length, late.bytes);
      state.counters.wastedBytes += bytes;
      late.peer.hasAnswered = true;
      late.peer.rate.sample(bytes, state.nowMs);
      // It is slow, not dead.
      this.#endBackOff(late.peer);
    }
  }

  #releaseRequest(late: LateResult): void {
    late.peer.late.delete(late);
    late.peer.outstandingBytes -= late.bytes;
    this.#state.timers.cancel(late);
    this.#state.inFlight.release(late);
  }

  // Time

  #onDue(due: Attempt | LateResult | Peer | 'local'): void {
    if (due instanceof LateResult) this.#releaseRequest(due);
    else if (due instanceof Attempt) this.#onRequestDue(due);
    // The ends of back-offs only wake the machine up.
  }

  #onRequestDue(attempt: Attempt): void {
    const state = this.#state;
    const { settings, nowMs } = state;
    const timeoutAtMs = attempt.requestedAtMs + settings.requestTimeoutMs;
    const abandonAtMs = attempt.requestedAtMs + settings.requestTimeoutMs * abandonFactor;
    attempt.isOverdue = true;
    if (nowMs < timeoutAtMs) {
      state.timers.schedule(attempt, timeoutAtMs);
      return;
    }
    const hasOthers = [...state.connected].some((peer) => peer !== attempt.peer && peer.isUsable(nowMs));
    if (!hasOthers && nowMs < abandonAtMs) {
      state.timers.schedule(attempt, Math.min(nowMs + settings.requestTimeoutMs, abandonAtMs));
      return;
    }
    state.counters.timeouts++;
    attempt.peer.rate.sample(0, nowMs);
    this.#drop(attempt);
    this.#backOff(attempt.peer);
  }

  // Work

  #giveOutWork(): void {
    const state = this.#state;
    if (state.phase !== 'syncing' || state.localRetryAtMs > state.nowMs) return;
    for (const attempt of this.#toCommit) {
      if (state.committing >= state.settings.maxConcurrentCommits) break;
      this.#toCommit.delete(attempt);
      attempt.advance('committing');
      state.committing++;
      this.#commands.push({ type: 'commit', attempt: attempt.id, range: attempt.range });
    }
    for (const attempt of this.#toProve) {
      if (state.proving >= state.settings.maxConcurrentProofs) break;
      this.#toProve.delete(attempt);
      attempt.isProving = true;
      state.proving++;
      this.#commands.push({ type: 'prove', attempt: attempt.id, range: attempt.range });
    }
    const { settings, inFlight, nowMs } = state;
    const situation: Situation = { peers: state.connected, inFlight, settings, nowMs };
    for (let next = this.#assignment.take(situation); next !== undefined; next = this.#assignment.take(situation)) {
      this.#start(next.peer, next.range);
    }
    if (this.#assignment.queue.size > 0) return;
    for (let rivalry = findRivalry(situation); rivalry !== undefined; rivalry = findRivalry(situation)) {
      const { peer, attempt, isTakeover } = rivalry;
      if (isTakeover) {
        state.counters.takeovers++;
        this.#drop(attempt);
        this.#assignment.queue.take(attempt.range);
      } else {
        state.counters.races++;
      }
      this.#start(peer, attempt.range);
    }
  }

  #noteWaiting(): void {
    const state = this.#state;
    const kind = findWaitKind(state, state.nowMs);
    if (kind === state.waitKind) return;
    state.waitKind = kind;
    state.waitSinceMs = state.nowMs;
    const { text, untilMs } = waitingOf(state, state.nowMs);
    this.#commands.push({ type: 'wait', kind, text, untilMs });
  }
}

function lateResultOf(attempt: Attempt): LateResult | undefined {
  if (attempt.state === 'committing') return new LateResult(attempt, 'commit', attempt.summary.bytes);
  if (attempt.isProving) return new LateResult(attempt, 'proof', attempt.summary.bytes);
  if (attempt.state !== 'requested' || !attempt.peer.isConnected) return undefined;
  return new LateResult(attempt, 'request', attempt.expectedBytes);
}
