import type { PreparedBlock, StateStore } from '@hs/ancestral-records';
import { equalBytes, toHex } from '@hs/bytes';
import type { Block, Transaction } from '@hs/wire';
import { hasCode, NodeError } from '../node-error.js';
import { createBlockView } from '../state/block-view.js';
import { SerialQueue } from '../state/serial-queue.js';
import type { BlockSealer, Chain, HeaderFacts } from './chain.js';
import type { ChainStore } from './chain-store.js';

/** A block that was just written. */
export interface ConnectedBlock {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly timeMs: number;
  readonly transactions: readonly Transaction[];
  /** Net state changes. */
  readonly changedRecords: number;
  readonly stateRoot: Uint8Array;
  readonly elapsedMs: number;
}

export interface BlockProcessorOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  /** Called after each block is on disk, before the next one starts. */
  readonly onConnected: (block: ConnectedBlock) => void;
}

/**
 * Executes blocks, one at a time: the only place that moves the state's height.
 *
 * A block and its state are written in one batch, after the state root that its header promises was computed here.
 */
export class BlockProcessor<Header> {
  readonly #options: BlockProcessorOptions<Header>;
  readonly #queue = new SerialQueue();

  constructor(options: BlockProcessorOptions<Header>) {
    this.#options = options;
  }

  /**
   * Connects the block after the current height, whose header must already be on the verified header chain. With
   * `isVerified` the caller has checked it with {@link Chain.verifyBlock}.
   *
   * @throws NODE_CHAIN_RULE if it is not the next block, or breaks a rule of the chain
   * @throws NODE_STATE_ROOT_MISMATCH if executing it does not give the roots in its header
   */
  connect(
    block: Block<Header>,
    options: { readonly isVerified?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    return this.#queue.run(async () => {
      options.signal?.throwIfAborted();
      const started = performance.now();
      const { store, chain, chainStore } = this.#options;
      const facts = chain.describeHeader(block.header);
      const height = this.#requireNext(facts);
      const hash = chain.hashHeader(block.header);
      if (!equalBytes(hash, await chainStore.hashAt(height))) {
        throw new NodeError('NODE_CHAIN_RULE', `block ${height} is not the one the header chain names`, {
          details: { rule: 'BlockNotOnHeaderChain', height, hash: toHex(hash) },
        });
      }
      if (options.isVerified !== true) chain.verifyBlock(block);
      const view = createBlockView(store);
      await chain.executeBlock({ height, producer: facts.producerKey, transactions: block.transactions }, view);
      const { signal } = options;
      const prepared = await store.prepareBlock(height, view.changes(), signal === undefined ? {} : { signal });
      // Without roots in headers, executing the block is all the proof there is.
      const promised = chain.hasRootsInHeaders === false ? undefined : prepared.stateRoot;
      requireRoot('state root', height, facts.stateRoot, promised);
      requireRoot('snapshot root', height, facts.snapshotRoot, await this.#carriedSnapshotRoot(height, signal));
      await store.commitBlock(prepared, { otherWrites: chainStore.blockWrites(height, block) });
      this.#report(prepared, { hash, timeMs: facts.timeMs, transactions: block.transactions, started });
    });
  }

  /**
   * Makes, seals and connects the next block from `transactions`, leaving out those that are not valid now.
   *
   * @throws NODE_CHAIN_RULE if it is not this producer's turn
   */
  produce(
    sealer: BlockSealer<Header>,
    transactions: readonly Transaction[],
    options: { readonly timeMs: number },
  ): Promise<Block<Header>> {
    return this.#queue.run(async () => {
      const started = performance.now();
      const { store, chain, chainStore } = this.#options;
      const height = (store.height ?? 0) + 1;
      if (chainStore.tipHeight !== height - 1) {
        throw new NodeError(
          'NODE_CHAIN_RULE',
          `cannot produce block ${height}: headers reach ${chainStore.tipHeight}`,
          {
            details: { rule: 'NotAtTip', height, tipHeight: chainStore.tipHeight },
          },
        );
      }
      if (!sealer.isInTurn(height)) {
        throw new NodeError('NODE_CHAIN_RULE', `block ${height} is another producer's turn`, {
          details: { rule: 'NotInTurn', height },
        });
      }
      const view = createBlockView(store);
      const applied = await chain.assembleBlock({ height, producer: sealer.publicKey, transactions }, view);
      const prepared = await store.prepareBlock(height, view.changes());
      const block = await sealer.seal({
        parent: chainStore.tipHeader,
        timeMs: options.timeMs,
        transactions: applied,
        stateRoot: prepared.stateRoot,
        snapshotRoot: await this.#carriedSnapshotRoot(height),
      });
      const otherWrites = [...chainStore.headerWrites([block.header]), ...chainStore.blockWrites(height, block)];
      await store.commitBlock(prepared, { otherWrites });
      chainStore.advance(block.header);
      const { timeMs } = chain.describeHeader(block.header);
      this.#report(prepared, { hash: chainStore.tipHash, timeMs, transactions: applied, started });
      return block;
    });
  }

  /** Runs `job` while no block is being connected. */
  exclusively<Result>(job: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(job);
  }

  #requireNext(facts: HeaderFacts): number {
    const next = (this.#options.store.height ?? 0) + 1;
    if (facts.height !== next) {
      throw new NodeError('NODE_CHAIN_RULE', `block ${facts.height} is not the next one, ${next}`, {
        details: { rule: 'NotNextBlock', height: facts.height, next },
      });
    }
    return next;
  }

  /** The root that the header at `height` carries; waits until its manifest is built. */
  async #carriedSnapshotRoot(height: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const snapshotHeight = this.#options.chain.snapshotCarriedBy(height);
    if (snapshotHeight === undefined) return undefined;
    try {
      const snapshot = await this.#options.store.awaitSnapshot(snapshotHeight, signal === undefined ? {} : { signal });
      return snapshot.root;
    } catch (cause) {
      if (!hasCode(cause, 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE')) throw cause;
      throw new NodeError(
        'NODE_DATABASE',
        `block ${height} needs the root of snapshot ${snapshotHeight}, which is not kept here`,
        { cause },
      );
    }
  }

  #report(
    prepared: PreparedBlock,
    block: Pick<ConnectedBlock, 'hash' | 'timeMs' | 'transactions'> & { readonly started: number },
  ): void {
    this.#options.onConnected({
      height: prepared.height,
      hash: block.hash,
      timeMs: block.timeMs,
      transactions: block.transactions,
      changedRecords: prepared.changedRecords,
      stateRoot: prepared.stateRoot,
      elapsedMs: performance.now() - block.started,
    });
  }
}

function requireRoot(
  name: string,
  height: number,
  promised: Uint8Array | undefined,
  computed: Uint8Array | undefined,
): void {
  const isEqual =
    promised === undefined || computed === undefined ? promised === computed : equalBytes(promised, computed);
  if (isEqual) return;
  throw new NodeError(
    'NODE_STATE_ROOT_MISMATCH',
    `block ${height}: the ${name} in its header is not what it gives here`,
    {
      details: { name, height, promised: promised && toHex(promised), computed: computed && toHex(computed) },
    },
  );
}
