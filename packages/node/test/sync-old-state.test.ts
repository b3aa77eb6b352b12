import { cpSync } from 'node:fs';
import type { Manifest } from '@hs/ancestral-records';
import { compareBytes, toHex } from '@hs/bytes';
import { createBlockCodec, serviceBits, type Transaction } from '@hs/wire';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import type { NodeStatus } from '../src/full-node.js';
import { originWrite, readOrigin } from '../src/sync/state-origin.js';
import { cleanUp, makeFolder, removeFolder, testFolder } from './support/cleanups.js';
import { type ExampleMessage, type Meddling, MeddlingProxy } from './support/meddling-proxy.js';
import { NodeProcess } from './support/node-process.js';
import {
  addressOf,
  type ExampleNode,
  makeChain,
  type NodeOverrides,
  openNode,
  openTestNode,
  recordsOf,
  synced,
  type TestChain,
  writeChainFiles,
} from './support/test-network.js';
import { openParts, produceBlocks } from './support/test-store.js';
import { waitFor } from './support/wait.js';

/** Where the old state stands, and the snapshot that it can go back to. */
const oldHeight = 23;
const baseHeight = 20;
/** Where the network is, and the newest snapshot that its headers vouch for. */
const tipHeight = 57;
const snapshotHeight = 50;

/** A network that went on from the old state, and the node that serves it. */
interface Network {
  readonly folder: string;
  readonly node: ExampleNode;
  readonly manifest: Manifest;
}

let chain: TestChain;
let oldFolder: string;
let base: Manifest;
/** Large blocks that change little, and small blocks that change much. */
let busy: Network;
let quiet: Network;

let nextId = 1n;

const nonceAt = (height: number) => ({ nonce: { expirationBlockHeight: BigInt(height + 100), partialId: nextId++ } });

/** Accounts take turns: over a few blocks this changes most ranges of balances. */
function smallTransaction(height: number): Transaction {
  const [wallet, next] = [chain.wallets[height % 8], chain.wallets[1 + (height % 8)]];
  if (wallet === undefined || next === undefined) throw new Error('too few wallets');
  return wallet.transfer([{ publicKey: next.publicKey, amountNanos: 1_000n }], nonceAt(height));
}

/** Changes one record, again and again. */
function largeTransaction(height: number): Transaction {
  const [wallet] = chain.wallets;
  if (wallet === undefined) throw new Error('too few wallets');
  return wallet.updateProfile({ description: `${height}`.padEnd(8_000, '.') }, nonceAt(height));
}

async function makeNetwork(transactionAt: (height: number) => Transaction): Promise<Network> {
  const folder = makeFolder();
  cpSync(oldFolder, folder, { recursive: true });
  const parts = await openParts(chain, { folder });
  for (let height = oldHeight + 1; height <= tipHeight; height++) {
    await produceBlocks(parts, [[transactionAt(height)]]);
  }
  await parts.store.maintenance();
  const manifest = await parts.store.manifest(snapshotHeight);
  await parts.close();
  const node = await openNode(chain.chain, { folder });
  // Whoever serves state must have been at the tip once, which a node learns from another.
  const witnessFolder = makeFolder();
  cpSync(folder, witnessFolder, { recursive: true });
  const witness = await openNode(chain.chain, { folder: witnessFolder, connect: [addressOf(node)] });
  await Promise.all([synced(node), synced(witness)]);
  await witness.close();
  removeFolder(witnessFolder);
  return { folder, node, manifest };
}

beforeAll(async () => {
  chain = await makeChain({ accounts: 500, followPairs: 300, parameters: { maxRangeRecords: 256 } });
  oldFolder = makeFolder();
  const parts = await openParts(chain, { folder: oldFolder });
  await produceBlocks(
    parts,
    Array.from({ length: oldHeight }, (_, i) => [smallTransaction(i + 1)]),
  );
  await parts.store.write([originWrite('execution')]);
  await parts.store.maintenance();
  base = await parts.store.manifest(baseHeight);
  await parts.close();
  busy = await makeNetwork(largeTransaction);
  quiet = await makeNetwork(smallTransaction);
});

afterAll(async () => {
  for (const network of [busy, quiet]) await network?.node.close();
  for (const folder of [oldFolder, busy?.folder, quiet?.folder]) if (folder !== undefined) removeFolder(folder);
});

/** A copy of the old state, for a node of this test. */
function copyOfOld(): string {
  const folder = testFolder();
  cpSync(oldFolder, folder, { recursive: true });
  return folder;
}

