import { compareBytes } from '@hs/bytes';
import { Attempt } from './attempt.js';
import { HeldChunk } from './budget.js';
import { type ChunkVerdict, checkChunk } from './check-chunk.js';
import { SyncProgressError } from './errors.js';
import type { ChunkReceived, RequestEvent } from './events.js';
import type { LocalWork } from './local-work.js';
import type { Peer } from './peer.js';
import { type Span, SpanRequest } from './span-request.js';
import type { SyncState } from './sync-state.js';

/** An answer is overdue after this many times what the rate and the round-trip of its peer explain. */
const overdueFactor = 4;
/** An answer that holds less than this part of what was asked for, and is not the end, was cut by its sender. */
const cutPart = 1 / 2;

/** What came of an answer. */
export type Received = 'accepted' | 'used-up' | Extract<ChunkVerdict, { readonly isAccepted: false }>;

/**
 * The requests outstanding, and the ranges that are half received.
 *
 * A request holds the ranges it covers. When its answer ends inside a range, that range stays with the sender, as a partial
 * attempt that waits for the next request; the ranges behind it are free again. So an answer may be cut anywhere.
 */
export class Downloads {
  readonly #state: SyncState;
  readonly #local: LocalWork;
  /** Half received, with no request outstanding. */
  readonly #continuations = new Set<Attempt>();
  #lastRequest = 0;
  #wanted = 0;

  constructor(state: SyncState, local: LocalWork) {
    this.#state = state;
    this.#local = local;
  }

  /** Requests outstanding whose answers are wanted. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Half-received ranges whose senders are to be asked for more. */
  get continuations(): Iterable<Attempt> {
    return this.#continuations;
  }

  get hasContinuations(): boolean {
    return this.#continuations.size > 0;
  }

  /**
   * The request a result is about; undefined if it is over.
   *
   * @throws SYNC_PROGRESS_UNKNOWN_REQUEST if there never was one
   * @throws SYNC_PROGRESS_ILLEGAL_TRANSITION if it was not cancelled but is reported so
   */
  find({ request: id, type }: RequestEvent): SpanRequest | undefined {
    if (!Number.isSafeInteger(id) || id < 1 || id > this.#lastRequest) {
      throw new SyncProgressError('SYNC_PROGRESS_UNKNOWN_REQUEST', `There never was a request ${id}.`, {
        details: { request: id, event: type },
      });
    }
    const request = this.#state.requests.get(id);
    if (request !== undefined && !request.isCancelled && type === 'request-cancelled') {
      throw new SyncProgressError('SYNC_PROGRESS_ILLEGAL_TRANSITION', `Request ${id} was not cancelled.`, {
        details: { request: id, event: type },
      });
    }
    return request;
  }

  start(span: Span): SpanRequest {
    const state = this.#state;
    const { settings, board, budget, nowMs } = state;
    const { peer, partial } = span;
    if (partial !== undefined) {
      peer.partials.delete(partial);
      this.#continuations.delete(partial);
      budget.release(partial.bytesLeft);
    }
    for (let range = firstHeld(span); range < span.end; range++) board.hold(range);
    if (peer.requests.size === 0) peer.rate.begin(nowMs);
    this.#takeTurn(span);
    peer.outstandingBytes += span.maxBytes;
    const rate = peer.rate.bytesPerSecond;
    const expectedMs =
      rate === undefined
        ? settings.minRequestTimeoutMs / overdueFactor
        : (peer.outstandingBytes * 1000) / Math.max(rate, 1) + (peer.roundTripMs ?? 0);
    this.#lastRequest++;
    const times = { requestedAtMs: nowMs, expectedAtMs: nowMs + expectedMs };
    const request = new SpanRequest(this.#lastRequest, span, times);
    budget.reserve(request.reservedBytes);
    state.requests.set(request.id, request);
    peer.requests.add(request);
    peer.wantedRequests++;
    this.#wanted++;
    state.counters.requests++;
    const overdueMs = Math.max(settings.minRequestTimeoutMs, overdueFactor * expectedMs);
    state.timers.schedule(request, nowMs + Math.min(overdueMs, settings.requestTimeoutMs / 2));
    state.commands.push({
      type: 'request',
      request: request.id,
      peer: peer.name,
      firstRange: span.first,
      rangeCount: span.end - span.first,
      startKey: partial?.cursor ?? (board.ranges[span.first]?.startKey as Uint8Array),
      endKey: board.ranges[span.end - 1]?.endKey,
      maxBytes: span.maxBytes,
    });
    return request;
  }

  /** Moves the peer back in line by what it is asked for. Who was away keeps a lead of one full pipeline at most. */
  #takeTurn({ peer, maxBytes }: Span): void {
    const state = this.#state;
    const atMs = Math.max(peer.turnMs, state.turnMs - state.settings.pipelineTargetMs);
    state.turnMs = Math.max(state.turnMs, atMs);
    peer.turnMs = atMs + (maxBytes * 1000) / peer.worthAt(state.nowMs);
  }

