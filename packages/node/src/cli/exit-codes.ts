import { hasCode } from '../node-error.js';

/** How `hs-node` ends. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  untrusted: 3,
  damaged: 4,
  unreachable: 5,
  locked: 6,
  refused: 7,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each exit code stands for, for help and documentation. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done; for `run`: stopped by a signal',
  1: 'failed for another reason, which the message says',
  2: 'wrong usage or configuration',
  3: 'a matter of trust that somebody has to decide: the chain has split, a root or checksum is not the trusted one, or nothing speaks for a state',
  4: 'damage was found in a database or in a snapshot file',
  5: 'no node answers, or it does not have what was asked for',
  6: 'another process has the database open',
  7: 'a transaction was refused, or did not get into a block in time',
  130: 'interrupted by SIGINT (Ctrl-C); at the second one at once',
  143: 'interrupted by SIGTERM',
};

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  NODE_CONFIGURATION: exitCodes.usage,
  ANCESTRAL_RECORDS_IDENTITY_MISMATCH: exitCodes.usage,
  ANCESTRAL_RECORDS_PARAMETERS_MISMATCH: exitCodes.usage,
  NODE_CHECKSUM_DISPUTED: exitCodes.untrusted,
  NODE_CHECKSUM_MISMATCH: exitCodes.untrusted,
  NODE_EQUIVOCATION: exitCodes.untrusted,
  NODE_TRUSTED_ROOT_MISMATCH: exitCodes.untrusted,
  NODE_UNPINNED_SYNC: exitCodes.untrusted,
  NODE_UNPROVED_SYNC_FAILED: exitCodes.untrusted,
  NODE_UNTRUSTED: exitCodes.untrusted,
  ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH: exitCodes.untrusted,
  ANCESTRAL_RECORDS_SNAPSHOT_ROOT_MISMATCH: exitCodes.untrusted,
  ANCESTRAL_RECORDS_CORRUPT: exitCodes.damaged,
  ANCESTRAL_RECORDS_INVALID_MANIFEST: exitCodes.damaged,
  ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE: exitCodes.damaged,
  ANCESTRAL_RECORDS_RANGE_REFUTED: exitCodes.damaged,
  ANCESTRAL_RECORDS_REPAIR_FAILED: exitCodes.damaged,
  NODE_UNREACHABLE: exitCodes.unreachable,
  NODE_TRANSACTION_REFUSED: exitCodes.refused,
};

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  const { code, details } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly details?: { readonly isLocked?: unknown };
  };
  if (hasCode(error, 'NODE_DATABASE') && details?.isLocked === true) return exitCodes.locked;
  return (typeof code === 'string' ? byErrorCode[code] : undefined) ?? exitCodes.failed;
}