/** The old state after more blocks of a network. */
async function oldStateAt(height: number, { node }: Network): Promise<string> {
  const folder = copyOfOld();
  const parts = await openParts(chain, { folder });
  const codec = createBlockCodec(chain.chain.headerCodec);
  for (let next = oldHeight + 1; next <= height; next++) {
    const block = codec.decode((await node.chainStore.blockAt(next)) as Uint8Array);
    await parts.chainStore.append([block.header]);
    await parts.processor.connect(block);
  }
  await parts.close();
  return folder;
}

async function proxyOf({ node }: Network, meddling: Meddling = {}): Promise<MeddlingProxy> {
  const proxy = await MeddlingProxy.open(chain.chain, addressOf(node), meddling);
  cleanUp(() => proxy.close());
  return proxy;
}

function comeBack(overrides: NodeOverrides): Promise<ExampleNode> {
  return openTestNode(chain.chain, { folder: copyOfOld(), ...overrides });
}

/** Heights of the blocks that were asked for, ascending. One that a full answer left out was asked for again. */
async function blocksAsked({ asked }: MeddlingProxy, { node }: Network): Promise<number[]> {
  const hashes = asked.flatMap((message) => (message.type === 'get-blocks' ? message.hashes : []));
  const heights = await Promise.all(hashes.map((hash) => node.chainStore.heightOf(hash)));
  return [...new Set(heights.map((height) => height ?? -1))].sort((a, b) => a - b);
}

/** Indexes of the ranges of a manifest that requests for records reached into, each as often as it was. */
function rangesAsked(messages: readonly ExampleMessage[], manifest: Manifest): number[] {
  return messages.flatMap((message) => {
    if (message.type !== 'get-snapshot' || !('requestId' in message)) return [];
    expect(message.height).toBe(manifest.height);
    return [...manifest.entries.keys()].filter((index) => {
      const { startKey, endKey } = manifest.range(index);
      const beginsBefore = message.endKey.length === 0 || compareBytes(startKey, message.endKey) < 0;
      return beginsBefore && (endKey === undefined || compareBytes(message.startKey, endKey) < 0);
    });
  });
}

const changedRanges = ({ manifest }: Network) =>
  [...manifest.entries.entries()].filter(([, entry]) => base.indexOf(entry) === -1).map(([index]) => index);

const recordsKept = ({ manifest }: Network) =>
  manifest.entries.filter((entry) => base.indexOf(entry) !== -1).reduce((sum, { count }) => sum + count, 0);

async function expectTheState(node: ExampleNode, network: Network): Promise<void> {
  const expected = network.node.status();
  const { height, stateRoot, bans } = node.status();
  expect({ height, stateRoot, bans }).toEqual({ height: tipHeight, stateRoot: expected.stateRoot, bans: [] });
  for (const at of [snapshotHeight, tipHeight]) {
    expect(await recordsOf(node, at)).toEqual(await recordsOf(network.node, at));
  }
}

