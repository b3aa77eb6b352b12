// Who downloads which ranges from whom next.
//
// Events go in, commands come out; nothing else happens, so a sequence of events always gives the same commands.
// `RangeBoard` knows where each range stands, `Downloads` holds the requests and the half-received ranges, `LocalWork` what is
// checked and written, `Roster` the peers, `Planner` and `Stragglers` decide who is asked for what, `Budget` bounds the bytes.
//
// Invariants: every range is done, free, held by requests or partial attempts, or has one attempt that is checked or
// written; an attempt has one sender; the bytes requested and in memory stay within the budget; a peer is banned only for
// what it sent itself.
//
// An event that does not fit throws before anything has changed.

import type { Attempt } from './attempt.js';
import type { BanReason, Evidence, SyncCommand } from './commands.js';
import { Downloads } from './downloads.js';
import type { AttemptEvent, ManifestAdopted, RequestEvent, SyncEvent, UnrequestedReceived } from './events.js';
import { LocalWork } from './local-work.js';
import { type HyperSyncProgressOptions, settingsFrom } from './options.js';
import type { Peer } from './peer.js';
import { Planner } from './planner.js';
import { RangeBoard } from './range-board.js';
import { createStatus, findWaitKind, type WaitNote, waitingOf } from './report.js';
import { Roster } from './roster.js';
import { SpanRequest } from './span-request.js';
import type { SyncStatus } from './status.js';
import { Stragglers } from './stragglers.js';
import { createSyncState, type Due, type SyncState } from './sync-state.js';
import { Tally } from './tally.js';

/** A request is given up after this many timeouts even if there is nobody else to ask. */
const abandonFactor = 4;
/** Weight of an overdue answer in a peer's score; a failure has 1. */
const overdueWeight = 0.5;
/** A process that dies loses at most this part of the manifest, if ranges are not larger. */
const inFlightPart = 1 / 16;
/** Room for so many of the largest range. */
const largestRanges = 2;

/**
 * A pure state machine that downloads the ranges of a manifest from several untrusted peers at once (the design is in
 * the README). It starts no timers and does no I/O.
 */
export class HyperSyncProgress {
  readonly #state: SyncState;
  readonly #roster: Roster;
  readonly #local: LocalWork;
  readonly #downloads: Downloads;
  readonly #planner: Planner;
  #stragglers: Stragglers;
  #offered: string | undefined;
  /** When the manifest was adopted, or a newer one was last asked for. */
  #reconsideredMs = 0;
  #wait: WaitNote = { kind: 'manifest', sinceMs: 0 };

  constructor(options: HyperSyncProgressOptions = {}) {
    const state = createSyncState(settingsFrom(options));
    this.#state = state;
    this.#roster = new Roster(state);
    this.#local = new LocalWork(state);
    this.#downloads = new Downloads(state, this.#local);
    this.#planner = new Planner(state, this.#downloads);
    this.#stragglers = new Stragglers(state);
  }

  /** When the machine wants a `tick` at the latest; undefined if only other events can change anything. */
  get nextTickMs(): number | undefined {
    return this.#state.timers.nextMs();
  }

