import { codeOf } from '../audit-error.js';
import type { Verdict } from './verdict.js';

/** What the process says to whoever started it. */
export const exitCodes = {
  match: 0,
  different: 1,
  badArguments: 2,
  nothingToCompare: 3,
  nodeFailed: 4,
  storeFailed: 5,
  interrupted: 130,
  internal: 70,
} as const;

export function exitCodeOfVerdict(verdict: Verdict): number {
  if (verdict === 'match') return exitCodes.match;
  return verdict === 'nothing-to-compare' ? exitCodes.nothingToCompare : exitCodes.different;
}

export function exitCodeOfError(error: unknown): number {
  const code = codeOf(error);
  if (code === undefined || !code.startsWith('AUDIT_')) return exitCodes.internal;
  return code.startsWith('AUDIT_STORE_') ? exitCodes.storeFailed : exitCodes.nodeFailed;
}
