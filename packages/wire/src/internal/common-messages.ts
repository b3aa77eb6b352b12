import type { HeaderCodec } from '../header-codec.js';
import type { Limits } from '../limits.js';
import type {
  AddrMessage,
  BlockBundleMessage,
  BlockMessage,
  CommonMessage,
  GetAddrMessage,
  GetBlocksMessage,
  GetHeadersMessage,
  GetTransactionsMessage,
  HeaderBundleMessage,
  HeaderMessage,
  InventoryItem,
  InvMessage,
  MempoolMessage,
  NodeAddress,
  PingMessage,
  PongMessage,
  TransactionBundleMessage,
  TransactionBundleV2Message,
  TransactionMessage,
  VersionMessage,
} from '../messages.js';
import { blockField } from './block-field.js';
import { afterVersionZero, atMost, constant, type Field, list, sized, struct } from './field.js';
import { headerField } from './header-field.js';
import { bytesOfLength, flag, hash, int64, integer, text, uint32, uint64 } from './primitives.js';
import { transactionField, untailedTransactionField } from './transaction-field.js';
import { validatorTimeoutField, validatorVoteField } from './validator-messages.js';
import { verackField } from './verack-field.js';

/** One field for each message name of `M`. */
export type MessageFields<M extends { readonly type: string }> = {
  readonly [N in M['type']]: Field<Extract<M, { readonly type: N }>>;
};

/** The messages that are the same in both layouts. */
export function commonMessages<H>(header: HeaderCodec<H>, limits: Limits): MessageFields<CommonMessage<H>> {
  const block = blockField(header, limits);
  const transaction = transactionField(limits.maxTransactionBytes);
  return {
    version: struct<VersionMessage>({
      type: constant('version'),
      version: uint32,
      services: uint64,
      timestampSeconds: int64,
      nonce: uint64,
      userAgent: text(limits.maxUserAgentBytes),
      latestBlockHeight: uint32,
      minFeeRateNanosPerKb: followedByUnusedPort(uint64),
    }),
    verack: verackField,
    header: struct<HeaderMessage<H>>({ type: constant('header'), header: headerField(header) }),
    ping: struct<PingMessage>({ type: constant('ping'), nonce: uint64 }),
    pong: struct<PongMessage>({ type: constant('pong'), nonce: uint64 }),
    'get-headers': struct<GetHeadersMessage>({
      type: constant('get-headers'),
      stopHash: hash,
      locator: list(hash, limits.maxLocatorHashes),
    }),
    'header-bundle': atMost(
      struct<HeaderBundleMessage<H>>({
        type: constant('header-bundle'),
        headers: list(headerField(header), limits.maxHeaders),
        tipHash: hash,
        tipHeight: uint32,
      }),
      limits.maxBundleBytes,
    ),
    'get-blocks': struct<GetBlocksMessage>({ type: constant('get-blocks'), hashes: list(hash, limits.maxHashes) }),
    block: struct<BlockMessage<H>>({ type: constant('block'), block }),
    'block-bundle': atMost(
      struct<BlockBundleMessage<H>>({
        type: constant('block-bundle'),
        blocks: afterVersionZero(list(sized(block), limits.maxHashes)),
        tipHash: hash,
        tipHeight: uint32,
      }),
      limits.maxBundleBytes,
    ),
    'validator-vote': validatorVoteField,
    'validator-timeout': validatorTimeoutField,
    transaction: struct<TransactionMessage>({ type: constant('transaction'), transaction }),
    inv: struct<InvMessage>({
      type: constant('inv'),
      items: list(struct<InventoryItem>({ kind: inventoryKind, hash }), limits.maxInventoryItems),
      isSyncResponse: flag,
    }),
    'get-transactions': struct<GetTransactionsMessage>({
      type: constant('get-transactions'),
      hashes: list(hash, limits.maxHashes),
    }),
    'transaction-bundle': atMost(
      struct<TransactionBundleMessage>({
        type: constant('transaction-bundle'),
        transactions: list(untailedTransactionField(limits.maxTransactionBytes), limits.maxItems),
      }),
      limits.maxBundleBytes,
    ),
    'transaction-bundle-v2': atMost(
      struct<TransactionBundleV2Message>({
        type: constant('transaction-bundle-v2'),
        transactions: list(sized(transaction), limits.maxItems),
      }),
      limits.maxBundleBytes,
    ),
    mempool: struct<MempoolMessage>({ type: constant('mempool') }),
    'get-addr': struct<GetAddrMessage>({ type: constant('get-addr') }),
    addr: struct<AddrMessage>({
      type: constant('addr'),
      addresses: list(
        struct<NodeAddress>({
          lastSeenSeconds: uint64,
          services: uint64,
          ip: bytesOfLength(4, 16),
          port: integer(0xffff),
        }),
        limits.maxAddresses,
      ),
    }),
  };
}

const inventoryKind: Field<InventoryItem['kind']> = {
  minBytes: 1,
  maxBytes: 10,
  write: (writer, kind) => {
    if (kind !== 'transaction' && kind !== 'block') throw new RangeError('expected a transaction or a block');
    writer.uvarint(kind === 'block' ? 1 : 0);
  },
  read(reader) {
    const kind = reader.uvarint();
    if (kind > 1n) throw reader.error('WIRE_INVALID_VALUE', `unknown kind of inventory item ${kind}`);
    return kind === 1n ? 'block' : 'transaction';
  },
};

/** The Go node writes a JSON port of 0 here and reads any. */
function followedByUnusedPort<T>(field: Field<T>): Field<T> {
  return {
    minBytes: field.minBytes + 1,
    maxBytes: field.maxBytes + 10,
    write(writer, value) {
      field.write(writer, value);
      writer.uvarint(0);
    },
    read(reader) {
      const value = field.read(reader);
      reader.uvarint();
      return value;
    },
  };
}
