/** Every `code` an {@link EllipticSumError} can carry. Codes are stable; messages may change. */
export const ellipticSumErrorCodes = [
  'ELLIPTICSUM_INVALID_LENGTH',
  'ELLIPTICSUM_INVALID_ENCODING',
  'ELLIPTICSUM_INVALID_POINT',
  'ELLIPTICSUM_INVALID_BATCH',
  'ELLIPTICSUM_INVALID_PREFIX',
  'ELLIPTICSUM_DUPLICATE_PREFIX',
  'ELLIPTICSUM_EMPTY_KEY',
  'ELLIPTICSUM_MALFORMED_RECORD',
  'ELLIPTICSUM_RECORD_TOO_LARGE',
  'ELLIPTICSUM_TRUNCATED_INPUT',
  'ELLIPTICSUM_KEYS_NOT_ASCENDING',
  'ELLIPTICSUM_INVALID_PARTIAL_SUM',
  'ELLIPTICSUM_INVALID_SNAPSHOT_FILE',
  'ELLIPTICSUM_SNAPSHOT_FILE_VERSION',
  'ELLIPTICSUM_DOMAIN_MISMATCH',
  'ELLIPTICSUM_BACKEND_CLOSED',
  'ELLIPTICSUM_BACKEND_UNAVAILABLE',
  'ELLIPTICSUM_WORKER_FAILED',
  'ELLIPTICSUM_QUEUE_FULL',
] as const;

/** One of {@link ellipticSumErrorCodes}. */
export type EllipticSumErrorCode = (typeof ellipticSumErrorCodes)[number];

/** Bad input or a closed backend, told apart by `code`. */
export class EllipticSumError extends Error {
  override readonly name = 'EllipticSumError';
  readonly code: EllipticSumErrorCode;
  /** Plain data about what was refused, such as the `index` of a sum or of a record. */
  readonly details: Readonly<Record<string, number | string>>;

  constructor(
    code: EllipticSumErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, number | string>> } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}
