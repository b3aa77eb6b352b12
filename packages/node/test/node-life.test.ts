import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceBits } from '@hs/wire';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { openHttpServer } from '../src/http/http-server.js';
import { cleanUp, removeFolder, testFolder } from './support/cleanups.js';
import { Client } from './support/client.js';
import { type Meddling, MeddlingProxy } from './support/meddling-proxy.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  makeChain,
  makeTraffic,
  openNode,
  openProviders,
  openTestNode,
  producerOptions,
  synced,
} from './support/test-network.js';
import { openParts } from './support/test-store.js';
import { sleep, waitFor } from './support/wait.js';

let frozen: FrozenChain;
let provider: ExampleNode;
let folders: readonly string[];

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 100 });
  const providers = await openProviders(frozen, { count: 2 });
  folders = providers.folders;
  provider = providers.nodes[0] as ExampleNode;
  cleanUpAll = async () => {
    for (const node of providers.nodes) await node.close();
  };
});

let cleanUpAll: () => Promise<void> = async () => undefined;

afterAll(async () => {
  await cleanUpAll();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

async function proxyTo(meddling: Meddling): Promise<string> {
  const proxy = await MeddlingProxy.open(frozen.chain, addressOf(provider), meddling);
  cleanUp(() => proxy.close());
  return proxy.address;
}

describe('a node that is still syncing', () => {
  test.each([
    ['snapshot', 'snapshot-data'],
    ['blocks', 'block-bundle'],
  ] as const)('in phase %s: serves no page list, no page, no state; but headers', async (phase, keptBack) => {
    const gate = { isOpen: false };
    const address = await proxyTo({
      answer: (message) => (message.type === keptBack && !gate.isOpen ? undefined : message),
    });
    const node = await openTestNode(frozen.chain, { connect: [address], sync: { requestTimeoutMs: 2_000 } });
    const http = await openHttpServer(node, { listen: { host: '127.0.0.1', port: 0 } });
    cleanUp(() => http.close());
    const url = `http://127.0.0.1:${http.address.port}`;
    await waitFor('the phase', () => node.status().sync.phase === phase);

    const client = await Client.connect(frozen.chain, addressOf(node));
    expect(await client.pageHashes(20)).toBe(0);
    expect(await client.page(20, 0)).toBe(0);
    expect(await client.records(20, 52)).toEqual({ isAvailable: false, records: 0 });
    expect(await client.headers(frozen.chain)).toBe(frozen.height);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const health = await fetch(`${url}/readyz`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ phase });
    const goPeer = await Client.connect(frozen.chain, addressOf(node), serviceBits.fullNode);
    await expect(goPeer.peer.request({ type: 'get-snapshot', startKey: Uint8Array.of(52) })).rejects.toMatchObject({
      code: 'NODE_PEER_CLOSED',
    });

    gate.isOpen = true;
    await synced(node);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await client.pageHashes(20)).toBe(1);
    expect(await client.page(20, 0)).toBeGreaterThan(0);
    expect(await client.records(20, 52)).toEqual({ isAvailable: true, records: 41 });
  });
});

describe('serving', () => {
  test('a snapshot that is not kept, or a height that is none, is unavailable and costs nobody the connection', async () => {
    const client = await Client.connect(frozen.chain, addressOf(provider));
    for (const height of [7, 11, 30, 4_000_000_000]) {
      expect(await client.pageHashes(height)).toBe(0);
      expect(await client.records(height, 52)).toEqual({ isAvailable: false, records: 0 });
    }
    expect(await client.page(20, 99)).toBe(0);
    expect(client.peer.isClosed).toBe(false);
  });

  test('while blocks come and snapshots go, a chunk is there or unavailable, and the connection stays', async () => {
    const test = await makeChain({
      followPairs: 50,
      parameters: { retainedEpochs: 1, snapshotPeriod: 2, snapshotLag: 1 },
    });
    const node = await openTestNode(test.chain, producerOptions(test, 5));
    const client = await Client.connect(test.chain, addressOf(node));
    await waitFor('blocks', () => (node.status().height ?? 0) > 4);
    let available = 0;
    let unavailable = 0;
    for (let i = 0; i < 400 && !(available > 20 && unavailable > 5); i++) {
      const height = (node.status().snapshots.at(-1)?.height ?? 0) - 2 * (i % 2);
      if ((await client.records(height, 28)).isAvailable) available++;
      else unavailable++;
    }
    expect(available).toBeGreaterThan(0);
    expect(unavailable).toBeGreaterThan(0);
    expect(client.peer.isClosed).toBe(false);
  });

  test("a client of Go's protocol walks a whole prefix", async () => {
    const { peer } = await Client.connect(frozen.chain, addressOf(provider), serviceBits.fullNode);
    expect(peer.layout).toBe('go');
    const keys = new Set<string>();
    for (let startKey = Uint8Array.of(28), isFull = true; isFull; ) {
      const answer = await peer.request({ type: 'get-snapshot', startKey });
      const { bytes, offsets } = answer.records;
      for (let i = 0; i < offsets.length; i += 4) {
        startKey = bytes.slice(offsets[i], offsets[i + 1]);
        keys.add(Buffer.from(startKey).toString('hex'));
      }
      isFull = answer.isFull;
      expect(answer.epoch.snapshotBlockHeight).toBe(20);
    }
    expect(keys.size).toBe(100);
  });
});

