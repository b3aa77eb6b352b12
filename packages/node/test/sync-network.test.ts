import { toHex } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import {
  addressOf,
  makeChain,
  makeTraffic,
  openTestNode,
  producerOptions,
  recordsOf,
  synced,
} from './support/test-network.js';
import { sleep, waitFor } from './support/wait.js';

describe('a network of nodes', () => {
  test('a newcomer hyper-syncs while blocks come, and serves what the producer serves, record by record', async () => {
    const test = await makeChain({ followPairs: 300, parameters: { retainedEpochs: 6 } });
    const producer = await openTestNode(test.chain, producerOptions(test, 250));
    const follower = await openTestNode(test.chain, { connect: [addressOf(producer)], sync: { mode: 'block' } });
    let isOver = false;
    const traffic = (async () => {
      for (let round = 0, seen = 0; !isOver; ) {
        const height = producer.status().height ?? 0;
        if (height > seen) await makeTraffic(producer, test, round++);
        seen = height;
        await sleep(50);
      }
    })();
    try {
      await waitFor('two epochs', () => (follower.status().height ?? 0) >= 24);
      const newcomer = await openTestNode(test.chain, { connect: [addressOf(producer), addressOf(follower)] });
      const heightAtStart = producer.status().height ?? 0;
      await synced(newcomer);
      const { hyperSync } = newcomer.status().sync;
      expect(hyperSync?.snapshotHeight).toBeGreaterThanOrEqual(20);
      expect(hyperSync?.peers.reduce((sum, { records }) => sum + records, 0)).toBe(hyperSync?.records);
      await waitFor('blocks after the sync', () => (newcomer.status().height ?? 0) > heightAtStart + 3);
      isOver = true;
      await traffic;

      const height = newcomer.status().height ?? 0;
      // Blocks go on: only what both say in the same moment can be compared.
      const [made, taken] = await waitFor('the same height', async () => {
        const both = [producer.status(), newcomer.status()] as const;
        return both[0].height === both[1].height && both;
      });
      expect(made.height).toBeGreaterThanOrEqual(height);
      expect(taken.stateRoot).toBe(made.stateRoot);
      expect(taken.state.prefixes.map(({ checksum }) => checksum)).toEqual(
        made.state.prefixes.map(({ checksum }) => checksum),
      );
      const common = newcomer
        .status()
        .snapshots.filter((snapshot) =>
          producer.status().snapshots.some((other) => other.height === snapshot.height && other.root === snapshot.root),
        );
      const newest = common.at(-1)?.height ?? -1;
      const records = await recordsOf(newcomer, newest);
      expect(records.length).toBeGreaterThan(600);
      expect(records).toEqual(await recordsOf(producer, newest));
      expect(toHex(newcomer.store.stateRoot())).toBe(newcomer.status().stateRoot);
    } finally {
      isOver = true;
      await traffic;
    }
  });
});