  /**
   * Takes in what happened and says what to do about it. Costs O(log n) in the number of ranges for each range that the
   * event is about, and O(peers + attempts); only `manifest-adopted` reads all ranges.
   *
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION SYNC_PROGRESS_UNKNOWN_ATTEMPT SYNC_PROGRESS_UNKNOWN_REQUEST
   * SYNC_PROGRESS_INVALID_RECORDS SYNC_PROGRESS_INVALID_MANIFEST; the event then counts as not given
   */
  handle(event: SyncEvent): readonly SyncCommand[] {
    if (!(event.nowMs >= 0 && event.nowMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError('nowMs must be a finite number, not negative.');
    }
    const state = this.#state;
    state.nowMs = Math.max(state.nowMs, event.nowMs);
    state.commands = [];
    this.#apply(event);
    for (let due = state.timers.takeDue(state.nowMs); due !== undefined; due = state.timers.takeDue(state.nowMs)) {
      this.#onDue(due);
    }
    this.#giveOutWork();
    this.#reconsider();
    this.#noteWaiting();
    return state.commands;
  }

  /** The state of the sync; costs O(peers + prefixes + attempts). */
  status(nowMs: number): SyncStatus {
    return createStatus(this.#view(), Math.max(nowMs, this.#state.nowMs));
  }

  #apply(event: SyncEvent): void {
    switch (event.type) {
      case 'manifest-adopted':
        this.#adopt(event);
        return;
      case 'snapshot-offered':
        this.#offered = event.manifestId === this.#state.tally?.manifestId ? undefined : event.manifestId;
        return;
      case 'peer-joined':
        this.#roster.join(event.peer);
        return;
      case 'peer-left':
        this.#leave(event.peer);
        return;
      case 'peer-pardoned':
        this.#roster.pardon(event.peer);
        return;
      case 'unrequested-received':
        this.#punishFlood(event);
        return;
      case 'tick':
        return;
      case 'chunk-received':
      case 'chunk-unavailable':
      case 'request-cancelled':
        this.#applyToRequest(event);
        return;
      default:
        this.#applyToAttempt(event);
        return;
    }
  }

  // Requests

  #applyToRequest(event: RequestEvent): void {
    const request = this.#downloads.find(event);
    if (request === undefined) return;
    const { peer } = request.span;
    if (request.isCancelled) {
      this.#downloads.settleCancelled(request, event);
      // It is slow, not dead.
      if (event.type === 'chunk-received') this.#roster.endBackOff(peer);
      if (event.type === 'chunk-unavailable') this.#noteUnavailable(peer, 0);
      return;
    }
    const lostBytes = request.span.partial?.receivedBytes ?? 0;
    if (event.type !== 'chunk-received') {
      this.#downloads.settleUnanswered(request);
      this.#noteUnavailable(peer, lostBytes);
      return;
    }
    const outcome = this.#downloads.receive(request, event);
    if (outcome === 'used-up') {
      this.#noteUnavailable(peer, lostBytes);
      return;
    }
    if (outcome === 'accepted') return;
    const { problem, range, text, details } = outcome;
    this.#ban(peer, problem, { ...this.#evidenceAbout(range), request: request.id, text, details });
  }

