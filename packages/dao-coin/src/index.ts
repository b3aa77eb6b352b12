export { formatCoins, parseCoins } from './amount.js';
export {
  atomicHash,
  atomicMetadataCodec,
  checkAtomicTransactions,
  isAtomicPart,
  linkAtomicTransactions,
  withLeastAtomicFees,
  wrapAtomicTransactions,
} from './atomic-transactions.js';
export {
  type AuthorizeDerivedKeyMetadata,
  accessHash,
  authorizeDerivedKeyMetadataCodec,
} from './authorize-derived-key.js';
export { connectAtomically } from './connect-atomically.js';
export {
  type AuthorizeDerivedKeyContext,
  connectAuthorizeDerivedKey,
  type DerivedKeyAuthorization,
} from './connect-authorize-derived-key.js';
export { connectDaoCoin } from './connect-dao-coin.js';
export { connectDaoCoinTransfer } from './connect-dao-coin-transfer.js';
export { connectDerivedKeyUse, type DerivedKeyContext, type DerivedKeyUse } from './connect-derived-key-use.js';
export {
  coinEntryVersionAt,
  type DaoCoinContext,
  type DaoCoinHeights,
  type DaoCoinMode,
  type DaoCoinTransaction,
  desoHeights,
} from './context.js';
export { disconnectDaoCoin } from './disconnect-dao-coin.js';
export { type BalanceEntry, balanceEntryCodec } from './entries/balance-entry.js';
export { type CoinEntry, type CoinEntryVersion, coinEntryCodec, zeroCoinEntry } from './entries/coin-entry.js';
export { type DerivedKeyEntry, derivedKeyEntryCodec, derivedKeyOperations } from './entries/derived-key-entry.js';
export type { EncodeOptions, EntryCodec, EntryForm } from './entries/entry-codec.js';
export { type PkidEntry, pkidEntryCodec } from './entries/pkid-entry.js';
export { type ExtraData, newProfileEntry, type ProfileEntry, profileEntryCodec } from './entries/profile-entry.js';
export {
  anyCreatorPkid,
  type DaoCoinOperationLimit,
  daoCoinLimitOperations,
  type OtherLimit,
  type OtherLimitName,
  type SpendingLimit,
  type SpendingLimitVersion,
  spendingLimitCodec,
  zeroSpendingLimit,
} from './entries/spending-limit.js';
export { DaoCoinError, type DaoCoinErrorCode, type DaoCoinErrorDetails, daoCoinErrors } from './error.js';
export { extraDataEntries, extraDataKeys } from './extra-data.js';
export {
  type BalancePage,
  holdersOf,
  holdingsOf,
  type PageOptions,
  type RangeReader,
  type StateRecord,
} from './holders.js';
export { type DesoNetwork, formatPrivateKey, formatPublicKey, parsePrivateKey, parsePublicKey } from './key-text.js';
export {
  balanceByCreatorKey,
  balanceEntryKey,
  daoCoinPrefixes,
  derivedKeyKey,
  holdersKeyPrefix,
  holdingsKeyPrefix,
  pkidOfPublicKeyKey,
  profileKey,
  publicKeyOfPkidKey,
  usernameKey,
} from './keys.js';
export {
  burnMetadata,
  type DaoCoinMetadata,
  type DaoCoinTransferMetadata,
  daoCoinMetadataCodec,
  daoCoinOperations,
  daoCoinTransferMetadataCodec,
  disableMintingMetadata,
  type MetadataCodec,
  mintMetadata,
  transferRestrictionMetadata,
  transferRestrictions,
} from './metadata.js';
export { createPublicKeyCheck, isValidPublicKey, publicKeyBytes } from './public-key.js';
export { balanceOf, daoCoinOf, pkidOf, pkidOfUsername, profileOf, publicKeyOf } from './readers.js';
export type { StateReader, StateView } from './state-view.js';
export {
  authorizeDerivedKeyTransaction,
  type BalanceModelTransaction,
  daoCoinTransaction,
  daoCoinTransferTransaction,
  encodeTransaction,
  type SignHash,
  signTransaction,
  type TransactionFields,
  transactionSigningHash,
  withLeastFee,
} from './transaction.js';
export { atomicTransactionType, daoCoinTransactionTypes, derivedKeyTransactionType } from './transaction-types.js';
export { baseUnitsPerCoin, maxUint256 } from './uint256.js';
export { type DaoCoinUndo, daoCoinUndoCodec, maxAtomicConnects, type UndoRecord } from './undo.js';
