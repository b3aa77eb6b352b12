import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUp, removeFolder, testFolder } from './support/cleanups.js';
import { MeddlingProxy } from './support/meddling-proxy.js';
import { NodeProcess } from './support/node-process.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  openNode,
  openProviders,
  openTestNode,
  recordsOf,
  synced,
  writeChainFiles,
} from './support/test-network.js';
import { waitFor } from './support/wait.js';

let frozen: FrozenChain;
let nodes: readonly ExampleNode[];
let folders: readonly string[];

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 500 });
  ({ nodes, folders } = await openProviders(frozen, { count: 2 }));
});

afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

/** Providers whose chunks take their time, and which count what they are asked. */
async function openSlowProviders(): Promise<MeddlingProxy[]> {
  const delayMs = ({ type }: { readonly type: string }) => (type === 'snapshot-data' ? 120 : 0);
  const proxies: MeddlingProxy[] = [];
  for (const node of nodes) {
    const proxy = await MeddlingProxy.open(frozen.chain, addressOf(node), { delayMs });
    cleanUp(() => proxy.close());
    proxies.push(proxy);
  }
  return proxies;
}

const prefixesAsked = (proxies: readonly MeddlingProxy[]): Set<number> =>
  new Set(proxies.flatMap((proxy) => [...proxy.chunksAskedByPrefix().keys()]));

describe('a newcomer that is interrupted', () => {
  test('kill -9 in the middle: restarted, it continues, and asks nobody for a finished range again', async () => {
    const proxies = await openSlowProviders();
    const folder = testFolder();
    const { chainFile } = writeChainFiles(frozen, folder);
    const args = ['run', '--chain', chainFile, '--data', `${folder}/data`, '--listen', 'off', '--http', '127.0.0.1:0'];
    args.push('--chunk-bytes', '2048', ...proxies.flatMap(({ address }) => ['--connect', address]));

    const killed = new NodeProcess(args);
    const finished = await waitFor('some ranges are finished, and some are not', async () => {
      const snapshot = (await killed.status()).sync.snapshot;
      const done = (snapshot?.prefixes ?? []).filter(({ total, done }) => done.ranges === total.ranges);
      const hasEnough = done.length >= 2 && (snapshot?.left.ranges ?? 0) >= 1;
      return hasEnough && { prefixes: done.map(({ prefix }) => prefix), records: snapshot?.done.records ?? 0 };
    });
    expect(await killed.signal('SIGKILL')).toBe('SIGKILL');
    const askedBefore = prefixesAsked(proxies);
    expect([...askedBefore]).toEqual(expect.arrayContaining(finished.prefixes));
    for (const proxy of proxies) proxy.asked.length = 0;

    const stopped = new NodeProcess(args);
    await waitFor('the download goes on', async () => (await stopped.status()).sync.phase === 'snapshot');
    expect(await stopped.signal('SIGTERM')).toBe(0);
    expect(stopped.stderr).toBe('');

    const restarted = new NodeProcess(args);
    await waitFor('the restarted node is synced', async () =>
      ['synced', 'stale'].includes((await restarted.status()).sync.phase),
    );
    const status = await restarted.status();
    expect(status.sync.hyperSync?.resumedRecords).toBeGreaterThanOrEqual(finished.records);
    expect(finished.records).toBeGreaterThan(0);
    const log = restarted.log.find(({ msg }) => msg === 'hyper sync: downloading the snapshot');
    expect(log?.['resumedRecords']).toBe(status.sync.hyperSync?.resumedRecords);

    const askedAfter = prefixesAsked(proxies);
    expect(askedAfter.size).toBeGreaterThan(0);
    for (const prefix of finished.prefixes) expect([...askedAfter]).not.toContain(prefix);
    const honest = nodes[0]?.status();
    expect({ height: status.height, stateRoot: status.stateRoot }).toEqual({
      height: frozen.height,
      stateRoot: honest?.stateRoot,
    });
    expect(await restarted.signal('SIGTERM')).toBe(0);
    expect(restarted.stderr).toBe('');

    const reopened = await openTestNode(frozen.chain, { folder: `${folder}/data` });
    expect(await recordsOf(reopened, frozen.height)).toEqual(await recordsOf(nodes[0] as ExampleNode, frozen.height));
  });

  test('closed in the middle, again and again: nothing is lost or broken, and no promise is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', onUnhandled);
    cleanUp(() => process.off('unhandledRejection', onUnhandled));
    const proxies = await openSlowProviders();
    const folder = testFolder();
    const overrides = {
      folder,
      connect: proxies.map(({ address }) => address),
      sync: { chunkBytes: 8192 },
    };
    let done = 0;
    for (const afterMs of [0, 30, 60, 120, 250, 400, 700]) {
      const node = await openNode(frozen.chain, overrides);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      const started = performance.now();
      await node.close();
      expect(performance.now() - started).toBeLessThan(2_000);
      await expect(node.ended).resolves.toBeUndefined();
      const ranges = node.status().sync.phase === 'snapshot' ? (node.store.download()?.proved.size ?? 0) : done;
      expect(ranges).toBeGreaterThanOrEqual(done);
      done = ranges;
    }
    const node = await openTestNode(frozen.chain, overrides);
    await synced(node);
    expect(node.status().stateRoot).toBe(nodes[0]?.status().stateRoot);
    expect(unhandled).toEqual([]);
  });

  test('all peers vanish in the middle and come back: it waits, says so, and goes on', async () => {
    const proxies = await openSlowProviders();
    const connect = proxies.map(({ address }) => address);
    const node = await openTestNode(frozen.chain, {
      connect,
      sync: { chunkBytes: 2048 },
      network: { redial: { minDelayMs: 700, maxDelayMs: 900 } },
    });
    await waitFor('a range is done', () => (node.status().sync.snapshot?.done.ranges ?? 0) >= 1);
    for (const proxy of proxies) proxy.cut();
    const waiting = await waitFor('it says that it waits for peers', () => {
      const waitingFor = node.status().sync.snapshot?.waitingFor;
      return waitingFor?.kind === 'peers' && waitingFor;
    });
    expect(waiting.text).toBe('Waiting for a peer to connect.');
    const doneBefore = node.status().sync.snapshot?.done.ranges ?? 0;
    expect(doneBefore).toBeGreaterThan(0);
    await synced(node);
    expect(node.status().bans).toEqual([]);
    expect(node.status().stateRoot).toBe(nodes[0]?.status().stateRoot);
    expect(node.status().sync.hyperSync?.resumedRecords).toBe(0);
  });
});
