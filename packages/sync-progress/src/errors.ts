/** Stable codes of {@link SyncProgressError}. */
export const syncProgressErrorCodes = [
  'SYNC_PROGRESS_ILLEGAL_TRANSITION',
  'SYNC_PROGRESS_INVALID_MANIFEST',
  'SYNC_PROGRESS_INVALID_RECORDS',
  'SYNC_PROGRESS_UNKNOWN_ATTEMPT',
  'SYNC_PROGRESS_UNKNOWN_REQUEST',
] as const;

/** A stable code of {@link SyncProgressError}; messages may change, codes do not. */
export type SyncProgressErrorCode = (typeof syncProgressErrorCodes)[number];

/** The caller broke the protocol between events and commands. A peer can never cause one. */
export class SyncProgressError extends Error {
  readonly code: SyncProgressErrorCode;
  /** Plain data about what happened. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: SyncProgressErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SyncProgressError';
    this.code = code;
    this.details = options.details ?? {};
  }
}
