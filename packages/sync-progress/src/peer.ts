import type { Attempt } from './attempt.js';
import type { SyncSettings } from './options.js';
import { BusyRate } from './rate.js';
import { Score } from './score.js';
import type { SpanRequest } from './span-request.js';

/** Rate assumed for a peer as long as little is measured, when one is needed to compare. */
export const assumedBytesPerSecond: number = 1024 * 1024;
const assumedMs = 500;

/** What is known about one peer, and what is outstanding at it. */
export class Peer {
  readonly name: string;
  readonly rate: BusyRate = new BusyRate();
  readonly score: Score;
  /** Outstanding, cancelled ones included; in the order they were sent. */
  readonly requests: Set<SpanRequest> = new Set();
  /** Half-received ranges that wait for their next request. */
  readonly partials: Set<Attempt> = new Set();
  isConnected = false;
  isBanned = false;
  /** The wanted requests among {@link requests}, and the bytes they may bring. */
  wantedRequests = 0;
  outstandingBytes = 0;
  /** Received bytes of half-received ranges. */
  partialBytes = 0;
  /** Where it stands in line: the time that all it was ever asked for takes at its rate. */
  turnMs = 0;
  /** The range at which its next span is looked for. */
  position = 0;
  /** After an answer that was cut: so much the next one may be expected to hold. */
  answerBytes: number = Number.POSITIVE_INFINITY;
  roundTripMs: number | undefined;
  /** A range of it was proved since it joined. */
  hasHelped = false;
  receivedBytes = 0;
  usefulBytes = 0;
  wastedBytes = 0;
  failures = 0;
  retryAtMs = 0;
  doneRanges = 0;
  doneRecords = 0;
  doneBytes = 0;

  constructor(name: string, settings: SyncSettings) {
    this.name = name;
    this.score = new Score(settings.scoreHalfLifeMs);
  }

  /** Its rate, mixed with `assumed` as far as little of it is measured. */
  comparableRate(assumed: number = assumedBytesPerSecond): number {
    return Math.max(this.rate.cautiousBytesPerSecond(assumed, assumedMs), 1);
  }

  /** Its rate, lowered for what went wrong with it. */
  worthAt(nowMs: number): number {
    return this.comparableRate() * this.score.at(nowMs);
  }

  isUsable(nowMs: number): boolean {
    return this.isConnected && this.retryAtMs <= nowMs;
  }

  /** Milliseconds until it has sent all it was asked for, and `bytes` more, as far as its rate is known. */
  finishMs(bytes: number): number {
    return ((this.outstandingBytes + bytes) * 1000) / this.comparableRate() + (this.roundTripMs ?? 0);
  }

  noteAnswer(bytes: number, elapsedMs: number, nowMs: number): void {
    this.receivedBytes += bytes;
    this.rate.sample(bytes, nowMs);
    const known = this.roundTripMs;
    this.roundTripMs = known === undefined ? elapsedMs : Math.min(elapsedMs, known + (elapsedMs - known) / 16);
  }

  noteFailure(settings: SyncSettings, nowMs: number): void {
    this.failures++;
    this.score.add(1, nowMs);
    const delayMs = settings.retryDelayMs * 2 ** Math.min(this.failures - 1, 30);
    this.retryAtMs = nowMs + Math.min(delayMs, settings.maxRetryDelayMs);
  }
}
