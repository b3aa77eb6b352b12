/** Numbers of the transaction types of the example chain, as in the Go node. */
export const exampleTransactionTypes = {
  basicTransfer: 2,
  updateProfile: 6,
  daoCoin: 24,
  daoCoinTransfer: 25,
} as const;
