import type { StateStore } from '../state-store.js';
import { isNoDamage, thrownBy } from './check-regions.js';
import type { VerifyProgress, VerifyReport } from './verify-report.js';
import { verifyPaced } from './verify-state.js';

/** How a scrub goes about it. */
export interface ScrubOptions {
  /** Most bytes of the database that are looked at per second; default 8 MiB. */
  readonly bytesPerSecond?: number;
  /** Whether records are also asked for by their keys; default true. */
  readonly hasLookups?: boolean;
  /** Rest between two rounds over all snapshots and the tip; default one hour. */
  readonly restMs?: number;
  /** Called after each verification that found damage. */
  readonly onDamage?: (report: VerifyReport) => void;
  /** Called after each verification. */
  readonly onPass?: (report: VerifyReport) => void;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Called when a verification could not be carried through for another reason than damage; the scrub goes on. */
  readonly onFailure?: (error: unknown) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds that never go back; default `performance.now`. */
  readonly now?: () => number;
  /** Waits, or rejects when the signal is aborted; default a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A scrub that is running. */
export interface Scrub extends AsyncDisposable {
  /** Ends it and waits until nothing of it runs any more. Never rejects; later calls do nothing. */
  close(): Promise<void>;
}

/** Defaults of {@link ScrubOptions}. */
export const defaultScrub: { readonly bytesPerSecond: number; readonly restMs: number } = {
  bytesPerSecond: 8 * 1024 * 1024,
  restMs: 3_600_000,
};

/** Wait before a store that was not ready, or a verification that failed, is tried again. */
const retryMs = 10_000;

/**
 * Verifies all retained snapshots and the tip in the background, again and again, no faster than it is allowed to. It reads
 * and hashes in small steps, one at a time, so that blocks find database and hasher free. It ends when it or the store
 * is closed; nothing it meets is thrown.
 */
export function startScrub(store: StateStore, options: ScrubOptions = {}): Scrub {
  const { bytesPerSecond = defaultScrub.bytesPerSecond, restMs = defaultScrub.restMs, hasLookups = true } = options;
  if (!(bytesPerSecond > 0)) throw new RangeError(`bytesPerSecond must be positive, not ${bytesPerSecond}`);
  if (!(restMs >= 0)) throw new RangeError(`restMs must not be negative, not ${restMs}`);
  const { now = () => performance.now(), sleep = timer } = options;
  const stopping = new AbortController();
  const signal = options.signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, options.signal]);

  let dueMs = now();
  const pace = async (scannedBytes: number): Promise<void> => {
    const nowMs = now();
    /* Time that was not used is not saved up. */
    dueMs = Math.max(dueMs, nowMs - 1000) + (1000 * scannedBytes) / bytesPerSecond;
    await sleep(Math.max(0, dueMs - nowMs), signal);
  };
  const verify = async (height: number | undefined): Promise<void> => {
    const { onProgress } = options;
    const target = height === undefined ? {} : { height };
    const watched = { hasLookups, signal, ...(onProgress && { onProgress }) };
    const pacing = { stepRecords: 1024, stepBytes: 512 * 1024, hashing: 1, pace };
    const report = await verifyPaced(store, { ...target, ...watched }, pacing);
    if (!report.isClean) options.onDamage?.(report);
    options.onPass?.(report);
  };
  const round = async (): Promise<number> => {
    if (store.phase !== 'ready') return retryMs;
    /* The newest snapshot comes with the tip. */
    const heights = store.snapshots().map(({ height }) => height);
    for (const height of [...heights.slice(0, -1), undefined]) {
      try {
        if (heights.length > 0) await verify(height);
      } catch (error) {
        if (signal.aborted || isGone(error)) throw error;
        if (isNoDamage(error, signal)) continue;
        options.onFailure?.(error);
        return retryMs;
      }
    }
    return heights.length > 0 ? restMs : retryMs;
  };
  const run = async (): Promise<void> => {
    try {
      while (!signal.aborted) await sleep(await round(), signal);
    } catch {
      /* Closed, aborted, or a callback of the caller threw: in each case it is over. */
    }
  };
  const running = run();
  const close = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { close, [Symbol.asyncDispose]: close };
}

/** True if nothing can be verified with this store any more. */
function isGone(error: unknown): boolean {
  const thrown = thrownBy(error);
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return (
    code === 'ANCESTRAL_RECORDS_CLOSED' ||
    code === 'ANCESTRAL_RECORDS_WRITE_FAILED' ||
    code === 'LEVEL_DATABASE_NOT_OPEN'
  );
}

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(waiting);
      reject(signal.reason);
    };
    const waiting = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
