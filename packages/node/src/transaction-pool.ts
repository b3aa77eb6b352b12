import type { Transaction } from '@hs/wire';
import type { Chain, ExecutionView } from './chain/chain.js';

/** Bounds of a {@link TransactionPool}. */
export interface TransactionPoolOptions<Header> {
  readonly chain: Chain<Header>;
  /** Default 20,000. */
  readonly maxTransactions?: number;
  /** Default 16 MiB of encoded transactions. */
  readonly maxBytes?: number;
  /** Default 1,000. */
  readonly maxTransactionsPerKey?: number;
  /** Ids of transactions seen lately, refused ones included. Default 50,000. */
  readonly maxSeen?: number;
}

/** Loose transactions, each admitted by the chain's rules, waiting for a block. */
export declare class TransactionPool<Header> {
  constructor(options: TransactionPoolOptions<Header>);
  readonly size: number;
  readonly bytes: number;
  /** True if this transaction is in the pool or was seen lately: not worth asking a peer for. */
  hasSeen(id: Uint8Array): boolean;
  get(id: Uint8Array): Transaction | undefined;
  /** Admits a transaction against the state at the tip. @throws NODE_TRANSACTION_REFUSED with `details.rule` */
  add(transaction: Transaction, view: ExecutionView, nextHeight: number): Promise<Uint8Array>;
  /** The oldest transactions that fit into `maxBytes`, in order of arrival; they stay in the pool. */
  take(maxBytes: number): readonly Transaction[];
  /** Forgets what a block included, what it made impossible by using the same nonce, and what has expired after it. */
  removeIncluded(transactions: readonly Transaction[], height: number): void;
  /** Forgets transactions that turned out not to be valid. */
  remove(transactions: readonly Transaction[]): void;
}
