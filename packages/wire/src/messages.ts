import type { Block } from './block.js';
import type { QuorumCertificate } from './deso-header.js';
import type { PackedRecords } from './packed-records.js';
import type { Transaction } from './transaction.js';

/** 1: the first message of each side. */
export interface VersionMessage {
  readonly type: 'version';
  /** Protocol version, below 2^32. */
  readonly version: number;
  /** Sum of service bits. */
  readonly services: bigint;
  readonly timestampSeconds: bigint;
  /** Random; tells a node that it has dialled itself. */
  readonly nonce: bigint;
  readonly userAgent: string;
  readonly latestBlockHeight: number;
  readonly minFeeRateNanosPerKb: bigint;
}

/** 2: answers a version message of protocol version 0 or 1. */
export interface VerackV0Message {
  readonly type: 'verack';
  readonly version: 0;
  readonly nonceReceived: bigint;
}

/** 2: answers a version message of protocol version 2. */
export interface VerackV1Message {
  readonly type: 'verack';
  readonly version: 1;
  readonly nonceReceived: bigint;
  readonly nonceSent: bigint;
  readonly timestampMicros: bigint;
  /** BLS key of a validator, or empty. */
  readonly publicKey: Uint8Array;
  /** BLS signature of a validator, or empty. */
  readonly signature: Uint8Array;
}

/** 3: one header. Nodes send headers in bundles and blocks only. */
export interface HeaderMessage<H> {
  readonly type: 'header';
  readonly header: H;
}

/** 8: asks for a pong. */
export interface PingMessage {
  readonly type: 'ping';
  readonly nonce: bigint;
}

/** 9: the answer to a ping, with its nonce. */
export interface PongMessage {
  readonly type: 'pong';
  readonly nonce: bigint;
}

/** 6: asks for headers after the newest hash of the locator that the peer knows. */
export interface GetHeadersMessage {
  readonly type: 'get-headers';
  /** All zero for no stop. */
  readonly stopHash: Uint8Array;
  /** Block hashes, newest first. */
  readonly locator: readonly Uint8Array[];
}

/** 7: headers, oldest first, and the sender's best block. */
export interface HeaderBundleMessage<H> {
  readonly type: 'header-bundle';
  readonly headers: readonly H[];
  readonly tipHash: Uint8Array;
  readonly tipHeight: number;
}

/** 11: asks for blocks. */
export interface GetBlocksMessage {
  readonly type: 'get-blocks';
  readonly hashes: readonly Uint8Array[];
}

/** 4: one block. */
export interface BlockMessage<H> {
  readonly type: 'block';
  readonly block: Block<H>;
}

/** 22: blocks, and the sender's best block. */
export interface BlockBundleMessage<H> {
  readonly type: 'block-bundle';
  readonly blocks: readonly Block<H>[];
  readonly tipHash: Uint8Array;
  readonly tipHeight: number;
}

/** 20: a validator's vote for a block, between validators. BLS keys and signatures are opaque and not empty. */
export interface ValidatorVoteMessage {
  readonly type: 'validator-vote';
  readonly votingPublicKey: Uint8Array;
  readonly blockHash: Uint8Array;
  readonly proposedInView: bigint;
  readonly votePartialSignature: Uint8Array;
}

/** 21: a validator's vote to give up a view, between validators. BLS keys and signatures are opaque and not empty. */
export interface ValidatorTimeoutMessage {
  readonly type: 'validator-timeout';
  readonly votingPublicKey: Uint8Array;
  readonly timedOutView: bigint;
  readonly highQuorumCertificate: QuorumCertificate;
  readonly timeoutPartialSignature: Uint8Array;
}

/** 5: one transaction. */
export interface TransactionMessage {
  readonly type: 'transaction';
  readonly transaction: Transaction;
}

/** Something the sender of an inv message has. */
export interface InventoryItem {
  readonly kind: 'transaction' | 'block';
  readonly hash: Uint8Array;
}

/** 10: what the sender has. */
export interface InvMessage {
  readonly type: 'inv';
  readonly items: readonly InventoryItem[];
  /** True in the answer to a mempool message. */
  readonly isSyncResponse: boolean;
}

/** 12: asks for transactions. */
export interface GetTransactionsMessage {
  readonly type: 'get-transactions';
  readonly hashes: readonly Uint8Array[];
}

/** 13: transactions of version 0 only. */
export interface TransactionBundleMessage {
  readonly type: 'transaction-bundle';
  readonly transactions: readonly Transaction[];
}

/** 19: transactions of any version. */
export interface TransactionBundleV2Message {
  readonly type: 'transaction-bundle-v2';
  readonly transactions: readonly Transaction[];
}

/** 14: asks for the transactions in the pool. */
export interface MempoolMessage {
  readonly type: 'mempool';
}

/** 16: asks for addresses of nodes. */
export interface GetAddrMessage {
  readonly type: 'get-addr';
}

/** Where a node listens. */
export interface NodeAddress {
  readonly lastSeenSeconds: bigint;
  readonly services: bigint;
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  readonly port: number;
}

/** 15: addresses of nodes. */
export interface AddrMessage {
  readonly type: 'addr';
  readonly addresses: readonly NodeAddress[];
}

/** 17 in the Go layout: asks for state records from a key on, within the prefix that is the key's first byte. */
export interface GetSnapshotMessage {
  readonly type: 'get-snapshot';
  /** Not empty. */
  readonly startKey: Uint8Array;
}