describe('a node that comes back with an old state', () => {
  test('ranges are less than blocks: only those that have changed are asked for, and the rest stays', async () => {
    const proxy = await proxyOf(busy);
    const lines: string[] = [];
    const info = (_: object, message: string) => void lines.push(message);
    const quietly = () => undefined;
    const logger = { debug: quietly, info, warn: quietly, error: quietly };
    const node = await comeBack({ connect: [proxy.address], logger });
    const texts = new Set<string>();
    await waitFor('it is synced', () => {
      const { phase, text } = node.status().sync;
      texts.add(`${phase}: ${text}`);
      return phase === 'synced';
    });
    await expectTheState(node, busy);

    const { catchUp, hyperSync } = node.status().sync;
    const changed = changedRanges(busy);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThan(busy.manifest.entries.length);
    expect(catchUp).toMatchObject({
      way: 'snapshot',
      from: oldHeight,
      to: tipHeight,
      blocks: { from: oldHeight + 1, blocks: snapshotHeight - oldHeight, isServed: true },
      snapshot: {
        height: snapshotHeight,
        base: baseHeight,
        changedRanges: changed.length,
        keptRanges: busy.manifest.entries.length - changed.length,
      },
    });
    expect(hyperSync).toMatchObject({ snapshotHeight, resumedRecords: recordsKept(busy) });
    expect(await readOrigin(node.store)).toBeUndefined();
    // What was asked for is what has changed, and nothing else.
    expect(new Set(rangesAsked(proxy.asked, busy.manifest))).toEqual(new Set(changed));

    // The estimate is made from a few blocks. All of them: what was estimated is what they are.
    const asked = await blocksAsked(proxy, busy);
    const sampled = asked.filter((height) => height <= snapshotHeight);
    expect(sampled).toHaveLength(catchUp?.blocks.sampled ?? 0);
    expect(sampled.length).toBeLessThan(8);
    let bytes = 0;
    for (let height = oldHeight + 1; height <= snapshotHeight; height++) {
      bytes += (await busy.node.chainStore.blockAt(height))?.length ?? 0;
    }
    expect((catchUp?.blocks.bytes ?? 0) / bytes).toBeCloseTo(1, 1);
    expect(catchUp?.snapshot?.bytes).toBeLessThan(bytes);

    const why = `choosing how to catch up: ${catchUp?.reason}`;
    expect(lines.filter((line) => line === why)).toHaveLength(1);
    expect(catchUp?.reason).toMatch(
      /^snapshot 50 differs from 20, which is kept here, in \d+ of its \d+ ranges, \d+ bytes; blocks 24 to 50 are about \d+ bytes$/,
    );
    expect([...texts]).toContain(`snapshot: downloading what a newer snapshot has changed: ${catchUp?.reason}`);
  });

  test('the blocks that it jumped over are missing, as those before the snapshot of a newcomer; all else is served', async () => {
    const node = await comeBack({ connect: [addressOf(busy.node)] });
    await synced(node);
    const has = async (height: number) => (await node.chainStore.blockAt(height)) !== undefined;
    const heights = Array.from({ length: tipHeight }, (_, i) => i + 1);
    const missing = [];
    for (const height of heights) if (!(await has(height))) missing.push(height);
    expect(missing).toEqual(heights.filter((height) => height > oldHeight && height <= snapshotHeight));

    const newcomer = await openTestNode(chain.chain, { connect: [addressOf(node)] });
    await synced(newcomer);
    await expectTheState(newcomer, busy);

    // One that wants all blocks gets what there is, and waits for another peer at the gap.
    const replaying = await openTestNode(chain.chain, { connect: [addressOf(node)], sync: { mode: 'block' } });
    await waitFor(
      'the gap',
      () => replaying.status().sync.text === `waiting for a peer that has block ${oldHeight + 1}`,
    );
    expect(replaying.status()).toMatchObject({ height: oldHeight, bans: [] });
    replaying.connect(addressOf(busy.node));
    await synced(replaying);
    await expectTheState(replaying, busy);
  });

  test('blocks are less than ranges: blocks are connected, and no record is asked for', async () => {
    const proxy = await proxyOf(quiet);
    const node = await comeBack({ connect: [proxy.address] });
    await synced(node);
    await expectTheState(node, quiet);
    const { catchUp, hyperSync } = node.status().sync;
    expect(catchUp).toMatchObject({ way: 'blocks', snapshot: { height: snapshotHeight, base: baseHeight } });
    expect(catchUp?.snapshot?.bytes).toBeGreaterThanOrEqual(catchUp?.blocks.bytes ?? Number.POSITIVE_INFINITY);
    expect(hyperSync).toBeUndefined();
    expect(await readOrigin(node.store)).toBe('execution');
    expect(rangesAsked(proxy.asked, quiet.manifest)).toEqual([]);
    for (let height = 1; height <= tipHeight; height++) expect(await node.chainStore.blockAt(height)).toBeDefined();
  });

  test('block sync is configured: nothing of a snapshot is asked for', async () => {
    const proxy = await proxyOf(busy);
    const node = await comeBack({ connect: [proxy.address], sync: { mode: 'block' } });
    await synced(node);
    await expectTheState(node, busy);
    expect(node.status().sync.catchUp).toBeUndefined();
    const types = new Set(proxy.asked.map(({ type }) => type));
    expect([...types]).toContain('get-blocks');
    for (const type of ['get-page-list', 'get-page', 'get-snapshot'] as const) expect([...types]).not.toContain(type);
  });

  test('less than a period behind: blocks, and nothing is compared', async () => {
    const proxy = await proxyOf(busy);
    const node = await comeBack({ folder: await oldStateAt(tipHeight - 9, busy), connect: [proxy.address] });
    await synced(node);
    await expectTheState(node, busy);
    expect(node.status().sync.catchUp).toBeUndefined();
    expect(proxy.asked.some(({ type }) => type === 'get-page-list')).toBe(false);
    expect(await blocksAsked(proxy, busy)).toEqual(Array.from({ length: 9 }, (_, i) => tipHeight - 8 + i));
  });
});

