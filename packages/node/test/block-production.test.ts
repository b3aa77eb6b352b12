import type { Transaction } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { BlockProcessor } from '../src/chain/block-processor.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { silentLogger } from '../src/logger.js';
import { type Clock, systemClock } from '../src/network/clock.js';
import { BlockProduction } from '../src/production/block-production.js';
import { TransactionPool } from '../src/transaction-pool.js';
import { cleanUp } from './support/cleanups.js';
import { SetClock } from './support/set-clock.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts } from './support/test-store.js';
import { sleep, waitFor } from './support/wait.js';

let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2 });
});

type Produce = BlockProcessor<ExampleHeader>['produce'];

async function start(
  options: { readonly produce?: Produce; readonly isSynced?: () => boolean; readonly clock?: Clock } = {},
) {
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
    clock: options.clock ?? systemClock,
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

  test('times go up whatever the clock says, and are those of the clock again as soon as they can be', async () => {
    const clock = new SetClock();
    const { connected, production } = await start({ clock });
    const hourMs = 3_600_000;
    const jumps = [0, -hourMs, 24 * hourMs, 0];
    const firstAfter: number[] = [];
    for (const setMs of jumps) {
      clock.setMs = setMs;
      // One block may be under way.
      const from = connected.length + 1;
      firstAfter.push(from);
      await waitFor('blocks', () => connected.length >= from + 4);
    }
    await production.stop();
    const times = connected.map(({ timeMs }) => timeMs);
    for (const [i, timeMs] of times.slice(1).entries()) expect(timeMs).toBeGreaterThan(times[i] ?? 0);
    const [before, back, ahead, right] = firstAfter.map((from) => times[from] ?? 0);
    // Set back, time stands nearly still: each block is a millisecond after its parent.
    const lastBefore = times[(firstAfter[1] ?? 0) - 1] ?? 0;
    expect(back).toBe(lastBefore + 1);
    expect(back).toBeLessThan((before ?? 0) + hourMs);
    expect(ahead).toBeGreaterThan((before ?? 0) + 23 * hourMs);
    // Nothing can be made earlier again than what was made too late.
    expect(right).toBe((times[(firstAfter[3] ?? 0) - 1] ?? 0) + 1);
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
