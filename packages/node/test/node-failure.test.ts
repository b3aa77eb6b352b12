import { HyperSyncProgress } from '@hs/sync-progress';
import { serviceBits } from '@hs/wire';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import type { Peer } from '../src/network/peer.js';
import { PeerNetwork } from '../src/network/peer-network.js';
import { RangeDownloader } from '../src/sync/range-downloader.js';
import { cleanUp, removeFolder } from './support/cleanups.js';
import { MeddlingProxy } from './support/meddling-proxy.js';
import { ScriptedPeer } from './support/scripted-peer.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  openProviders,
  openTestNode,
} from './support/test-network.js';
import { openParts, signedBlock } from './support/test-store.js';
import { waitFor } from './support/wait.js';

let frozen: FrozenChain;
let nodes: readonly ExampleNode[];
let folders: readonly string[];

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 14, followPairs: 50 });
  ({ nodes, folders } = await openProviders(frozen, { count: 2 }));
});

afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

describe('a node that cannot go on', () => {
  test('a producer that signed twice: phase failed, both headers in the error, no peer banned', async () => {
    const [honest] = nodes;
    let twin: ExampleHeader | undefined;
    const proxy = await MeddlingProxy.open(frozen.chain, addressOf(honest as ExampleNode), {
      answer: (message) => {
        if (message.type !== 'header-bundle') return message;
        const [first] = message.headers;
        if (first?.height !== 1) return message;
        twin ??= signedBlock(frozen, frozen.chain.genesisHeader, { timeMs: first.timeMs + 1 }).header;
        return { ...message, headers: [twin] };
      },
    });
    cleanUp(() => proxy.close());
    const other = await openTestNode(frozen.chain, { connect: [proxy.address] });
    await waitFor('the twin was handed out', () => twin !== undefined && other.status().headerHeight === 1);
    other.connect(addressOf(honest as ExampleNode));
    await expect(other.ended).rejects.toMatchObject({ code: 'NODE_EQUIVOCATION' });
    const { sync, bans } = other.status();
    expect(sync).toMatchObject({ phase: 'failed', text: expect.stringContaining('height 1') as unknown });
    expect(bans).toEqual([]);
  });

  test('a disk that cannot be written: the download ends with the reason, and nothing is half-written', async () => {
    const parts = await openParts(frozen, { isEmpty: true });
    const [honest] = nodes;
    const manifest = await (honest as ExampleNode).store.manifest(10);
    await parts.store.beginDownload(manifest);
    const broken = new Proxy(parts.store, {
      get: (target, name) => {
        if (name === 'commitRange') return () => Promise.reject(new Error('no space left on device'));
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { peers } = await clientOf(honest as ExampleNode);
    const downloader = new RangeDownloader<ExampleHeader>({
      store: broken,
      progress: new HyperSyncProgress({ retryDelayMs: 5, maxRetryDelayMs: 5 }),
      peers: () => peers,
      onBan: () => undefined,
      onCommitted: () => undefined,
      timeoutMs: 2_000,
    });
    await expect(downloader.run(new AbortController().signal)).rejects.toMatchObject({
      code: 'NODE_DATABASE',
      message: expect.stringContaining('no space left') as unknown,
    });
    expect(parts.store.download()?.proved.size).toBe(0);
    expect(parts.store.phase).toBe('downloading');
  });
});

/** Peers of a client that is connected to one node. */
async function clientOf(node: ExampleNode): Promise<{ readonly peers: ReadonlyMap<string, Peer<ExampleHeader>> }> {
  const { headerCodec, network } = frozen.chain;
  const services = serviceBits.hyperSyncExtended;
  const client = await PeerNetwork.open({ headerCodec, network, services, userAgent: 'client', height: () => 0 });
  cleanUp(() => client.close());
  await client.connect(addressOf(node));
  return client;
}

describe('a download that is given up', () => {
  test('ends only when its commit has ended, so that the store is free for the next manifest', async () => {
    const parts = await openParts(frozen, { isEmpty: true });
    const [honest] = nodes;
    await parts.store.beginDownload(await (honest as ExampleNode).store.manifest(10));
    const stop = new AbortController();
    let isCommitting = false;
    let hasCommitted = false;
    const slow = new Proxy(parts.store, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name !== 'commitRange') return typeof value === 'function' ? value.bind(target) : value;
        return async (...args: Parameters<typeof target.commitRange>) => {
          isCommitting = true;
          stop.abort(new Error('given up'));
          await new Promise((resolve) => setTimeout(resolve, 150));
          await target.commitRange(...args);
          hasCommitted = true;
        };
      },
    });
    const { peers } = await clientOf(honest as ExampleNode);
    const downloader = new RangeDownloader<ExampleHeader>({
      store: slow,
      progress: new HyperSyncProgress(),
      peers: () => peers,
      onBan: () => undefined,
      onCommitted: () => undefined,
      timeoutMs: 2_000,
    });
    await expect(downloader.run(stop.signal)).rejects.toThrow('given up');
    expect([isCommitting, hasCommitted]).toEqual([true, true]);
    await parts.store.beginDownload(await (honest as ExampleNode).store.manifest(10));
  });

  test('a peer that answers nothing any more does not hold it up', async () => {
    const parts = await openParts(frozen, { isEmpty: true });
    await parts.store.beginDownload(await (nodes[0] as ExampleNode).store.manifest(10));
    const mute = new ScriptedPeer('mute', () => undefined);
    const downloader = new RangeDownloader<ExampleHeader>({
      store: parts.store,
      progress: new HyperSyncProgress(),
      peers: () => new Map([['mute', mute]]),
      onBan: () => undefined,
      onCommitted: () => undefined,
      timeoutMs: 60_000,
    });
    const stop = new AbortController();
    const running = downloader.run(stop.signal);
    await waitFor('a request', () => mute.asked.length > 0);
    const started = performance.now();
    stop.abort(new Error('given up'));
    await expect(running).rejects.toThrow('given up');
    expect(performance.now() - started).toBeLessThan(500);
  });
});