describe('an old state that is given up for a newer one', () => {
  /** The provider, whose records take their time. */
  const slow = (network: Network) => proxyOf(network, { delayMs: ({ type }) => (type === 'snapshot-data' ? 150 : 0) });

  test('kill -9 in the middle: it goes on there, and asks neither for unchanged ranges nor for finished ones', async () => {
    const proxy = await slow(busy);
    const folder = copyOfOld();
    const { chainFile } = writeChainFiles(chain, testFolder());
    const args = ['run', '--chain', chainFile, '--data', folder, '--listen', 'off', '--http', '127.0.0.1:0'];
    args.push('--chunk-bytes', '4096', '--hash-threads', '1', '--connect', proxy.address);
    const changed = changedRanges(busy);
    const kept = busy.manifest.entries.length - changed.length;

    const killed = new NodeProcess(args);
    const done = await waitFor('a changed range is done, and some are not', async () => {
      const { snapshot } = (await killed.status()).sync;
      const isHalfDone = (snapshot?.done.ranges ?? 0) > kept && (snapshot?.left.ranges ?? 0) > 0;
      return isHalfDone && snapshot?.done.ranges;
    });
    expect(await killed.signal('SIGKILL')).toBe('SIGKILL');
    const before = proxy.asked.splice(0);
    expect(changed).toEqual(expect.arrayContaining(rangesAsked(before, busy.manifest)));

    const restarted = new NodeProcess(args);
    const status = await waitFor('it is synced', async () => {
      const now = await restarted.status();
      return now.sync.phase === 'synced' && now;
    });
    expect(status).toMatchObject({ height: tipHeight, stateRoot: busy.node.status().stateRoot, bans: [] });
    const after = new Set(rangesAsked(proxy.asked, busy.manifest));
    expect(changed).toEqual(expect.arrayContaining([...after]));
    expect(after.size).toBeGreaterThan(0);
    expect(after.size).toBeLessThanOrEqual(busy.manifest.entries.length - done);
    expect(await restarted.signal('SIGTERM')).toBe(0);
    const reopened = await openTestNode(chain.chain, { folder });
    expect(await recordsOf(reopened, tipHeight)).toEqual(await recordsOf(busy.node, tipHeight));
  });

  test('stopped before the download began: the state stands at its snapshot, with the blocks to go on from there', async () => {
    const folder = copyOfOld();
    const parts = await openParts(chain, { folder });
    await parts.store.rewind(baseHeight);
    await parts.close();
    const other = testFolder();
    cpSync(folder, other, { recursive: true });

    const blockProxy = await proxyOf(busy);
    const byBlocks = await openTestNode(chain.chain, {
      folder,
      connect: [blockProxy.address],
      sync: { mode: 'block' },
    });
    await synced(byBlocks);
    await expectTheState(byBlocks, busy);
    expect((await blocksAsked(blockProxy, busy))[0]).toBe(oldHeight + 1);

    const proxy = await proxyOf(busy);
    const byRanges = await openTestNode(chain.chain, { folder: other, connect: [proxy.address] });
    await synced(byRanges);
    await expectTheState(byRanges, busy);
    expect(byRanges.status().sync.catchUp).toMatchObject({
      way: 'snapshot',
      from: baseHeight,
      blocks: { from: oldHeight + 1, blocks: snapshotHeight - oldHeight },
      snapshot: { base: baseHeight },
    });
    expect(new Set(rangesAsked(proxy.asked, busy.manifest))).toEqual(new Set(changedRanges(busy)));
  });

  test.each([
    [
      'page',
      (message: ExampleMessage) =>
        message.type === 'page'
          ? { ...message, page: message.page.with(message.page.length - 1, 1 ^ (message.page.at(-1) ?? 0)) }
          : message,
    ],
    [
      'page list',
      (message: ExampleMessage) =>
        message.type === 'page-list' ? { ...message, hashes: [...message.hashes, new Uint8Array(32)] } : message,
    ],
    [
      'sample of blocks',
      (message: ExampleMessage) =>
        message.type === 'block-bundle'
          ? { ...message, blocks: message.blocks.map((block) => ({ ...block, transactions: [] })) }
          : message,
    ],
  ] as const)(
    'a peer that lies about a %s is banned; the old state is untouched and goes on with others',
    async (_name, answer) => {
      const liar = await proxyOf(busy, { answer });
      const sync = { reconsiderAfterMs: 50 };
      const node = await comeBack({ connect: [liar.address], sync });
      await waitFor('the liar is banned', () => node.status().bans.length === 1);
      await waitFor('it is gone', () => node.status().peers.length === 0);
      expect(node.status().bans[0]?.address).toBe(liar.address);
      expect(node.store.phase).toBe('ready');
      expect(node.status().height).toBe(oldHeight);
      const untouched = await openParts(chain, { folder: copyOfOld() });
      expect(node.status().stateRoot).toBe(toHex(untouched.store.stateRoot()));
      for (const height of [baseHeight, oldHeight]) {
        expect(await recordsOf(node, height)).toEqual(
          await recordsOf({ store: untouched.store } as ExampleNode, height),
        );
      }

      node.connect(addressOf(busy.node));
      await synced(node);
      const { height, stateRoot, bans } = node.status();
      expect({ height, stateRoot }).toEqual({ height: tipHeight, stateRoot: busy.node.status().stateRoot });
      expect(bans).toHaveLength(1);
      expect(node.status().sync.catchUp?.way).toBe('snapshot');
    },
  );
});

