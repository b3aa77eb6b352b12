import { daoCoinErrors } from '@hs/dao-coin';
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

/** Codes that tell of a damaged state: not the transaction's fault, so they go up as they are. */
const stateDamage: ReadonlySet<string> = new Set(['DAO_COIN_CORRUPT_STATE', 'DAO_COIN_MALFORMED_ENTRY']);

/** Runs rules of `@hs/dao-coin`; what they refuse is refused by this chain, under the same name. @throws NODE_TRANSACTION_REFUSED */
export function withoutDaoCoinError<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw daoCoinRefusal(error);
  }
}

/** The error to throw for one that a rule of `@hs/dao-coin` threw; others as they are. */
export function daoCoinRefusal(error: unknown): unknown {
  const { code, details, message } = error as { code?: unknown; details?: { ruleError?: unknown }; message: string };
  if (typeof code !== 'string' || !Object.hasOwn(daoCoinErrors, code) || stateDamage.has(code)) return error;
  const rule = typeof details?.ruleError === 'string' ? details.ruleError : code;
  return transactionRefusal(rule, message, { cause: error, details: { code } });
}
