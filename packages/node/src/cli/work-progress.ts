import type { ProgressLine } from './progress-line.js';
import { bytesText, countText, durationText } from './units.js';

/** How far work on records is. */
export interface WorkProgress {
  readonly records: number;
  readonly totalRecords: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Gives a function that shows progress: share, amounts, rate and time left. */
export function workProgress(line: ProgressLine, what: string): (progress: WorkProgress) => void {
  const startedMs = performance.now();
  let first: WorkProgress | undefined;
  return (progress) => {
    first ??= progress;
    const start = first;
    line.show(() => progressText(what, progress, { start, elapsedMs: performance.now() - startedMs }));
  };
}

/** What is done since `start` gives the rate: work that is resumed has done much at its beginning. */
export function progressText(
  what: string,
  { records, totalRecords, bytes, totalBytes }: WorkProgress,
  since: { readonly start: WorkProgress; readonly elapsedMs: number },
): string {
  const share = totalBytes === 0 ? 1 : bytes / totalBytes;
  const perMs = (bytes - since.start.bytes) / Math.max(1, since.elapsedMs);
  const recordsPerSecond = (1000 * (records - since.start.records)) / Math.max(1, since.elapsedMs);
  const parts = [
    `${what}: ${Math.floor(100 * share)} %`,
    `${countText(records)} of ${countText(totalRecords)} records`,
    `${bytesText(bytes)} of ${bytesText(totalBytes)}`,
    `${countText(recordsPerSecond)} records/s`,
  ];
  if (perMs > 0) parts.push(`${durationText((totalBytes - bytes) / perMs)} left`);
  return parts.join(', ');
}
