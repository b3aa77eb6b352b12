export { type Block, type BlockProducerInfo, createBlockCodec } from './block.js';
export type { Codec } from './codec.js';
export {
  type DesoHashes,
  desoHashV0,
  desoHashV1,
  desoHeaderHash,
  desoHeaderSigningBytes,
  type Sha3,
} from './deso-hash.js';
export {
  type AggregateSignature,
  type DesoHeader,
  type DesoHeaderV0,
  type DesoHeaderV1,
  type DesoHeaderV2,
  desoHeaderCodec,
  type QuorumCertificate,
  type TimeoutCertificate,
} from './deso-header.js';
export { doubleSha256, type IncrementalHash, type Sha256 } from './double-sha256.js';
export { encodeFrame, encodeFrameHead, type Frame, type FrameEncoding } from './frame.js';
export { defaultMaxPayloadBytes, FrameDecoder, type FrameDecoderOptions } from './frame-decoder.js';
export type { HeaderCodec } from './header-codec.js';
export { defaultLimits, goNodeLimits, type Limits } from './limits.js';
export { merkleRoot } from './merkle-root.js';
export { createMessageCodec, type Layout, type MessageCodec, type MessageCodecOptions } from './message-codec.js';
export { type MessageName, messageTypes, networks, serviceBits } from './message-types.js';
export type {
  AddrMessage,
  BlockBundleMessage,
  BlockMessage,
  CommonMessage,
  ExtendedGetSnapshotMessage,
  ExtendedMessage,
  ExtendedSnapshotDataMessage,
  GetAddrMessage,
  GetBlocksMessage,
  GetHeadersMessage,
  GetPageListMessage,
  GetPageMessage,
  GetSnapshotMessage,
  GetStateChecksumsMessage,
  GetTransactionsMessage,
  GoMessage,
  HeaderBundleMessage,
  HeaderMessage,
  InventoryItem,
  InvMessage,
  MempoolMessage,
  Message,
  NodeAddress,
  PageListMessage,
  PageMessage,
  PingMessage,
  PongMessage,
  PrefixChecksum,
  SnapshotDataMessage,
  SnapshotEpochMetadata,
  SnapshotLeaseMessage,
  StateChecksums,
  StateChecksumsMessage,
  TransactionBundleMessage,
  TransactionBundleV2Message,
  TransactionMessage,
  ValidatorTimeoutMessage,
  ValidatorVoteMessage,
  VerackV0Message,
  VerackV1Message,
  VersionMessage,
} from './messages.js';
export { type NetworkParameters, networkParameters } from './network-parameters.js';
export type { PackedRecords } from './packed-records.js';
export { PayloadPool } from './payload-pool.js';
export { compactSignatureBytes, hasLowS, type Signature, signatureCodec } from './signature.js';
export {
  extraDataKey,
  signingHash,
  type Transaction,
  type TransactionInput,
  type TransactionNonce,
  type TransactionOutput,
  transactionCodec,
  transactionHash,
  transactionSigningBytes,
} from './transaction.js';
export type { PostAssociationEntry, UserAssociationEntry } from './values/association-entries.js';
export { type ChecksumValueOptions, checksumValue } from './values/checksum-value.js';
export type {
  BalanceEntry,
  CoinEntry,
  DaoCoinLimitOrderEntry,
  PkidEntry,
  ProfileEntry,
} from './values/coin-entries.js';
export type { DerivedKeyEntry } from './values/derived-key-entry.js';
export {
  type EncoderMigration,
  type EncoderParams,
  encoderMigrations,
  encoderParams,
} from './values/encoder-params.js';
export type { Entries, EntryName } from './values/entries.js';
export {
  createEntryCodecs,
  type DecodeEntryOptions,
  type EncodeEntryOptions,
  type EntryCodec,
  type EntryCodecOptions,
  type EntryCodecs,
} from './values/entry-codecs.js';
export type { EntryForm } from './values/entry-form.js';
export type { GlobalParamsEntry } from './values/global-params-entry.js';
export type {
  AccessGroupEntry,
  AccessGroupMemberEntry,
  EmptyEntry,
  MessageEntry,
  MessagingGroupEntry,
  MessagingGroupMember,
  NewMessageEntry,
} from './values/message-entries.js';
export type { DiamondEntry, NftBidEntry, NftBidEntryBundle, NftEntry, PostEntry } from './values/post-entries.js';
export type {
  AccessGroupKey,
  AssociationKey,
  CoinOperationKey,
  Limit,
  LimitOrderKey,
  LockupKey,
  NftOperationKey,
  StakeKey,
  TransactionCountLimit,
  TransactionSpendingLimit,
} from './values/spending-limit.js';
export type {
  BlsPublicKeyPkidPairEntry,
  EpochEntry,
  LockedBalanceEntry,
  LockedStakeEntry,
  LockupYieldCurvePoint,
  StakeEntry,
  ValidatorEntry,
} from './values/stake-entries.js';
export { type StatePrefix, statePrefixes } from './values/state-prefixes.js';
export { fixedUint256Codec, minimalUint256Codec, variableUint256Codec } from './values/uint256-codecs.js';
export type { UtxoEntry, UtxoKey } from './values/utxo-entries.js';
export { defaultValueLimits, type ValueLimits } from './values/value-limits.js';
export { WireError, type WireErrorCode, type WireErrorDetails, wireErrorCodes } from './wire-error.js';
