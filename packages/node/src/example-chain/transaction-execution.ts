import { connectDaoCoin, connectDaoCoinTransfer, daoCoinErrors, pkidOf } from '@hs/dao-coin';
import type { ExecutionView } from '../chain/chain.js';
import { credit, debit } from './balance.js';
import { checkNonceWindow, markNonceUsed } from './nonce.js';
import { transactionRefusal } from './refusal.js';
import type { CheckedTransaction } from './transaction-check.js';
import { updateProfile } from './update-profile.js';

/** What execution depends on beside the transaction and the state. */
export interface ExecutionContext {
  readonly height: number;
  readonly nonceWindowBlocks: number;
  readonly daoCoinForkHeight: number;
}

/**
 * Applies one checked transaction: nonce, amounts, then what its type does. The fee leaves the signer here and reaches the
 * block's producer when the block ends.
 *
 * A transaction that is refused may have written to `view` before.
 *
 * @throws NODE_TRANSACTION_REFUSED with `details.rule`
 */
export async function applyTransaction(
  view: ExecutionView,
  { transaction, spendNanos, action }: CheckedTransaction,
  context: ExecutionContext,
): Promise<void> {
  const { publicKey, nonce, outputs } = transaction;
  checkNonceWindow(nonce, context.height, context.nonceWindowBlocks);
  const pkid = await pkidOf(view, publicKey);
  await markNonceUsed(view, nonce, pkid);
  await debit(view, publicKey, spendNanos);
  for (const output of outputs) await credit(view, output.publicKey, output.amountNanos);
  switch (action.kind) {
    case 'basic-transfer':
      return;
    case 'update-profile':
      return updateProfile(view, action.metadata, { publicKey, pkid });
    case 'dao-coin': {
      const connected = connectDaoCoin(view, { publicKey, metadata: action.metadata }, daoCoinContext(context));
      return refuseBrokenRule(connected);
    }
    case 'dao-coin-transfer': {
      const connected = connectDaoCoinTransfer(view, { publicKey, metadata: action.metadata }, daoCoinContext(context));
      return refuseBrokenRule(connected);
    }
  }
}

/** The rule that keeps DAO coin transactions out below the fork, by its Go name. */
export const daoCoinForkRule: string = daoCoinErrors.DAO_COIN_BEFORE_FORK;

/** Codes that tell of a damaged state: not the transaction's fault, so they go up as they are. */
const stateDamage: ReadonlySet<string> = new Set(['DAO_COIN_CORRUPT_STATE', 'DAO_COIN_MALFORMED_ENTRY']);

async function refuseBrokenRule(connected: Promise<unknown>): Promise<void> {
  try {
    await connected;
  } catch (error) {
    const { code, details, message } = error as { code?: unknown; details?: { ruleError?: unknown }; message: string };
    if (typeof code !== 'string' || !Object.hasOwn(daoCoinErrors, code) || stateDamage.has(code)) throw error;
    const rule = typeof details?.ruleError === 'string' ? details.ruleError : code;
    throw transactionRefusal(rule, message, { cause: error, details: { code } });
  }
}

function daoCoinContext({ height, daoCoinForkHeight }: ExecutionContext): {
  readonly blockHeight: number;
  readonly forkHeight: number;
  readonly mode: 'strict';
} {
  return { blockHeight: height, forkHeight: daoCoinForkHeight, mode: 'strict' };
}