  /** Takes in the answer to a wanted request; says whether it breaks a rule, or was the last empty one that is tolerated. */
  receive(request: SpanRequest, event: ChunkReceived): Received {
    const state = this.#state;
    const { settings, board, nowMs } = state;
    const { peer, first, end, partial } = request.span;
    const verdict = checkChunk(event, {
      ranges: board.ranges,
      firstRange: first,
      endRange: end,
      startKey: partial?.cursor ?? (board.ranges[first]?.startKey as Uint8Array),
      receivedRecords: partial?.receivedRecords ?? 0,
      receivedBytes: partial?.receivedBytes ?? 0,
      maxBytes: request.span.maxBytes,
      maxKeyBytes: settings.maxKeyBytes,
      maxValueBytes: settings.maxValueBytes,
    });
    this.#settle(request);
    if (!verdict.isAccepted) {
      if (partial !== undefined) this.#wait(partial);
      return verdict;
    }
    peer.noteAnswer(verdict.bytes, nowMs - request.requestedAtMs, nowMs);
    this.#noteCut(request, event, verdict.bytes);
    if (verdict.records > 0) {
      state.byteRate.add(verdict.bytes, nowMs);
      state.recordRate.add(verdict.records, nowMs);
      state.lastProgressMs = nowMs;
    }
    let current = partial;
    let next = first;
    const chunk = new HeldChunk(verdict.bytes);
    for (const part of verdict.parts) {
      next = part.range + 1;
      if (!board.isOpen(part.range)) {
        state.counters.wastedBytes += part.bytes;
        if (current !== undefined) this.#lose(current);
        current = undefined;
        continue;
      }
      const attempt = current ?? this.#begin(part.range, peer);
      current = undefined;
      const { fromRecord, toRecord } = part;
      attempt.receivedBytes += part.bytes;
      attempt.receivedRecords += toRecord - fromRecord;
      peer.partialBytes += part.bytes;
      attempt.chunks.push(chunk);
      state.budget.keep(chunk);
      state.commands.push({ type: 'keep', attempt: attempt.id, range: part.range, fromRecord, toRecord });
      if (!part.isComplete) {
        current = attempt;
        next = part.range;
        continue;
      }
      attempt.advance('received');
      peer.partialBytes -= attempt.receivedBytes;
      board.receive(part.range);
      board.letGo(part.range);
      this.#local.take(attempt);
    }
    peer.position = next;
    if (event.nextKey === undefined || next >= end) return 'accepted';
    return this.#goOn(current ?? this.#begun(next, peer, event.nextKey), event.nextKey, verdict.records);
  }

  /** The peer cannot or will not answer. */
  settleUnanswered(request: SpanRequest): void {
    this.#settle(request);
    const { peer, partial, end } = request.span;
    if (partial !== undefined) this.#lose(partial);
    peer.position = end;
  }

  /** Its answer is not wanted any more. */
  cancel(request: SpanRequest): void {
    const { settings, nowMs, timers, budget, commands } = this.#state;
    this.#stopWanting(request);
    if (request.span.partial !== undefined) this.#lose(request.span.partial);
    request.isCancelled = true;
    budget.release(request.reservedBytes - request.span.maxBytes);
    request.reservedBytes = request.span.maxBytes;
    timers.schedule(request, nowMs + settings.requestTimeoutMs);
    commands.push({ type: 'cancel-request', request: request.id });
  }

  /** What came of a cancelled request, or nothing in time. */
  settleCancelled(request: SpanRequest, event: RequestEvent | undefined): void {
    const { nowMs, counters } = this.#state;
    const { peer } = request.span;
    if (event?.type === 'chunk-received') {
      const bytes = Math.min(event.records.bytes.length, request.span.maxBytes);
      counters.wastedBytes += bytes;
      peer.rate.sample(bytes, nowMs);
    }
    this.#release(request);
  }

  /** Nothing of the peer will come any more. Returns what it may have sent in vain. */
  dropPeer(peer: Peer): number {
    let lostBytes = 0;
    for (const request of [...peer.requests]) {
      if (!request.isCancelled) {
        // A connection carries one answer after the other: at most one of them has come in part.
        lostBytes = Math.max(lostBytes, request.span.maxBytes);
        this.#stopWanting(request);
        if (request.span.partial !== undefined) this.#wait(request.span.partial);
      }
      this.#release(request);
    }
    lostBytes += peer.partialBytes;
    for (const partial of [...peer.partials]) this.#lose(partial);
    return lostBytes;
  }

