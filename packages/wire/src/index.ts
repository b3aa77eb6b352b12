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
export { doubleSha256, type Sha256 } from './double-sha256.js';
export { encodeFrame, type Frame } from './frame.js';
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
  SnapshotDataMessage,
  SnapshotEpochMetadata,
  SnapshotLeaseMessage,
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
export { WireError, type WireErrorCode, type WireErrorDetails, wireErrorCodes } from './wire-error.js';
