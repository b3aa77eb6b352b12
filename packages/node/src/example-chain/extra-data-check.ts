import { extraDataKeys, isAtomicPart } from '@hs/dao-coin';
import type { Transaction } from '@hs/wire';
import { transactionRefusal } from './refusal.js';
import { isCompressedPoint } from './secp256k1-noble.js';
import { exampleTransactionTypes } from './transaction-types.js';

const authorizationKeys: readonly string[] = [extraDataKeys.spendingLimit, extraDataKeys.derivedKeyMemo];
const linkKeys: readonly string[] = [
  extraDataKeys.atomicChainLength,
  extraDataKeys.nextAtomicHash,
  extraDataKeys.previousAtomicHash,
];

/**
 * Checks that a transaction carries no extra data but what this chain knows, each where it belongs.
 *
 * A part of atomic transactions must not happen alone, and nothing else may look like one.
 *
 * @throws NODE_TRANSACTION_REFUSED
 */
export function checkExtraData(
  transaction: Transaction,
  { isPart }: { readonly isPart: boolean },
): { readonly derivedPublicKey: Uint8Array | undefined } {
  const { type, extraData } = transaction;
  if (!isPart && isAtomicPart(transaction)) {
    throw transactionRefusal('AtomicPartAlone', 'the transaction may only happen together with those it is linked to');
  }
  for (const key of extraData.keys()) {
    const isKnown =
      (isPart && linkKeys.includes(key)) ||
      (type === exampleTransactionTypes.authorizeDerivedKey && authorizationKeys.includes(key)) ||
      (type !== exampleTransactionTypes.atomic && key === extraDataKeys.derivedPublicKey);
    if (!isKnown) throw transactionRefusal('ExtraDataNotSupported', 'this chain has no use for such extra data');
  }
  const derivedPublicKey = extraData.get(extraDataKeys.derivedPublicKey);
  if (derivedPublicKey !== undefined && !isCompressedPoint(derivedPublicKey)) {
    throw transactionRefusal('RuleErrorDerivedKeyInvalidExtraData', 'the derived key is no compressed public key');
  }
  return { derivedPublicKey };
}
