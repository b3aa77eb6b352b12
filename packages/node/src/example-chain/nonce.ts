import type { TransactionNonce } from '@hs/wire';
import type { ExecutionView } from '../chain/chain.js';
import { transactionRefusal } from './refusal.js';
import { usedNonceKey, usedNoncesFrom } from './state-keys.js';

const mark = new Uint8Array(0);

/** Checks that a nonce may be used in a block at `height`. @throws NODE_TRANSACTION_REFUSED */
export function checkNonceWindow(nonce: TransactionNonce, height: number, nonceWindowBlocks: number): void {
  const { expirationBlockHeight } = nonce;
  if (expirationBlockHeight < BigInt(height)) {
    throw transactionRefusal('RuleErrorNonceExpired', `expired at ${expirationBlockHeight}, the block is ${height}`);
  }
  if (expirationBlockHeight > BigInt(height + nonceWindowBlocks)) {
    throw transactionRefusal(
      'TxErrorNonceExpirationBlockHeightOffsetExceeded',
      `expires at ${expirationBlockHeight}, more than ${nonceWindowBlocks} blocks after ${height}`,
    );
  }
}

/** Checks that a PKID has not used a nonce. @throws NODE_TRANSACTION_REFUSED */
export async function checkNonceUnused(
  view: Pick<ExecutionView, 'get'>,
  nonce: TransactionNonce,
  pkid: Uint8Array,
): Promise<Uint8Array> {
  const key = usedNonceKey(nonce.expirationBlockHeight, pkid, nonce.partialId);
  if ((await view.get(key)) !== undefined) {
    throw transactionRefusal('RuleErrorReusedNonce', 'the signer has used this nonce before');
  }
  return key;
}

/** Marks a nonce as used by a PKID. @throws NODE_TRANSACTION_REFUSED if it is marked already */
export async function markNonceUsed(view: ExecutionView, nonce: TransactionNonce, pkid: Uint8Array): Promise<void> {
  view.set(await checkNonceUnused(view, nonce, pkid), mark);
}

/** Deletes the marks of all nonces that can no longer be used at `height`. */
export async function deleteExpiredNonces(view: ExecutionView, height: number): Promise<void> {
  for (const key of await view.keys(usedNoncesFrom(0), usedNoncesFrom(height))) view.delete(key);
}
