import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attacks, type HostileTarget } from '../bench/support/hostile-client.mjs';
import { makeFolder, removeFolder } from './support/cleanups.js';
import { Client } from './support/client.js';
import { NodeProcess } from './support/node-process.js';
import { makeChain, type TestChain, writeChainFiles } from './support/test-network.js';
import { sleep, waitFor } from './support/wait.js';

const mebibyte = 1024 * 1024;
const followPrefix = 28;

let chain: TestChain;
let folder: string;
let node: NodeProcess;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2000, parameters: { retainedEpochs: 1000 } });
  folder = makeFolder();
  const { chainFile, keyFile } = writeChainFiles(chain, folder);
  const args = [
    'run',
    '--chain',
    chainFile,
    '--data',
    `${folder}/data`,
    '--listen',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
  ];
  args.push('--producer-key', keyFile, '--block-interval-ms', '100', '--hash-threads', '1');
  node = new NodeProcess(args, {}, { isKept: true });
  await waitFor('a snapshot', async () => (await node.status()).snapshots.length >= 2);
});

afterAll(async () => {
  await node?.signal('SIGKILL');
  if (folder !== undefined) removeFolder(folder);
});

async function portOf(process: NodeProcess): Promise<number> {
  await process.url();
  const up = process.log.find(({ msg }) => msg === 'node is up');
  const { port } = (up?.['peers'] ?? {}) as { readonly port?: number };
  if (port === undefined) throw new Error('it does not listen');
  return port;
}

describe('a node under attack by', () => {
  test.each(Object.keys(attacks))(
    '%s connects blocks, serves honest peers and stays within its memory',
    async (name) => {
      const before = await node.status();
      const height = before.snapshots.at(-1)?.height ?? 0;
      const port = await portOf(node);
      const target: HostileTarget = {
        host: '127.0.0.1',
        port,
        network: chain.chain.network,
        height,
        prefix: followPrefix,
      };
      const attacker = attacks[name]?.(target);
      if (attacker === undefined) throw new Error('no such attack');
      let mostBytes = 0;
      let served = 0;
      try {
        await waitFor('the attack is under way', () => attacker.made >= 20);
        // Comes in the middle of it.
        const honest = await Client.connect(chain.chain, `127.0.0.1:${port}`);
        for (const end = performance.now() + 1000; performance.now() < end; ) {
          const { isAvailable, records } = await honest.records(height, followPrefix);
          expect([isAvailable, records]).toEqual([true, 2000]);
          expect(await honest.headers(chain.chain)).toBeGreaterThan(height);
          served++;
          mostBytes = Math.max(mostBytes, (await node.status()).memoryBytes);
          await sleep(20);
        }
        expect(honest.peer.isClosed).toBe(false);
      } finally {
        attacker.stop();
      }
      const after = await node.status();
      expect(served).toBeGreaterThanOrEqual(1);
      expect(after.height).toBeGreaterThan((before.height ?? 0) + 3);
      expect(after.sync.phase).toBe('synced');
      expect(mostBytes - before.memoryBytes).toBeLessThan(400 * mebibyte);
      await waitFor('only the honest one is left', async () => (await node.status()).peers.length === 1);
      expect(node.stderr).toBe('');
    },
    40_000,
  );
});
