import { type Transaction, transactionHash } from '@hs/wire';
import { sha256 } from './keys.js';

/** What a header says of its block's transactions: one hash over their ids, in order. */
export function contentsHash(transactions: readonly Transaction[]): Uint8Array {
  return sha256('name-registry contents', ...transactions.map((transaction) => transactionHash(transaction)));
}
