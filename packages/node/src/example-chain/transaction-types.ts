import { atomicTransactionType, daoCoinTransactionTypes, derivedKeyTransactionType } from '@hs/dao-coin';

/** Numbers of the transaction types of the example chain, as in the Go node. */
export const exampleTransactionTypes: {
  readonly basicTransfer: 2;
  readonly updateProfile: 6;
  readonly authorizeDerivedKey: 22;
  readonly daoCoin: 24;
  readonly daoCoinTransfer: 25;
  readonly atomic: 44;
} = {
  basicTransfer: 2,
  updateProfile: 6,
  authorizeDerivedKey: derivedKeyTransactionType,
  ...daoCoinTransactionTypes,
  atomic: atomicTransactionType,
};
