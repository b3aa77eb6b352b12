import { equalBytes } from '@hs/bytes';
import {
  connectAuthorizeDerivedKey,
  connectDaoCoin,
  connectDaoCoinTransfer,
  connectDerivedKeyUse,
  type DerivedKeyUse,
  daoCoinErrors,
  extraDataEntries,
  pkidOf,
} from '@hs/dao-coin';
import type { ExecutionView } from '../chain/chain.js';
import { hasCode } from '../node-error.js';
import { credit, debit } from './balance.js';
import { checkNonceWindow, markNonceUsed } from './nonce.js';
import { daoCoinRefusal, transactionRefusal } from './refusal.js';
import type { VerifySignature } from './signature.js';
import { type CheckedTransaction, checkSignature, type TransactionAction } from './transaction-check.js';
import { updateProfile } from './update-profile.js';

/** What execution depends on beside the transaction and the state. */
export interface ExecutionContext {
  readonly height: number;
  readonly nonceWindowBlocks: number;
  readonly daoCoinForkHeight: number;
  readonly verifySignature: VerifySignature;
}

/** Largest entry of a derived key: every value that may come with a spec holds it. */
export const maxDerivedKeyEntryBytes = 16_384;

/**
 * Applies one checked transaction: nonce, amounts, the limits of the derived key that signed, then what its type does. Parts of
 * atomic transactions follow each other. The fee leaves the signer here and reaches the block's producer when the block ends.
 *
 * A transaction that is refused may have written to `view` before.
 *
 * @throws NODE_TRANSACTION_REFUSED with `details.rule`
 */
export async function applyTransaction(
  view: ExecutionView,
  checked: CheckedTransaction,
  context: ExecutionContext,
): Promise<void> {
  const { transaction, spendNanos, action } = checked;
  if (action.kind === 'atomic') {
    for (const part of action.parts) await applyTransaction(view, part, context);
    return;
  }
  const { publicKey, nonce, outputs } = transaction;
  checkNonceWindow(nonce, context.height, context.nonceWindowBlocks);
  const pkid = await pkidOf(view, publicKey);
  await markNonceUsed(view, nonce, pkid);
  await debit(view, publicKey, spendNanos);
  for (const output of outputs) await credit(view, output.publicKey, output.amountNanos);
  await chargeDerivedKey(view, checked, context);
  switch (action.kind) {
    case 'basic-transfer':
      return;
    case 'update-profile':
      return updateProfile(view, action.metadata, { publicKey, pkid });
    case 'authorize-derived-key':
      return authorizeDerivedKey(view, { checked, metadata: action.metadata }, context);
    case 'dao-coin': {
      const connected = connectDaoCoin(view, { publicKey, metadata: action.metadata }, daoCoinContext(context));
      await refuseBrokenRule(connected);
      return;
    }
    case 'dao-coin-transfer': {
      const connected = connectDaoCoinTransfer(view, { publicKey, metadata: action.metadata }, daoCoinContext(context));
      await refuseBrokenRule(connected);
      return;
    }
  }
}

/**
 * Charges the derived key that signed, if one did: it must be authorized, and its limits shrink. (An authorization charges
 * it itself.)
 *
 * @throws NODE_TRANSACTION_REFUSED
 */
export async function chargeDerivedKey(
  view: ExecutionView,
  { transaction, spendNanos, derivedPublicKey, action }: CheckedTransaction,
  { height }: Pick<ExecutionContext, 'height'>,
): Promise<void> {
  if (derivedPublicKey === undefined || action.kind === 'authorize-derived-key') return;
  const use: DerivedKeyUse = {
    ownerPublicKey: transaction.publicKey,
    derivedPublicKey,
    spendNanos: spendNanos - paidToSelf(transaction),
    action: derivedKeyAction(action, transaction.type),
  };
  await refuseBrokenRule(connectDerivedKeyUse(view, use, { blockHeight: height }));
}

/** The rule that keeps DAO coin transactions out below the fork, by its Go name. */
export const daoCoinForkRule: string = daoCoinErrors.DAO_COIN_BEFORE_FORK;

async function authorizeDerivedKey(
  view: ExecutionView,
  of: {
    readonly checked: CheckedTransaction;
    readonly metadata: Extract<TransactionAction, { readonly kind: 'authorize-derived-key' }>['metadata'];
  },
  context: ExecutionContext,
): Promise<void> {
  const { transaction, spendNanos, derivedPublicKey } = of.checked;
  const { verifySignature } = context;
  const authorization = {
    publicKey: transaction.publicKey,
    metadata: of.metadata,
    extraData: extraDataEntries(transaction.extraData),
    signedBy: derivedPublicKey,
    spendNanos: spendNanos - paidToSelf(transaction),
  };
  const { records } = await refuseBrokenRule(
    connectAuthorizeDerivedKey(view, authorization, {
      ...daoCoinContext(context),
      verifyAccessSignature: (hash, signature, publicKey) => {
        try {
          checkSignature(signature, { hash, publicKey, verifySignature });
          return true;
        } catch (error) {
          if (hasCode(error, 'NODE_TRANSACTION_REFUSED')) return false;
          throw error;
        }
      },
    }),
  );
  // Limits add up over authorizations; a state that holds a value above its own maximum could not be committed.
  const bytes = Math.max(0, ...records.map(({ after }) => after?.length ?? 0));
  if (bytes > maxDerivedKeyEntryBytes) {
    throw transactionRefusal('DerivedKeyEntryTooLarge', `the key's limits and memo take ${bytes} bytes`);
  }
}

function derivedKeyAction(action: TransactionAction, transactionType: number): DerivedKeyUse['action'] {
  if (action.kind === 'dao-coin' || action.kind === 'dao-coin-transfer') return action;
  return { kind: 'other', transactionType };
}

function paidToSelf({ publicKey, outputs }: CheckedTransaction['transaction']): bigint {
  return outputs.reduce(
    (sum, output) => (equalBytes(output.publicKey, publicKey) ? sum + output.amountNanos : sum),
    0n,
  );
}

async function refuseBrokenRule<T>(connected: Promise<T>): Promise<T> {
  try {
    return await connected;
  } catch (error) {
    throw daoCoinRefusal(error);
  }
}

function daoCoinContext({ height, daoCoinForkHeight }: ExecutionContext): {
  readonly blockHeight: number;
  readonly forkHeight: number;
  readonly mode: 'strict';
} {
  return { blockHeight: height, forkHeight: daoCoinForkHeight, mode: 'strict' };
}
