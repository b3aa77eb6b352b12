import { fromHex, toHex } from '@hs/bytes';
import type { ExtraData } from './entries/profile-entry.js';

const named = (text: string): string => toHex(new TextEncoder().encode(text));

/** Keys of a transaction's extra data that mean something to derived keys and atomic transactions, in hex. */
export const extraDataKeys: Readonly<
  Record<
    | 'derivedPublicKey'
    | 'spendingLimit'
    | 'derivedKeyMemo'
    | 'atomicChainLength'
    | 'nextAtomicHash'
    | 'previousAtomicHash',
    string
  >
> = {
  /** The key that signed for the transaction's public key. */
  derivedPublicKey: named('DerivedPublicKey'),
  /** In an authorization. */
  spendingLimit: named('TransactionSpendingLimit'),
  /** In an authorization: what the key is for. */
  derivedKeyMemo: named('DerivedKeyMemo'),
  /** In the first of atomic transactions: how many there are. */
  atomicChainLength: named('AtmcChnLen'),
  /** In each of atomic transactions: the atomic hash of the next, of the first in the last. */
  nextAtomicHash: named('NxtAtmcHsh'),
  /** In each of atomic transactions: the atomic hash of the one before, of the last in the first. */
  previousAtomicHash: named('PrvAtmcHsh'),
};

/** Extra data by the hex of its keys, as a transaction has it, in the form that entries have it. */
export function extraDataEntries(extraData: ReadonlyMap<string, Uint8Array>): ExtraData {
  return [...extraData].map(([key, value]) => [fromHex(key), value] as const);
}

/** The value of a key, which is given in hex. */
export function extraDataValue(extraData: ExtraData, hexKey: string): Uint8Array | undefined {
  return extraData.find(([key]) => toHex(key) === hexKey)?.[1];
}
