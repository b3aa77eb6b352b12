/** Every code an {@link AncestralRecordsError} can carry, in alphabetical order. Codes are stable; messages are not. */
export const errorCodes = [
  'ANCESTRAL_RECORDS_BUSY',
  'ANCESTRAL_RECORDS_CHECKSUM_MISMATCH',
  'ANCESTRAL_RECORDS_CHUNK_REFUTED',
  'ANCESTRAL_RECORDS_CLOSED',
  'ANCESTRAL_RECORDS_CORRUPT',
  'ANCESTRAL_RECORDS_DOWNLOAD_INCOMPLETE',
  'ANCESTRAL_RECORDS_FOREIGN_DATABASE',
  'ANCESTRAL_RECORDS_FORMAT_VERSION',
  'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
  'ANCESTRAL_RECORDS_IDENTITY_MISMATCH',
  'ANCESTRAL_RECORDS_INVALID_CHECKSUM',
  'ANCESTRAL_RECORDS_INVALID_MANIFEST',
  'ANCESTRAL_RECORDS_INVALID_RECORD',
  'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE',
  'ANCESTRAL_RECORDS_NOT_READY',
  'ANCESTRAL_RECORDS_OUT_OF_ORDER',
  'ANCESTRAL_RECORDS_PARAMETERS_MISMATCH',
  'ANCESTRAL_RECORDS_RANGE_REFUTED',
  'ANCESTRAL_RECORDS_RANGE_SUPERSEDED',
  'ANCESTRAL_RECORDS_READ_FAILED',
  'ANCESTRAL_RECORDS_REPAIR_FAILED',
  'ANCESTRAL_RECORDS_SNAPSHOT_ROOT_MISMATCH',
  'ANCESTRAL_RECORDS_SOURCE_FAILED',
  'ANCESTRAL_RECORDS_STALE_BLOCK',
  'ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH',
  'ANCESTRAL_RECORDS_UNSUPPORTED_DATABASE',
  'ANCESTRAL_RECORDS_WRITE_FAILED',
  'ANCESTRAL_RECORDS_WRONG_HEIGHT',
  'ANCESTRAL_RECORDS_WRONG_PHASE',
] as const;

/** What went wrong, as a stable name to match by. */
export type AncestralRecordsErrorCode = (typeof errorCodes)[number];

/** Plain data about what went wrong; byte strings are lower-case hex. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>;

/** The one error class of this package: match it by `code`, never by `instanceof` or message. */
export class AncestralRecordsError extends Error {
  override readonly name = 'AncestralRecordsError';
  readonly code: AncestralRecordsErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: AncestralRecordsErrorCode,
    message: string,
    options: { readonly details?: ErrorDetails; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}
