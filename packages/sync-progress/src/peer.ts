import type { Attempt } from './attempt.js';
import type { LateResult } from './in-flight.js';
import type { SyncSettings } from './options.js';
import { BusyRate } from './rate.js';

/** Rate assumed for a peer as long as little is measured, when one is needed to compare. */
export const assumedBytesPerSecond: number = 1024 * 1024;

/** What is known about one peer, and what is outstanding at it. */
export class Peer {
  readonly name: string;
  readonly rate: BusyRate = new BusyRate();
  isConnected = false;
  isBanned = false;
  /** Attempts with a request outstanding whose result is wanted. */
  readonly downloads: Set<Attempt> = new Set();
  /** Cancelled attempts with a request outstanding. */
  readonly late: Set<LateResult> = new Set();
  /** Bytes its outstanding requests may bring, late ones included. */
  outstandingBytes = 0;
  /** Bytes its downloads still lack. */
  bytesLeft = 0;
  receivedBytes = 0;
  hasAnswered = false;
  failures = 0;
  retryAtMs = 0;
  doneRanges = 0;
  doneRecords = 0;
  doneBytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  get requests(): number {
    return this.downloads.size + this.late.size;
  }

  /** Its rate, mixed with `assumed` as far as little of it is measured. */
  comparableRate(assumed: number = assumedBytesPerSecond): number {
    return Math.max(this.rate.cautiousBytesPerSecond(assumed), 1);
  }

  isUsable(nowMs: number): boolean {
    return this.isConnected && this.retryAtMs <= nowMs;
  }

  /** One request always, further ones while little is outstanding for its rate. */
  hasRoom(settings: SyncSettings): boolean {
    if (this.requests === 0) return true;
    const rate = this.rate.bytesPerSecond;
    if (this.requests >= settings.maxAttemptsPerPeer || rate === undefined) return false;
    return this.outstandingBytes < (rate * settings.pipelineTargetMs) / 1000;
  }

  chunkBytes(settings: SyncSettings): number {
    const rate = this.rate.bytesPerSecond;
    if (rate === undefined) return settings.initialChunkBytes;
    const wanted = Math.floor((rate * settings.chunkTargetMs) / 1000);
    return Math.min(Math.max(wanted, settings.minChunkBytes), settings.maxChunkBytes);
  }

  /** Milliseconds until it has sent all it was asked for, and `bytes` more. */
  finishMs(bytes: number, assumed?: number): number {
    return ((this.bytesLeft + bytes) * 1000) / this.comparableRate(assumed);
  }

  noteFailure(settings: SyncSettings, nowMs: number): void {
    this.failures++;
    const delayMs = settings.retryDelayMs * 2 ** Math.min(this.failures - 1, 30);
    this.retryAtMs = nowMs + Math.min(delayMs, settings.maxRetryDelayMs);
  }
}
