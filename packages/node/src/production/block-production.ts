import type { StateStore } from '@hs/ancestral-records';
import type { BlockProcessor } from '../chain/block-processor.js';
import type { BlockSealer, Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Clock } from '../network/clock.js';
import { hasCode } from '../node-error.js';
import type { TransactionPool } from '../transaction-pool.js';

export interface BlockProductionOptions<Header> {
  readonly sealer: BlockSealer<Header>;
  /** Time from the start of one block to the start of the next. */
  readonly blockIntervalMs: number;
  readonly chain: Chain<Header>;
  readonly store: StateStore;
  readonly chainStore: ChainStore<Header>;
  readonly processor: BlockProcessor<Header>;
  readonly pool: TransactionPool<Header>;
  readonly isSynced: () => boolean;
  /** Blocks get their times from its wall time; intervals go by its monotonic time. */
  readonly clock: Clock;
  /** The database cannot be written any more: no further block can be made. */
  readonly onFailed: (error: unknown) => void;
  readonly logger: Logger;
}

/**
 * Makes a block from the pool at every interval in which it is this producer's turn and the node is at the tip.
 *
 * A block is later than its parent whatever the clock says. One that was made while the clock was ahead is refused by nodes
 * whose clocks are right, with all blocks after it, until its time has come.
 */
export class BlockProduction<Header> {
  readonly #options: BlockProductionOptions<Header>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: BlockProductionOptions<Header>) {
    this.#options = options;
    this.#schedule(options.blockIntervalMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      const { blockIntervalMs, clock } = this.#options;
      const startedMs = clock.monotonicMs();
      this.#running = this.#produce().then(() => {
        this.#schedule(Math.max(0, blockIntervalMs - (clock.monotonicMs() - startedMs)));
      });
    }, delayMs);
  }

  async #produce(): Promise<void> {
    const { sealer, chain, store, chainStore, processor, pool, isSynced, clock, onFailed, logger } = this.#options;
    const next = (store.height ?? -1) + 1;
    try {
      if (!isSynced() || next === 0 || !sealer.isInTurn(next) || chainStore.tipHeight !== next - 1) return;
      const candidates = pool.take(Math.floor(chain.parameters.maxBlockBytes * usableShare));
      const parentTimeMs = chain.describeHeader(chainStore.tipHeader).timeMs;
      const block = await processor.produce(sealer, candidates, { timeMs: Math.max(clock.wallMs(), parentTimeMs + 1) });
      if (block.transactions.length < candidates.length) {
        const included = new Set(block.transactions);
        pool.remove(candidates.filter((transaction) => !included.has(transaction)));
      }
    } catch (error) {
      logger.error({ err: error, height: next }, 'cannot produce a block');
      if (hasCode(error, 'ANCESTRAL_RECORDS_WRITE_FAILED')) onFailed(error);
    }
  }
}

/** Room for the header and the length prefixes of a block. */
const usableShare = 0.95;
