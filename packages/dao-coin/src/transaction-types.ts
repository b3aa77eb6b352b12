/** Transaction type numbers. */
export const daoCoinTransactionTypes = { daoCoin: 24, daoCoinTransfer: 25 } as const;

/** Transaction type number of an authorize derived key transaction. */
export const derivedKeyTransactionType = 22;

/** Transaction type number of the transaction that wraps atomic transactions. */
export const atomicTransactionType = 44;
