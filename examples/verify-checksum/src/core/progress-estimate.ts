import type { SumProgress } from '@hs/ellipticsum/record-file';

/** How fast it goes and what is left. */
export interface ProgressEstimate {
  readonly recordsPerSecond: number;
  /** 0 to 1. */
  readonly fraction: number;
  /** Undefined as long as there is nothing to judge by. */
  readonly remainingMs: number | undefined;
}

/** Judges by the time taken so far. `totalBytes` is the size of the input. */
export function estimateProgress(
  { records, inputBytes }: SumProgress,
  { elapsedMs, totalBytes }: { readonly elapsedMs: number; readonly totalBytes: number },
): ProgressEstimate {
  const fraction = totalBytes > 0 ? Math.min(1, inputBytes / totalBytes) : 1;
  return {
    recordsPerSecond: records / Math.max(elapsedMs / 1000, 0.001),
    fraction,
    remainingMs: fraction > 0 ? (elapsedMs * (1 - fraction)) / fraction : undefined,
  };
}
