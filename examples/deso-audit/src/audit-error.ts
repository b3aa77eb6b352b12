/** Every reason why an audit ends without a comparison. */
export const auditErrorCodes = [
  'AUDIT_CANNOT_CONNECT',
  'AUDIT_CONNECTION_LOST',
  'AUDIT_NO_ANSWER',
  'AUDIT_HANDSHAKE_FAILED',
  'AUDIT_PROTOCOL_BROKEN',
  'AUDIT_OTHER_CHAIN',
  'AUDIT_HEADER_INVALID',
  'AUDIT_NODE_SYNCING',
  'AUDIT_NO_SNAPSHOT',
  'AUDIT_SNAPSHOT_INVALID',
  'AUDIT_SNAPSHOT_STUCK',
  'AUDIT_TOO_MANY_SNAPSHOTS',
  'AUDIT_STORE_FAILED',
  'AUDIT_STORE_UNUSABLE',
] as const;

/** Stable name of a reason. */
export type AuditErrorCode = (typeof auditErrorCodes)[number];

/** Something about the node, the connection or the store that ends the audit, or the connection. Match by `code`. */
export class AuditError extends Error {
  override readonly name: string = 'AuditError';
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** True if another connection may do better: the node said nothing wrong, it only said nothing. */
export function isWorthRetrying(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'AUDIT_CANNOT_CONNECT' || code === 'AUDIT_CONNECTION_LOST' || code === 'AUDIT_NO_ANSWER';
}

/** The code of any error that has one. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
