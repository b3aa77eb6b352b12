/** What can go wrong in a node. Codes are stable; messages may change. */
export const nodeErrorCodes = [
  'NODE_BRANCH_REFUSED',
  'NODE_CHAIN_RULE',
  'NODE_CHECKSUM_DISPUTED',
  'NODE_CHECKSUM_MISMATCH',
  'NODE_CONFIGURATION',
  'NODE_DATABASE',
  'NODE_EQUIVOCATION',
  'NODE_HANDSHAKE',
  'NODE_HEADER_IN_FUTURE',
  'NODE_HEADER_UNKNOWN',
  'NODE_LISTENER_FAILED',
  'NODE_PEER_BANNED',
  'NODE_PEER_CLOSED',
  'NODE_PEER_LIMIT',
  'NODE_PEER_MISBEHAVED',
  'NODE_PEER_TIMEOUT',
  'NODE_STATE_ROOT_MISMATCH',
  'NODE_STOPPED',
  'NODE_TRANSACTION_REFUSED',
  'NODE_TRUSTED_ROOT_MISMATCH',
  'NODE_UNPINNED_SYNC',
  'NODE_UNPROVED_SYNC_FAILED',
  'NODE_UNREACHABLE',
  'NODE_UNTRUSTED',
] as const;

export type NodeErrorCode = (typeof nodeErrorCodes)[number];

/** The error of `@hs/node`: match by `code`. `details` is plain data, fit for logs. */
export class NodeError extends Error {
  readonly code: NodeErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: NodeErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'NodeError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True if `error` is any error with this stable code, whichever copy of the package made it. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
}
