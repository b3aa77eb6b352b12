/** What a pool and its workers say to each other. Everything here survives structured cloning. */
import type { BackendSelection } from '../create-backend.js';
import { EllipticSumError, type EllipticSumErrorCode, ellipticSumErrorCodes } from '../errors.js';
import type { HashBatch } from '../hash-backend.js';

/** Work on uncompressed or encoded sums, item by item. */
export type ConversionMethod = 'combine' | 'encode' | 'decode';

/** What a worker does in one go. */
export type Work =
  | { readonly method: 'sum'; readonly batch: HashBatch }
  | { readonly method: 'addUp'; readonly sums: Uint8Array; readonly sizes: Uint32Array }
  | { readonly method: ConversionMethod; readonly operands: readonly Uint8Array[] };

/** An error on its way between threads. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly details?: Readonly<Record<string, number | string>>;
}

export type ToWorker =
  | { readonly type: 'open'; readonly backend: string; readonly domain: string }
  /** `buffer` carries the work's arrays and is sent back with the answer, to be used again. */
  | { readonly type: 'run'; readonly id: number; readonly work: Work; readonly buffer: ArrayBuffer | undefined }
  | { readonly type: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly type: 'opened'; readonly selection: BackendSelection }
  | { readonly type: 'refused'; readonly failure: Failure }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly result: Uint8Array<ArrayBuffer>;
      readonly buffer: ArrayBuffer | undefined;
    }
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly failure: Failure;
      readonly buffer: ArrayBuffer | undefined;
    };

/** Takes an error apart. */
export function packError(error: unknown): Failure {
  if (typeof error !== 'object' || error === null) return { name: 'Error', message: String(error) };
  const { name, message, stack, code, details } = error as Partial<Failure>;
  return {
    name: String(name ?? 'Error'),
    message: String(message ?? ''),
    ...(stack === undefined ? {} : { stack: String(stack) }),
    ...(code === undefined ? {} : { code: String(code) }),
    ...(details === undefined ? {} : { details: { ...details } }),
  };
}

/** Puts an error together: one of ours, a caller's mistake, or what went wrong in a worker. `shift` is added to `details.index`. */
export function unpackError(failure: Failure, worker: number, shift = 0): Error {
  const { name, message, code, details = {} } = failure;
  if (isOurCode(code)) {
    const { index } = details;
    const isShifted = shift > 0 && typeof index === 'number';
    return new EllipticSumError(code, isShifted ? message.replace(`${index}`, `${index + shift}`) : message, {
      details: isShifted ? { ...details, index: index + shift } : details,
    });
  }
  if (name === 'TypeError') return new TypeError(message);
  if (name === 'RangeError') return new RangeError(message);
  const cause = new Error(message);
  cause.name = name;
  if (failure.stack !== undefined) cause.stack = failure.stack;
  return workerFailed(worker, `failed: ${message}`, cause);
}

/** The error for calls that a worker cannot finish. */
export function workerFailed(
  worker: number,
  what: string,
  cause: unknown,
  details: Readonly<Record<string, number | string>> = {},
): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_WORKER_FAILED', `worker ${worker} ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { worker, ...details },
  });
}

function isOurCode(code: string | undefined): code is EllipticSumErrorCode {
  return (ellipticSumErrorCodes as readonly (string | undefined)[]).includes(code);
}
