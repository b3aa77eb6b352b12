import type { Transaction } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { BlockProcessor } from '../src/chain/block-processor.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { silentLogger } from '../src/logger.js';
import { BlockProduction } from '../src/production/block-production.js';
import { TransactionPool } from '../src/transaction-pool.js';
import { cleanUp } from './support/cleanups.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts } from './support/test-store.js';
import { sleep, waitFor } from './support/wait.js';

let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2 });
});

type Produce = BlockProcessor<ExampleHeader>['produce'];

async function start(options: { readonly produce?: Produce; readonly isSynced?: () => boolean } = {}) {
  const parts = await openParts(chain);
  const pool = new TransactionPool({ chain: chain.chain });
  const { processor } = parts;
  const produce = options.produce ?? ((...args: Parameters<Produce>) => processor.produce(...args));
  const failures: unknown[] = [];
  const production = new BlockProduction<ExampleHeader>({
    sealer: parts.sealer,
    blockIntervalMs: 10,
    chain: chain.chain,
    store: parts.store,
    chainStore: parts.chainStore,
    processor: { produce } as BlockProcessor<ExampleHeader>,
    pool,
    isSynced: options.isSynced ?? (() => true),
    onFailed: (error) => failures.push(error),
    logger: silentLogger,
  });
  cleanUp(() => production.stop());
  return { ...parts, pool, production, failures };
}

describe('making blocks', () => {
  test('goes on interval by interval until it is stopped, and a block under way is finished', async () => {
    const { store, production } = await start();
    await waitFor('blocks', () => (store.height ?? 0) >= 3);
    await production.stop();
    const { height } = store;
    await sleep(60);
    expect(store.height).toBe(height);
  });

  test('waits while the node is not at the tip', async () => {
    let isSynced = false;
    const { store } = await start({ isSynced: () => isSynced });
    await sleep(60);
    expect(store.height).toBe(0);
    isSynced = true;
    await waitFor('a block', () => (store.height ?? 0) >= 1);
  });

  test('one that cannot be made does not end it; a database that cannot be written is told', async () => {
    const errors = [
      new Error('not now'),
      Object.assign(new Error('disk full'), { code: 'ANCESTRAL_RECORDS_WRITE_FAILED' }),
    ];
    let calls = 0;
    const { failures } = await start({
      produce: () => {
        const error = errors[Math.min(calls++, 1)];
        return Promise.reject(error);
      },
    });
    await waitFor('several tries', () => calls >= 3);
    expect(failures[0]).toBe(errors[1]);
  });

  test('what cannot go into a block leaves the pool', async () => {
    let isReady = false;
    const { store, connected, pool, production } = await start({ isSynced: () => isReady });
    const [wallet] = chain.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const nonce = (partialId: bigint) => ({ nonce: { expirationBlockHeight: 50n, partialId } });
    const view = { get: (key: Uint8Array) => store.get(key) } as never;
    // Nobody holds a coin of a profile that mints nothing: the second is admitted, but cannot be executed.
    await pool.add(wallet.mint(5n, nonce(1n)), view, 1);
    await pool.add(wallet.burn(wallet.publicKey, { amount: 10n ** 30n, ...nonce(2n) }), view, 1);
    isReady = true;
    await waitFor('the block', () => (store.height ?? 0) >= 1);
    await production.stop();
    const partialIds = (transactions: readonly Transaction[]) =>
      transactions.map(({ nonce: { partialId } }) => partialId);
    expect(partialIds(connected[0]?.transactions ?? [])).toEqual([1n]);
    expect(partialIds(pool.take(1_000_000))).not.toContain(2n);
  });
});
