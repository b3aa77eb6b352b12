import type { TransactionSpendingLimit } from './spending-limit.js';

/** A key that may sign for another. */
export interface DerivedKeyEntry {
  readonly ownerPublicKey: Uint8Array;
  readonly derivedPublicKey: Uint8Array;
  readonly expirationBlock: bigint;
  /** One byte: 1 authorised, 0 not. */
  readonly operationType: number;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
  readonly spendingLimit: TransactionSpendingLimit | undefined;
  readonly memo: Uint8Array;
}