  #noteUnavailable(peer: Peer, lostBytes: number): void {
    this.#state.counters.unavailable++;
    this.#roster.chargeWaste(peer, lostBytes);
    this.#roster.backOff(peer);
  }

  #onRequestDue(request: SpanRequest): void {
    const { settings, nowMs, timers, counters, connected } = this.#state;
    if (request.isCancelled) {
      this.#downloads.settleCancelled(request, undefined);
      return;
    }
    const { peer } = request.span;
    const timeoutAtMs = request.requestedAtMs + settings.requestTimeoutMs;
    const abandonAtMs = request.requestedAtMs + settings.requestTimeoutMs * abandonFactor;
    if (!request.isOverdue) peer.score.add(overdueWeight, nowMs);
    request.isOverdue = true;
    if (nowMs < timeoutAtMs) {
      timers.schedule(request, timeoutAtMs);
      return;
    }
    const hasOthers = [...connected].some((other) => other !== peer && other.isUsable(nowMs));
    if (!hasOthers && nowMs < abandonAtMs) {
      timers.schedule(request, Math.min(nowMs + settings.requestTimeoutMs, abandonAtMs));
      return;
    }
    counters.timeouts++;
    peer.rate.sample(0, nowMs);
    this.#roster.chargeWaste(peer, request.span.maxBytes + (request.span.partial?.receivedBytes ?? 0));
    this.#downloads.cancel(request);
    this.#roster.backOff(peer);
  }

  // Attempts

  #applyToAttempt(event: AttemptEvent): void {
    const attempt = this.#local.find(event);
    if (attempt === undefined) return;
    if (event.type === 'committed' || event.type === 'commit-failed') this.#local.commitEnded();
    else if (attempt.isProving) this.#local.proofEnded(attempt);
    else this.#local.commitEnded();
    if (attempt.isCancelled) {
      this.#local.end(attempt);
      return;
    }
    switch (event.type) {
      case 'proved':
        this.#local.acceptProof(attempt);
        attempt.peer.failures = 0;
        attempt.peer.hasHelped = true;
        this.#downloads.dropRivals(attempt.range);
        return;
      case 'refuted':
        this.#refute(attempt, event.reason, event.details ?? {});
        return;
      case 'prove-failed':
        this.#local.proveAgain(attempt);
        this.#failLocally(event.message);
        return;
      case 'committed':
        this.#complete(attempt);
        return;
      case 'commit-failed':
        this.#local.commitAgain(attempt);
        this.#failLocally(event.message);
        return;
      case 'cancelled':
    }
  }

  #refute(attempt: Attempt, reason: string, details: Readonly<Record<string, unknown>>): void {
    this.#dropAttempt(attempt);
    const text = `The records of the range do not match its manifest entry: ${reason}.`;
    this.#ban(attempt.peer, 'refuted', { ...this.#evidenceAbout(attempt.range), attempt: attempt.id, text, details });
  }

  #complete(attempt: Attempt): void {
    const { board, tally, nowMs } = this.#state;
    attempt.advance('committed');
    this.#local.end(attempt);
    this.#local.forgetFailures();
    board.complete(attempt.range);
    tally?.complete(attempt.range);
    this.#state.lastProgressMs = nowMs;
    const { peer, summary } = attempt;
    peer.usefulBytes += summary.bytes;
    this.#state.usefulBytes += summary.bytes;
    peer.doneRanges++;
    peer.doneRecords += summary.records;
    peer.doneBytes += summary.bytes;
    this.#finishIfComplete();
  }

  #dropAttempt(attempt: Attempt): void {
    this.#state.counters.wastedBytes += attempt.receivedBytes;
    this.#local.drop(attempt);
    this.#state.board.reopen(attempt.range);
  }

  #failLocally(message: string): void {
    const state = this.#state;
    if (!this.#local.fail(message)) return;
    this.#dropAll();
    state.timers.cancel('local-retry');
    state.phase = 'failed';
    state.commands.push({ type: 'failed', message });
  }

  // Peers

  #leave(name: string): void {
    const peer = this.#state.peers.get(name);
    if (peer === undefined || !peer.isConnected) return;
    // One that joins, is asked, and leaves before it was of any use, again and again, must not cost a range each time.
    const isBroken = peer.wantedRequests > 0 || peer.partials.size > 0;
    const isFailure = isBroken && !peer.hasHelped;
    if (isBroken && !isFailure) peer.score.add(overdueWeight, this.#state.nowMs);
    this.#roster.chargeWaste(peer, this.#downloads.dropPeer(peer));
    if (isFailure) this.#roster.backOff(peer);
    this.#roster.disconnect(peer);
  }

  #punishFlood({ peer: name, bytes, details }: UnrequestedReceived): void {
    const peer = this.#state.peers.get(name);
    if (peer === undefined) return;
    const text = `It sent ${bytes} bytes of state that it was not asked for.`;
    this.#ban(peer, 'unrequested', { ...this.#evidenceAbout(undefined), text, details: { ...details, bytes } });
  }

  /** A range that is fully received no longer needs its sender: its proof decides. */
  #ban(peer: Peer, reason: BanReason, evidence: Evidence): void {
    if (peer.isBanned) return;
    peer.isBanned = true;
    this.#state.counters.bans++;
    this.#state.commands.push({ type: 'ban', peer: peer.name, reason, evidence });
    this.#roster.chargeWaste(peer, this.#downloads.dropPeer(peer));
    this.#roster.disconnect(peer);
  }

  #evidenceAbout(range: number | undefined): Omit<Evidence, 'text' | 'details'> {
    const { tally } = this.#state;
    const summary = range === undefined ? undefined : tally?.ranges[range];
    return {
      manifestId: tally?.manifestId ?? '',
      request: undefined,
      attempt: undefined,
      range,
      startKey: summary?.startKey,
      endKey: summary?.endKey,
      records: summary?.records,
      bytes: summary?.bytes,
    };
  }

  // Manifests

  #adopt(event: ManifestAdopted): void {
    const state = this.#state;
    const tally = new Tally(event.manifestId, event.ranges, event.proved);
    this.#dropAll();
    state.tally = tally;
    state.board = new RangeBoard(tally.ranges, (range) => tally.isDone(range));
    state.phase = 'syncing';
    this.#local.startOver();
    this.#local.forgetFailures();
    state.localRetryAtMs = 0;
    state.timers.cancel('local-retry');
    state.timers.cancel('reconsider');
    this.#stragglers = new Stragglers(state);
    if (this.#offered === event.manifestId) this.#offered = undefined;
    const { maxBytesInFlight, minChunkBytes } = state.settings;
    state.budget.limitBytes = Math.max(
      Math.min(maxBytesInFlight, Math.max(Math.floor(tally.total.bytes * inFlightPart), minChunkBytes)),
      largestRanges * tally.largestBytes,
    );
    for (const peer of state.peers.values()) {
      peer.position = 0;
      peer.doneRanges = 0;
      peer.doneRecords = 0;
      peer.doneBytes = 0;
      // It may have this snapshot although it did not have the one before.
      this.#roster.endBackOff(peer);
    }
    this.#reconsideredMs = state.nowMs;
    this.#finishIfComplete();
  }

  #dropAll(): void {
    this.#downloads.dropAll();
    for (const attempt of [...this.#state.attempts.values()]) if (!attempt.isCancelled) this.#dropAttempt(attempt);
  }

  #finishIfComplete(): void {
    const { tally, commands } = this.#state;
    if (tally === undefined || !tally.isComplete) return;
    this.#state.phase = 'done';
    commands.push({ type: 'done', manifestId: tally.manifestId });
  }

  /** Asks for the newer snapshot once nothing of this one has come for a while, and nothing is to be expected. */
  #reconsider(): void {
    const { phase, timers, settings, lastProgressMs, connected, attempts, requests, nowMs, commands } = this.#state;
    if (this.#offered === undefined || phase !== 'syncing' || connected.size === 0 || attempts.size > 0) return;
    const dueMs = Math.max(lastProgressMs ?? 0, this.#reconsideredMs) + settings.reconsiderAfterMs;
    if (nowMs < dueMs) {
      if (!timers.has('reconsider')) timers.schedule('reconsider', dueMs);
      return;
    }
    for (const request of requests.values()) if (!request.isCancelled && !request.isOverdue) return;
    this.#reconsideredMs = nowMs;
    commands.push({ type: 'adopt-newer', manifestId: this.#offered });
  }

  // Time and work

  #onDue(due: Due): void {
    if (due instanceof SpanRequest) this.#onRequestDue(due);
    // The other times only wake the machine up.
  }

  #giveOutWork(): void {
    const state = this.#state;
    if (state.phase !== 'syncing' || state.localRetryAtMs > state.nowMs) return;
    this.#local.handOutChecks();
    this.#request();
    this.#local.handOutWrites();
  }

  #request(): void {
    const state = this.#state;
    for (let span = this.#planner.next(); span !== undefined; span = this.#planner.next()) {
      this.#downloads.start(span);
    }
    if (state.board.freeRanges > 0) return;
    for (let race = this.#stragglers.next(); race !== undefined; race = this.#stragglers.next()) {
      const { rival, span } = race;
      if (rival.isOverdue) this.#roster.chargeWaste(rival.span.peer, span.bytes);
      state.counters.races++;
      this.#downloads.start(span);
    }
  }

  #noteWaiting(): void {
    const { nowMs, commands } = this.#state;
    const kind = findWaitKind(this.#view(), nowMs);
    if (kind === this.#wait.kind) return;
    this.#wait = { kind, sinceMs: nowMs };
    const { text, untilMs } = waitingOf(this.#view(), nowMs);
    commands.push({ type: 'wait', kind, text, untilMs });
  }

  #view(): Parameters<typeof createStatus>[0] {
    return {
      state: this.#state,
      wanted: this.#downloads.wanted,
      local: this.#local,
      offered: this.#offered,
      wait: this.#wait,
    };
  }
}
