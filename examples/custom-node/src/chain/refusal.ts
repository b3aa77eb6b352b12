import { NodeError } from '@hs/node';

/**
 * The error for a header or block that breaks a rule of this chain. A peer that sent it is dropped and banned; only dropped if the
 * same thing may be right later.
 */
export function ruleBroken(
  rule: string,
  message: string,
  { isTemporary = false }: { readonly isTemporary?: boolean } = {},
): NodeError {
  return new NodeError('NODE_CHAIN_RULE', `${message} (${rule})`, { details: { rule, isTemporary } });
}

/** The error for a transaction that cannot be taken, now or ever. */
export function refused(rule: string, message: string): NodeError {
  return new NodeError('NODE_TRANSACTION_REFUSED', `${message} (${rule})`, { details: { rule } });
}