describe('the status', () => {
  test('a node says which version it is', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
    expect(provider.status().userAgent).toBe(`@hs/node ${version}`);
  });

  test('the status has nothing in it that JSON would lose', () => {
    const status = provider.status();
    requireJson(status, 'status');
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
  });
});

/** Fails at values that JSON has no form for. */
function requireJson(value: unknown, path: string): void {
  if (typeof value === 'object' && value !== null) {
    const prototype = Object.getPrototypeOf(value);
    if (!Array.isArray(value) && prototype !== Object.prototype) throw new Error(`${path} is no plain object`);
    for (const [name, item] of Object.entries(value)) requireJson(item, `${path}.${name}`);
  } else if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${path} is ${value}`);
  else if (typeof value === 'bigint' || typeof value === 'function') throw new Error(`${path} is a ${typeof value}`);
}

describe('the database of a node', () => {
  test('one that another node has open is refused, and says so', async () => {
    const folder = testFolder();
    await openTestNode(frozen.chain, { folder });
    await expect(openNode(frozen.chain, { folder })).rejects.toMatchObject({
      code: 'NODE_DATABASE',
      message: `cannot open the database in ${folder}: another process has it open`,
      details: { folder, isLocked: true },
    });
  });

  test('one of another chain is refused with what to do, and left alone', async () => {
    const folder = testFolder();
    await (await openNode(frozen.chain, { folder })).close();
    const other = await makeChain({ followPairs: 1 });
    await expect(openNode(other.chain, { folder })).rejects.toMatchObject({
      code: 'ANCESTRAL_RECORDS_IDENTITY_MISMATCH',
    });
    await (await openNode(frozen.chain, { folder })).close();
  });

  test('one that is no database of a node at all is refused', async () => {
    const folder = testFolder();
    const foreign = new ClassicLevel(folder);
    await foreign.put('somebody', 'else');
    await foreign.close();
    await expect(openNode(frozen.chain, { folder })).rejects.toMatchObject({
      code: 'ANCESTRAL_RECORDS_FOREIGN_DATABASE',
    });
  });

  test('a node that cannot open its port lets go of the database', async () => {
    const folder = testFolder();
    const address = provider.address as { host: string; port: number };
    await expect(openNode(frozen.chain, { folder, listen: address })).rejects.toMatchObject({
      code: 'NODE_CONFIGURATION',
    });
    await (await openNode(frozen.chain, { folder })).close();
  });

  test('a node whose options are refused after its port was opened lets go of the port and the database', async () => {
    const folder = testFolder();
    await expect(openNode(frozen.chain, { folder, pool: { maxBytes: 0 } })).rejects.toThrow(RangeError);
    await (await openNode(frozen.chain, { folder })).close();
  });

  test('bans survive a restart', async () => {
    const folder = testFolder();
    const address = await proxyTo({
      answer: (message) => (message.type === 'page-list' ? { ...message, hashes: [new Uint8Array(32)] } : message),
    });
    const node = await openNode(frozen.chain, { folder, connect: [address] });
    await waitFor('the ban', () => node.status().bans.length > 0);
    const { bans } = node.status();
    await node.close();
    const again = await openTestNode(frozen.chain, { folder });
    expect(again.status().bans).toEqual(bans);
    expect(bans.map((ban) => ban.address)).toEqual([address]);
  });
});

describe('a node with no or little company', () => {
  test('without any peer it waits, serves nothing, and is not healthy', async () => {
    const node = await openTestNode(frozen.chain);
    await sleep(400);
    expect(node.status().sync).toMatchObject({ phase: 'connecting', text: 'waiting for a peer' });
    expect(node.status().height).toBeUndefined();
  });

  test('restarted without any peer, it does not claim to be synced', async () => {
    const node = await openTestNode(frozen.chain, { folder: copyOfFrozen() });
    await sleep(400);
    expect(node.status()).toMatchObject({ height: frozen.height, sync: { phase: 'connecting' } });
  });

  test('a peer that is connected but never tells its headers does not make it synced', async () => {
    const address = await proxyTo({ answer: (message) => (message.type === 'header-bundle' ? undefined : message) });
    const node = await openTestNode(frozen.chain, { folder: copyOfFrozen(), connect: [address] });
    await waitFor('the peer', () => node.status().peers.length === 1);
    await sleep(1_200);
    expect(node.status().sync).toMatchObject({ phase: 'headers', text: 'waiting for the headers of a first peer' });
  });

  test('more addresses than the usual number of outbound connections are all dialled', async () => {
    const addresses = Array.from({ length: 9 }, (_, i) => `127.0.0.1:${i + 1}`);
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (_: object, text: string) => warnings.push(text) };
    const node = await openTestNode(frozen.chain, { connect: [...addresses, addressOf(provider)], logger });
    await waitFor('the tenth', () => node.status().peers.length === 1);
    expect(warnings).toEqual([]);
    node.connect('127.0.0.1:11');
    await waitFor('a warning', () => warnings.length === 1);
    expect(warnings).toEqual(['this peer is not dialled any more']);
  });
});

function copyOfFrozen(): string {
  const folder = testFolder();
  cpSync(frozen.folder, folder, { recursive: true });
  return folder;
}

describe('block sync that is asked for', () => {
  test('deletes the half of a snapshot that an earlier run left, and executes every block', async () => {
    const folder = testFolder();
    const half = await openParts(frozen, { folder, isEmpty: true });
    await half.store.beginDownload(await provider.store.manifest(20));
    await half.close();
    const node = await openTestNode(frozen.chain, {
      folder,
      connect: [addressOf(provider)],
      sync: { mode: 'block' },
    });
    await synced(node);
    const { sync, blocks, stateRoot } = node.status();
    expect(Object.keys(sync.phaseMs)).not.toContain('snapshot');
    expect(blocks.connected).toBe(frozen.height);
    expect(stateRoot).toBe(provider.status().stateRoot);
  });
});

describe('adopting a newer snapshot', () => {
  test('nobody serves the old one any more: the newest is adopted, and equal ranges are not downloaded again', async () => {
    const test = await makeChain({ followPairs: 200, parameters: { retainedEpochs: 8 } });
    const producer = await openTestNode(test.chain, producerOptions(test, 40));
    await waitFor('an epoch', () => (producer.status().height ?? 0) >= 14);
    let isGone = false;
    const proxy = await MeddlingProxy.open(test.chain, addressOf(producer), {
      answer: (message) => {
        const isOld = 'height' in message && message.height === 10;
        if (message.type === 'page-list' && isOld && isGone) return { ...message, hashes: [] };
        if (message.type === 'snapshot-data' && 'requestId' in message && isOld) {
          const prefix = message.records.bytes[message.records.offsets[0] ?? 0];
          if (prefix !== 52) return message;
          isGone = true;
          const none = { bytes: new Uint8Array(0), offsets: new Uint32Array(0) };
          return { ...message, isAvailable: false, nextKey: new Uint8Array(0), records: none };
        }
        return message;
      },
    });
    cleanUp(() => proxy.close());
    const node = await openTestNode(test.chain, {
      connect: [proxy.address],
      sync: { reconsiderAfterMs: 1_500, requestTimeoutMs: 4_000 },
    });
    await waitFor('all ranges but one', () => (node.status().sync.snapshot?.done.ranges ?? 0) >= 4);
    expect(isGone).toBe(true);
    await makeTraffic(producer, test, 3);
    await waitFor('a newer snapshot', () => (producer.status().height ?? 0) >= 34);
    await synced(node);
    const report = node.status().sync.hyperSync;
    expect(report?.snapshotHeight).toBeGreaterThan(10);
    expect(node.status().bans).toEqual([]);
    const asked = proxy.asked.flatMap((message) =>
      message.type === 'get-snapshot' && 'height' in message && message.height > 10 ? [message.startKey[0]] : [],
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(asked).not.toContain(28);
    expect(asked).not.toContain(29);
    await waitFor('the same tip', () => node.status().stateRoot === producer.status().stateRoot);
  });
});