/** The snapshot that the sender of Go's snapshot data serves, in its own words; nothing proves them. */
export interface SnapshotEpochMetadata {
  readonly snapshotBlockHeight: number;
  readonly firstSnapshotBlockHeight: number;
  /** Empty, or 32 bytes. */
  readonly currentEpochChecksum: Uint8Array;
  /** 32 bytes. */
  readonly currentEpochBlockHash: Uint8Array;
}

/** 18 in the Go layout: state records. A single record with key `00` and an empty value stands for none. */
export interface SnapshotDataMessage {
  readonly type: 'snapshot-data';
  readonly epoch: SnapshotEpochMetadata;
  /** At least one record. After decoding, `bytes` is the payload. */
  readonly records: PackedRecords;
  /** True if the prefix has more records. */
  readonly isFull: boolean;
  readonly prefix: Uint8Array;
}

/** 17 in the extended layout: asks for the records in `[startKey, endKey)` of the snapshot at `height`. */
export interface ExtendedGetSnapshotMessage {
  readonly type: 'get-snapshot';
  readonly requestId: number;
  readonly height: number;
  /** Not empty. */
  readonly startKey: Uint8Array;
  /** Empty for the end of the prefix that is the first byte of `startKey`. */
  readonly endKey: Uint8Array;
  readonly maxBytes: number;
}

/** 18 in the extended layout: the answer to the request with the same id. */
export interface ExtendedSnapshotDataMessage {
  readonly type: 'snapshot-data';
  readonly requestId: number;
  readonly height: number;
  /** False if the sender does not serve that snapshot; then there are no records and no next key. */
  readonly isAvailable: boolean;
  /** Where to go on; empty if the range is exhausted. */
  readonly nextKey: Uint8Array;
  /** Any number of records. After decoding, `bytes` is the payload. */
  readonly records: PackedRecords;
}

/** 64: asks for the page hashes of the manifest of the snapshot at `height`. */
export interface GetPageListMessage {
  readonly type: 'get-page-list';
  readonly requestId: number;
  readonly height: number;
}

/** 65: the page hashes of a manifest; none if the sender does not have it. */
export interface PageListMessage {
  readonly type: 'page-list';
  readonly requestId: number;
  readonly height: number;
  readonly hashes: readonly Uint8Array[];
}

/** 66: asks for one page of a manifest. */
export interface GetPageMessage {
  readonly type: 'get-page';
  readonly requestId: number;
  readonly height: number;
  readonly index: number;
}

/** 67: one page of a manifest; empty if the sender does not have it. */
export interface PageMessage {
  readonly type: 'page';
  readonly requestId: number;
  readonly height: number;
  readonly index: number;
  readonly page: Uint8Array;
}

/** 68: how long the sender keeps serving the snapshot at `height` at least. It answers nothing, and the last one counts. */
export interface SnapshotLeaseMessage {
  readonly type: 'snapshot-lease';
  readonly height: number;
  /** Milliseconds from now on; 0 if nothing is promised. */
  readonly durationMs: number;
}

/** 69: asks what the state is at each snapshot that the peer serves. */
export interface GetStateChecksumsMessage {
  readonly type: 'get-state-checksums';
  readonly requestId: number;
}

/** What all records of one prefix are. */
export interface PrefixChecksum {
  /** From 0 to 255. */
  readonly prefix: number;
  readonly records: number;
  /** Key and value bytes. */
  readonly bytes: number;
  readonly checksum: Uint8Array;
}

/** What the state is at one snapshot height, in the sender's words; nothing proves it. */
export interface StateChecksums {
  readonly height: number;
  readonly blockHash: Uint8Array;
  /** Prefixes with records, ascending. Their checksums add up to that of the whole state. */
  readonly prefixes: readonly PrefixChecksum[];
}

/** 70: the state at each snapshot that the sender serves, ascending by height; none if it serves none. */
export interface StateChecksumsMessage {
  readonly type: 'state-checksums';
  readonly requestId: number;
  readonly snapshots: readonly StateChecksums[];
}

/** Messages that are the same in both layouts. */
export type CommonMessage<H> =
  | VersionMessage
  | VerackV0Message
  | VerackV1Message
  | PingMessage
  | PongMessage
  | HeaderMessage<H>
  | GetHeadersMessage
  | HeaderBundleMessage<H>
  | GetBlocksMessage
  | BlockMessage<H>
  | BlockBundleMessage<H>
  | ValidatorVoteMessage
  | ValidatorTimeoutMessage
  | TransactionMessage
  | InvMessage
  | GetTransactionsMessage
  | TransactionBundleMessage
  | TransactionBundleV2Message
  | MempoolMessage
  | GetAddrMessage
  | AddrMessage;

/** Messages of the Go node. */
export type GoMessage<H> = CommonMessage<H> | GetSnapshotMessage | SnapshotDataMessage;

/** Messages between two peers that both announced `serviceBits.hyperSyncExtended`. */
export type ExtendedMessage<H> =
  | CommonMessage<H>
  | ExtendedGetSnapshotMessage
  | ExtendedSnapshotDataMessage
  | GetPageListMessage
  | PageListMessage
  | GetPageMessage
  | PageMessage
  | SnapshotLeaseMessage
  | GetStateChecksumsMessage
  | StateChecksumsMessage;

/** Any message; `'requestId' in message` tells the extended snapshot messages from Go's. */
export type Message<H> = GoMessage<H> | ExtendedMessage<H>;