describe('peers that do not have everything', () => {
  /** No blocks up to the snapshot, as of a node that was synced there. */
  const pruned = async (network: Network): Promise<MeddlingProxy> => {
    const low = new Set<string>();
    for (let height = 1; height <= snapshotHeight; height++)
      low.add(toHex(await network.node.chainStore.hashAt(height)));
    const isThere = ({ header }: { readonly header: ExampleHeader }) => !low.has(toHex(chain.chain.hashHeader(header)));
    return proxyOf(network, {
      answer: (message) => {
        if (message.type !== 'block-bundle') return message;
        // A bundle ends at the first block that is not there.
        const { blocks } = message;
        const end = blocks.findIndex((block) => !isThere(block));
        return end === -1 ? message : { ...message, blocks: blocks.slice(0, end) };
      },
    });
  };

  test('nobody has the next block, and ranges are less than such blocks would be: they are taken at once', async () => {
    const proxy = await pruned(busy);
    // What its own blocks were like is all that it has to go by.
    const folder = await oldStateAt(37, busy);
    const node = await comeBack({ folder, connect: [proxy.address], sync: { reconsiderAfterMs: 600_000 } });

    await synced(node);
    await expectTheState(node, busy);
    const { catchUp } = node.status().sync;
    expect(catchUp).toMatchObject({ way: 'snapshot', from: 37, blocks: { isServed: false }, snapshot: { base: 30 } });
    expect(catchUp?.reason).toMatch(
      /^no peer has block 38; snapshot 50 differs from 30, .*; such blocks would be about \d+ bytes$/,
    );
  });

  test('nobody has the next block for long: ranges are taken, although such blocks would be less', async () => {
    const proxy = await pruned(quiet);
    const node = await comeBack({ connect: [proxy.address], sync: { reconsiderAfterMs: 1_000 } });
    const waiting = await waitFor('it waits for the block', () => {
      const { text, catchUp } = node.status().sync;
      return text === `waiting for a peer that has block ${oldHeight + 1}` && catchUp;
    });
    expect(waiting).toMatchObject({ way: 'blocks', blocks: { isServed: false } });
    expect(waiting.reason).toContain(`no peer has block ${oldHeight + 1} now, which is waited for`);
    expect(node.status().height).toBe(oldHeight);
    await synced(node);
    await expectTheState(node, quiet);
    expect(node.status().sync.catchUp).toMatchObject({ way: 'snapshot', blocks: { isServed: false } });
    expect(node.status().sync.catchUp?.reason).toContain(`no peer has block ${oldHeight + 1}, for too long`);
    expect(new Set(rangesAsked(proxy.asked, quiet.manifest))).toEqual(new Set(changedRanges(quiet)));
  });

  test('none serves snapshots: blocks, until one that does joins', async () => {
    const withoutSnapshots = await proxyOf(busy, {
      answer: (message) =>
        message.type === 'version' ? { ...message, services: message.services & ~serviceBits.hyperSync } : message,
      delayMs: ({ type }) => (type === 'block-bundle' ? 100 : 0),
    });
    const node = await comeBack({
      connect: [withoutSnapshots.address],
      sync: { blocksPerRequest: 1, blockRequestsAhead: 1, reconsiderAfterMs: 300 },
    });
    await waitFor('some blocks', () => (node.status().height ?? 0) > oldHeight + 1);
    const first: NodeStatus['sync']['catchUp'] = node.status().sync.catchUp;
    expect(first).toMatchObject({ way: 'blocks', snapshot: undefined, reason: 'no peer serves snapshot 50' });
    node.connect(addressOf(busy.node));
    await synced(node);
    await expectTheState(node, busy);
    expect(node.status().sync.catchUp?.way).toBe('snapshot');
    expect(node.status().sync.catchUp?.from).toBeGreaterThan(oldHeight);
  });
});
