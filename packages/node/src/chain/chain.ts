import type { Block, HeaderCodec, Transaction } from '@hs/wire';

/** Records as they lie in memory: four offsets per record into `bytes` (key start, key end, value start, value end). */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What every node of one network must agree on. All of it is hashed into the genesis block. */
export interface ChainParameters {
  /** First bytes of the keys that are consensus state, ascending. */
  readonly statePrefixes: readonly number[];
  /** Blocks from one snapshot height to the next. */
  readonly snapshotPeriod: number;
  /** The header of block `h + snapshotLag` carries the snapshot root of snapshot `h`. */
  readonly snapshotLag: number;
  /** Snapshots that every node keeps servable. */
  readonly retainedEpochs: number;
  readonly maxRangeRecords: number;
  readonly maxRangeBytes: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  /** Largest encoded block, in bytes. */
  readonly maxBlockBytes: number;
}

/** The part of a header that syncing needs, whatever the chain's own header looks like. */
export interface HeaderFacts {
  readonly height: number;
  readonly previousHash: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** State root after this block; undefined if the chain's headers carry none, see {@link Chain.hasRootsInHeaders}. */
  readonly stateRoot: Uint8Array | undefined;
  /** Snapshot root of the snapshot that {@link Chain.snapshotCarriedBy} names, if the chain's headers carry one. */
  readonly snapshotRoot: Uint8Array | undefined;
  /** Public key of who made the block; it receives the block's fees, if the chain has any. */
  readonly producerKey: Uint8Array;
}

/** The state that a block is executed on: reads see the writes made before them. */
export interface ExecutionView {
  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Keys of the state in `[startKey, endKey)`, ascending, with this view's own writes applied. */
  keys(startKey: Uint8Array, endKey: Uint8Array): Promise<readonly Uint8Array[]>;
  /** A view on top of this one, whose writes reach it only through {@link ForkedView.merge}. */
  fork(): ForkedView;
}

/** A view whose writes can be kept or forgotten as a whole. */
export interface ForkedView extends ExecutionView {
  /** Hands all writes to the view below. */
  merge(): void;
}

/** Verified headers by height, from genesis (0) to the tip. */
export interface HeaderReader<Header> {
  readonly tipHeight: number;
  /** @throws NODE_HEADER_UNKNOWN above the tip */
  headerAt(height: number): Promise<Header>;
}

/** A snapshot that the verified headers vouch for. */
export interface SnapshotChoice {
  readonly height: number;
  readonly snapshotRoot: Uint8Array;
  readonly stateRoot: Uint8Array;
}

/** What a producer puts into a block, apart from its own key and signature. */
export interface BlockTemplate<Header> {
  readonly parent: Header;
  readonly timeMs: number;
  readonly transactions: readonly Transaction[];
  readonly stateRoot: Uint8Array;
  readonly snapshotRoot: Uint8Array | undefined;
}

/** Signs blocks. */
export interface BlockSealer<Header> {
  /** True if this producer is the one whose turn `height` is. */
  isInTurn(height: number): boolean;
  /** Gets the fees of the blocks it seals. */
  readonly publicKey: Uint8Array;
  /** May take its time, to ask a signing device or to collect votes: no other block is connected meanwhile. */
  seal(template: BlockTemplate<Header>): Block<Header> | Promise<Block<Header>>;
}

/**
 * Everything that is one chain's own: header format, consensus, transaction types, state schema, snapshot rule.
 *
 * The sync, the storage and the network know a chain only through this interface, so that a builder can bring another.
 * Methods that refuse something throw a `NodeError` with code `NODE_CHAIN_RULE`, whose `details.rule` names the rule.
 */
export interface Chain<Header> {
  readonly name: string;
  /** Network number of the wire frames. */
  readonly network: number;
  readonly parameters: ChainParameters;
  readonly genesisHash: Uint8Array;
  readonly genesisHeader: Header;
  readonly headerCodec: HeaderCodec<Header>;
  /**
   * False if headers carry neither state roots nor snapshot roots, as on DeSo's main net; default true. Then nothing proves a downloaded
   * state: one is taken only if it comes to a checksum that the operator pinned, or that configured peers agree on.
   */
  readonly hasRootsInHeaders?: boolean;
  /** The state after block 0, ascending by key, in packs of bounded size. */
  genesisRecords(): Iterable<PackedRecords>;
  hashHeader(header: Header): Uint8Array;
  describeHeader(header: Header): HeaderFacts;
  /**
   * Checks a header against its parent: link, height, time, whose turn it is, signature, which roots it must carry.
   *
   * Where the same header may be valid later, because its time lies ahead of `nowMs`, `details.isTemporary` of the error is
   * true: then its sender is dropped, but not banned.
   */
  verifyHeader(header: Header, parent: Header, context: { readonly nowMs: number }): void;
  /** Checks what can be checked of a block without state: merkle root, size, signatures, transaction types. */
  verifyBlock(block: Block<Header>): void;
  /** Applies a block's transactions to `view`. Throws at the first transaction that breaks a rule. */
  executeBlock(block: BlockContents, view: ExecutionView): Promise<void>;
  /** Applies what a block does besides its transactions, then each transaction that is valid; gives those that were applied. */
  assembleBlock(candidate: BlockContents, view: ExecutionView): Promise<readonly Transaction[]>;
  /**
   * Checks a loose transaction before it enters the pool: signature, type, fee, nonce window, and balance against `view`, of
   * which the `pending` transactions of the same key, admitted before and in no block yet, leave less.
   *
   * @throws NODE_TRANSACTION_REFUSED, `details.rule` names the rule
   */
  admitTransaction(
    transaction: Transaction,
    view: ExecutionView,
    nextHeight: number,
    pending?: readonly Transaction[],
  ): Promise<void>;
  /** Whose place in the pool a transaction takes, and which nonce: those it names itself, if the chain does not say otherwise. */
  payerOf?(transaction: Transaction): Payer;
  /** Snapshot height whose root the header at `height` must carry, if any. */
  snapshotCarriedBy(height: number): number | undefined;
  /** The newest snapshot that enough verified headers stand on, if there is one. */
  chooseSnapshot(headers: HeaderReader<Header>): Promise<SnapshotChoice | undefined>;
}

/** A key, and the nonce by which a transaction of it is told from others of its. */
export type Payer = Pick<Transaction, 'publicKey' | 'nonce'>;

/** Height, producer and transactions: what execution depends on. */
export interface BlockContents {
  readonly height: number;
  readonly producer: Uint8Array;
  readonly transactions: readonly Transaction[];
}