  /** Everything is superseded. */
  dropAll(): void {
    for (const partial of [...this.#continuations]) this.#lose(partial);
    for (const request of [...this.#state.requests.values()]) if (!request.isCancelled) this.cancel(request);
  }

  /** A range is proved: nobody else needs to send it. */
  dropRivals(range: number): void {
    const { board, requests } = this.#state;
    if (board.holders(range) === 0) return;
    for (const partial of [...this.#continuations]) if (partial.range === range) this.#lose(partial);
    for (const request of [...requests.values()]) {
      const { first, end } = request.span;
      if (!request.isCancelled && first <= range && range < end && !this.#hasOpenRange(request)) this.cancel(request);
    }
  }

  #hasOpenRange({ span }: SpanRequest): boolean {
    for (let range = span.first; range < span.end; range++) if (this.#state.board.isOpen(range)) return true;
    return false;
  }

  // Partial attempts

  /** A new attempt; it holds its range by itself until it is complete or over. */
  #begin(range: number, peer: Peer): Attempt {
    const state = this.#state;
    state.lastAttempt++;
    const attempt = new Attempt(state.lastAttempt, range, state.board.ranges[range] as Attempt['summary'], peer);
    state.board.hold(range);
    return attempt;
  }

  /** The range in which an answer without a record of it ends, if it ends inside. */
  #begun(range: number, peer: Peer, cursor: Uint8Array): Attempt | undefined {
    const { board } = this.#state;
    const startKey = board.ranges[range]?.startKey as Uint8Array;
    return board.isOpen(range) && compareBytes(cursor, startKey) > 0 ? this.#begin(range, peer) : undefined;
  }

  #goOn(attempt: Attempt | undefined, cursor: Uint8Array, records: number): Received {
    if (attempt === undefined) return 'accepted';
    if (!this.#state.board.isOpen(attempt.range)) {
      this.#lose(attempt);
      return 'accepted';
    }
    attempt.cursor = Uint8Array.from(cursor);
    this.#wait(attempt);
    if (records > 0) return 'accepted';
    attempt.emptyChunks++;
    if (attempt.emptyChunks <= this.#state.settings.maxEmptyChunks) return 'accepted';
    this.#lose(attempt);
    return 'used-up';
  }

  #wait(attempt: Attempt): void {
    attempt.peer.partials.add(attempt);
    this.#continuations.add(attempt);
    this.#state.budget.reserve(attempt.bytesLeft);
  }

  /** Gives up a half-received range. */
  #lose(attempt: Attempt): void {
    const { budget, counters } = this.#state;
    attempt.peer.partials.delete(attempt);
    if (this.#continuations.delete(attempt)) budget.release(attempt.bytesLeft);
    counters.wastedBytes += attempt.receivedBytes;
    this.#discard(attempt);
  }

  #discard(attempt: Attempt): void {
    const { board, budget, commands } = this.#state;
    attempt.peer.partialBytes -= attempt.receivedBytes;
    if (attempt.chunks.length > 0) commands.push({ type: 'discard', attempt: attempt.id });
    for (const chunk of attempt.chunks) budget.letGo(chunk);
    board.letGo(attempt.range);
  }

  // Requests

  #noteCut({ span }: SpanRequest, event: ChunkReceived, bytes: number): void {
    const { peer, maxBytes } = span;
    const { minChunkBytes } = this.#state.settings;
    // An empty answer says how long its sender looks for records, not how much it sends.
    if (bytes === 0) return;
    if (event.nextKey !== undefined && bytes < maxBytes * cutPart)
      peer.answerBytes = Math.max(2 * bytes, minChunkBytes);
    else peer.answerBytes *= 2;
  }

  #settle(request: SpanRequest): void {
    this.#stopWanting(request);
    this.#release(request);
  }

  #stopWanting(request: SpanRequest): void {
    const { peer, end } = request.span;
    this.#wanted--;
    peer.wantedRequests--;
    peer.outstandingBytes -= request.span.maxBytes;
    for (let range = firstHeld(request.span); range < end; range++) this.#state.board.letGo(range);
  }

  #release(request: SpanRequest): void {
    const { requests, timers, budget } = this.#state;
    requests.delete(request.id);
    request.span.peer.requests.delete(request);
    timers.cancel(request);
    budget.release(request.reservedBytes);
  }
}

function firstHeld({ first, partial }: Span): number {
  return partial === undefined ? first : first + 1;
}
