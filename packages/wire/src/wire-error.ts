/** Every code a {@link WireError} can have. */
export const wireErrorCodes = [
  'WIRE_WRONG_NETWORK',
  'WIRE_UNKNOWN_MESSAGE_TYPE',
  'WIRE_PAYLOAD_TOO_LARGE',
  'WIRE_CHECKSUM_MISMATCH',
  'WIRE_DECODER_FAILED',
  'WIRE_TRUNCATED',
  'WIRE_TRAILING_BYTES',
  'WIRE_VARINT_OVERFLOW',
  'WIRE_LIMIT_EXCEEDED',
  'WIRE_INVALID_VALUE',
] as const;

/** Stable name of what was wrong with received bytes. */
export type WireErrorCode = (typeof wireErrorCodes)[number];

/** Numbers and words that say where and what; safe to log and to send elsewhere. */
export type WireErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** Received bytes do not follow the protocol. Match by `code`; messages may change. */
export class WireError extends Error {
  override readonly name: string = 'WireError';
  readonly code: WireErrorCode;
  readonly details: WireErrorDetails;

  constructor(
    code: WireErrorCode,
    message: string,
    options: { readonly details?: WireErrorDetails; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}
