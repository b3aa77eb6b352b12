import type { Amounts } from './range.js';
import type { SyncPhase, Waiting } from './status.js';

/** The facts behind a sentence about progress. */
export interface ProgressFacts {
  readonly phase: SyncPhase;
  readonly manifestId: string | undefined;
  readonly total: Amounts;
  readonly done: Amounts;
  readonly bytesPerSecond: number;
  readonly etaMs: number | undefined;
  readonly waitingFor: Waiting;
}

/** How far a sync is, how fast, how long it will take, and what it waits for. */
export function describeProgress(facts: ProgressFacts): string {
  const { phase, manifestId, total, done, bytesPerSecond, etaMs, waitingFor } = facts;
  if (phase === 'idle') return waitingFor.text;
  const percent = total.bytes === 0 ? 100 : Math.floor((done.bytes * 1000) / total.bytes) / 10;
  const amounts = `${done.ranges} of ${total.ranges} ranges, ${done.records} of ${total.records} records, ${percent.toFixed(1)} % of ${sizeText(total.bytes)}`;
  const speed = `${sizeText(bytesPerSecond)}/s, ${etaMs === undefined ? 'time left unknown' : `${timeText(etaMs)} left`}`;
  return `Snapshot ${manifestId}: ${amounts}${phase === 'syncing' ? `; ${speed}` : ''}. ${waitingFor.text}`;
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const amount = bytes / 1024 ** step;
  return `${step === 0 ? Math.round(amount) : amount.toFixed(1)} ${units[step]}`;
}

function timeText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
