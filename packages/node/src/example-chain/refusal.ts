import { NodeError } from '../node-error.js';

/** The error of a transaction that breaks `rule`: Go's name of the rule where it has one, else our own without `RuleError`. */
export function transactionRefusal(
  rule: string,
  message: string,
  options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
): NodeError {
  return new NodeError('NODE_TRANSACTION_REFUSED', `${message} (${rule})`, {
    ...('cause' in options ? { cause: options.cause } : {}),
    details: { ...options.details, rule },
  });
}

/** The error of a header or block that breaks `rule`. */
export function chainRuleBroken(
  rule: string,
  message: string,
  options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
): NodeError {
  return new NodeError('NODE_CHAIN_RULE', `${message} (${rule})`, {
    ...('cause' in options ? { cause: options.cause } : {}),
    details: { ...options.details, rule },
  });
}
