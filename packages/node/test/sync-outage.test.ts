import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../src/logger.js';
import { cleanUp, removeFolder, testFolder } from './support/cleanups.js';
import { type ExampleMessage, MeddlingProxy } from './support/meddling-proxy.js';
import { NodeProcess } from './support/node-process.js';
import { openRelay } from './support/relay.js';
import { SetClock } from './support/set-clock.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  makeChain,
  openProviders,
  openTestNode,
  producerOptions,
  recordsOf,
  synced,
  writeChainFiles,
} from './support/test-network.js';
import { sleep, waitFor } from './support/wait.js';

let frozen: FrozenChain;
let nodes: readonly ExampleNode[];
let folders: readonly string[];

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 400 });
  ({ nodes, folders } = await openProviders(frozen, { count: 2 }));
});

afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

const timeouts = { dialMs: 300, versionMs: 300, verackMs: 300, pingEveryMs: 100, idleMs: 400, writeStallMs: 400 };
const quick = { timeouts, redial: { minDelayMs: 50, maxDelayMs: 200 } };

/** The provider, with answers of one type that take their time. */
async function slowProvider(slow: ExampleMessage['type'] = 'snapshot-data'): Promise<string> {
  const proxy = await MeddlingProxy.open(frozen.chain, addressOf(nodes[0] as ExampleNode), {
    delayMs: ({ type }) => (type === slow ? 60 : 0),
  });
  cleanUp(() => proxy.close());
  return proxy.address;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('the network goes away without a word', () => {
  test('in the middle of a download: it notices, waits, says so, and goes on when the network is back', async () => {
    const relay = await openRelay(await slowProvider());
    const sync = { chunkBytes: 4096, requestTimeoutMs: 2000 };
    const node = await openTestNode(frozen.chain, { connect: [relay.address], sync, network: quick });
    await waitFor('a range is done', () => (node.status().sync.snapshot?.done.ranges ?? 0) >= 1);
    relay.isSilent = true;
    await waitFor('it says that it waits for peers', () => {
      const { peers, sync: now } = node.status();
      return peers.length === 0 && now.snapshot?.waitingFor?.kind === 'peers';
    });
    const { done } = node.status().sync.snapshot ?? {};
    const dials = relay.connections;
    await waitFor('it dials on', () => relay.connections > dials + 1);
    expect(node.status()).toMatchObject({ bans: [], lastNetworkError: { code: 'NODE_PEER_TIMEOUT' } });
    expect(node.status().sync).toMatchObject({ phase: 'snapshot', snapshot: { done: { ranges: done?.ranges } } });
    relay.isSilent = false;
    await synced(node);
    expect(node.status()).toMatchObject({ bans: [], stateRoot: nodes[0]?.status().stateRoot });
  });

  test('at the tip: it says that it is not any more, and is again when the network is back', async () => {
    const chain = await makeChain({ followPairs: 20 });
    const producer = await openTestNode(chain.chain, producerOptions(chain, 100));
    const relay = await openRelay(addressOf(producer));
    const node = await openTestNode(chain.chain, {
      connect: [relay.address],
      sync: { mode: 'block', maxTipAgeMs: 1500, requestTimeoutMs: 1000 },
      network: quick,
    });
    await synced(node);
    relay.isSilent = true;
    // What it waits for depends on what was on its way at that moment: a block of which it has the header, or anything at all.
    const honest = /^(at the header tip, which is \d+ s old|waiting for a peer( that has block \d+)?)$/;
    await waitFor('it says that it is not at the tip', () => {
      const { sync, peers } = node.status();
      return peers.length === 0 && sync.phase !== 'synced' && honest.test(sync.text);
    });
    const { height = 0 } = producer.status();
    relay.isSilent = false;
    await waitFor(
      'it is at the tip',
      () => node.status().sync.phase === 'synced' && (node.status().height ?? 0) > height,
    );
    expect(node.status().bans).toEqual([]);
  });
});

describe('the disk is full', () => {
  test('in the middle of a download: the process says so and ends; with room it goes on from there', async () => {
    const folder = testFolder();
    const { chainFile } = writeChainFiles(frozen, folder);
    const args = ['run', '--chain', chainFile, '--data', `${folder}/data`, '--listen', 'off', '--http', '127.0.0.1:0'];
    args.push('--chunk-bytes', '16384', '--hash-threads', '1', '--connect', addressOf(nodes[0] as ExampleNode));
    const full = new NodeProcess(args, {}, { maxFileKibibytes: 60 });
    expect(await full.exited).toBe(1);
    expect(full.stderr).toMatch(
      /^hs-node: the database cannot be written: .*File too large\. Nothing is half-written: /,
    );
    expect(full.log.some(({ msg }) => msg === 'hyper sync: downloading the snapshot')).toBe(true);

    const roomy = new NodeProcess(args);
    await waitFor('it is synced', async () => ['synced', 'stale'].includes((await roomy.status()).sync.phase));
    const { stateRoot, sync, bans } = await roomy.status();
    expect({ stateRoot, bans }).toEqual({ stateRoot: nodes[0]?.status().stateRoot, bans: [] });
    expect(sync.hyperSync?.resumedRecords).toBeGreaterThan(0);
    expect(await roomy.signal('SIGTERM')).toBe(0);
    const reopened = await openTestNode(frozen.chain, { folder: `${folder}/data` });
    expect(await recordsOf(reopened, frozen.height)).toEqual(await recordsOf(nodes[0] as ExampleNode, frozen.height));
  });

  test('while blocks are made: the process says so and ends; with room it makes the next block', async () => {
    const chain = await makeChain({ followPairs: 5 });
    const folder = testFolder();
    const { chainFile, keyFile } = writeChainFiles(chain, folder);
    const args = ['run', '--chain', chainFile, '--data', `${folder}/data`, '--listen', 'off', '--http', '127.0.0.1:0'];
    args.push('--producer-key', keyFile, '--block-interval-ms', '5', '--hash-threads', '1', '--log-level', 'debug');
    const full = new NodeProcess(args, {}, { maxFileKibibytes: 120 });
    expect(await full.exited).toBe(1);
    expect(full.stderr).toMatch(/^hs-node: the database cannot be written: .*File too large/);
    const heights = full.log.filter(({ msg }) => msg === 'block connected').map(({ height }) => Number(height));
    const last = heights.at(-1) ?? 0;
    expect(last).toBeGreaterThan(0);

    const roomy = new NodeProcess(args);
    await waitFor('the next blocks', async () => ((await roomy.status()).height ?? 0) > last + 5);
    const first = roomy.log.find(({ msg }) => msg === 'block connected')?.['height'];
    // What was reported is on the disk; a block whose write failed may or may not be.
    expect([last + 1, last + 2]).toContain(first);
    expect(await roomy.signal('SIGTERM')).toBe(0);
    expect(roomy.stderr).toBe('');
  });
});

describe('the clock of the machine is set', () => {
  test.each([
    ['a day forward', dayMs],
    ['a day back', -dayMs],
    ['an hour back', -hourMs],
  ] as const)('%s in the middle of a download: peers and download go on', async (_name, setMs) => {
    const clock = new SetClock();
    const sync = { chunkBytes: 4096, snapshotPeerTimeoutMs: 10_000 };
    const node = await openTestNode(frozen.chain, {
      connect: [await slowProvider()],
      sync,
      clock,
      network: { timeouts },
    });
    await waitFor('a range is done', () => (node.status().sync.snapshot?.done.ranges ?? 0) >= 1);
    const [peer] = node.status().peers;
    clock.setMs = setMs;
    await synced(node);
    expect(node.status()).toMatchObject({
      bans: [],
      peers: [{ id: peer?.id }],
      stateRoot: nodes[0]?.status().stateRoot,
    });
    expect(node.status().sync.phase).toBe('stale');
    expect(node.status().sync.text).toMatch(setMs > 0 ? /s old$/ : /ahead of the clock of this machine/);
    for (const ms of Object.values(node.status().sync.phaseMs)) expect(Math.abs(ms)).toBeLessThan(60_000);
    clock.setMs = 0;
    await waitFor('it is synced', () => node.status().sync.phase === 'synced');
  });

  test('at the tip: stale, with the reason, and at the tip again when it is right', async () => {
    const chain = await makeChain({ followPairs: 20 });
    const producer = await openTestNode(chain.chain, producerOptions(chain, 100));
    const clock = new SetClock();
    const connect = [addressOf(producer)];
    const node = await openTestNode(chain.chain, { connect, clock, sync: { mode: 'block' }, network: quick });
    await synced(node);
    const isSynced = () => node.status().sync.phase === 'synced';

    // A day behind: new headers are ahead of time, so peers are dropped, and nothing is believed.
    clock.setMs = -dayMs;
    await waitFor('it is stale', () => node.status().sync.phase === 'stale');
    expect(node.status().sync.text).toContain('ahead of the clock of this machine');
    await sleep(300);
    expect(node.status().bans).toEqual([]);
    clock.setMs = 0;
    await waitFor('it follows again', () => isSynced() && node.status().height === producer.status().height);

    // A day ahead: connections stay, new ones fail with a reason.
    clock.setMs = dayMs;
    await waitFor('it is stale', () => node.status().sync.phase === 'stale');
    const late = await openTestNode(chain.chain, { connect, clock, network: quick });
    const error = await waitFor('no new connection', () => late.status().lastNetworkError);
    expect(error).toMatchObject({ code: 'NODE_HANDSHAKE', details: { rule: 'verack-age' } });
    expect(error.message).toContain('its clock or the clock of this machine is wrong');
    clock.setMs = 0;
    await waitFor('both follow', () => isSynced() && late.status().sync.phase === 'synced');
  });

  test.each([
    ['an hour back', -hourMs],
    ['a day forward', dayMs],
  ] as const)(
    '%s while blocks are connected: all are taken, and it says what its clock makes of them',
    async (_name, setMs) => {
      const clock = new SetClock();
      const connect = [await slowProvider('block-bundle')];
      const sync = { mode: 'block', blocksPerRequest: 1, blockRequestsAhead: 1, snapshotPeerTimeoutMs: 0 } as const;
      const node = await openTestNode(frozen.chain, { connect, sync, clock, network: { timeouts } });
      await waitFor('the first blocks', () => (node.status().height ?? 0) >= 2);
      clock.setMs = setMs;
      expect(node.status().height).toBeLessThan(frozen.height);
      await synced(node);
      const { bans, stateRoot, sync: now } = node.status();
      expect({ bans, stateRoot }).toEqual({ bans: [], stateRoot: nodes[0]?.status().stateRoot });
      expect(now.phase).toBe('stale');
      expect(now.text).toMatch(setMs > 0 ? /s old$/ : /ahead of the clock of this machine/);
    },
  );

  test('of the producer: blocks go on in order; those made too early are refused until their time has come', async () => {
    const chain = await makeChain({ followPairs: 20 });
    const [producerClock, clock] = [new SetClock(), new SetClock()];
    const producer = await openTestNode(chain.chain, { clock: producerClock, ...producerOptions(chain, 100) });
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void warnings.push({ ...fields }) };
    const connect = [addressOf(producer)];
    const node = await openTestNode(chain.chain, { connect, clock, logger, sync: { mode: 'block' }, network: quick });
    await synced(node);
    const phase = (of: ExampleNode) => of.status().sync.phase;
    const grows = async (of: ExampleNode) => {
      const { height = 0 } = of.status();
      await waitFor('more blocks', () => (of.status().height ?? 0) > height + 3);
    };

    // An hour behind: each block is a millisecond after its parent, and good for everybody.
    producerClock.setMs = -hourMs;
    await waitFor('it says so', () => phase(producer) === 'stale');
    expect(producer.status().sync.text).toContain('ahead of the clock of this machine: set the clock');
    await grows(node);
    producerClock.setMs = 0;
    await waitFor('both are at the tip', () => phase(producer) === 'synced' && phase(node) === 'synced');
    expect(warnings).toEqual([]);

    // A day ahead: what it makes is refused, with the reason, and nobody is banned.
    producerClock.setMs = dayMs;
    await grows(producer);
    const refusal = await waitFor('a refusal', () => warnings.find(({ err }) => err !== undefined)?.['err']);
    expect(refusal).toMatchObject({
      code: 'NODE_HEADER_IN_FUTURE',
      cause: { details: { rule: 'HeaderTimeInFuture' } },
    });
    const { height: refusedFrom = 0 } = node.status();
    await waitFor('its status says why', () =>
      /header \d+ of a peer is refused for now: .* ahead of this node's clock/.test(node.status().sync.text),
    );
    expect(node.status()).toMatchObject({ bans: [], height: refusedFrom, sync: { phase: 'synced' } });

    // Right again: the producer cannot go back behind its own blocks, and says so.
    producerClock.setMs = 0;
    await waitFor('it says so', () => phase(producer) === 'stale');
    expect(producer.status().sync.text).toContain('ahead of the clock of this machine: set the clock');
    await grows(producer);
    expect(node.status().height).toBe(refusedFrom);

    // The day after, all of it is good.
    producerClock.setMs = dayMs;
    clock.setMs = dayMs;
    await waitFor('it follows', () => (node.status().height ?? 0) > refusedFrom + 8 && phase(node) === 'synced');
    await waitFor('it refuses nothing any more', () => /^at the header tip, \d+$/.test(node.status().sync.text));
    expect(node.status().bans).toEqual([]);
    const { chainStore } = node;
    for (let height = 1; height <= (node.status().height ?? 0); height++) {
      const [parent, header] = [await chainStore.headerAt(height - 1), await chainStore.headerAt(height)];
      expect(header.timeMs).toBeGreaterThan(parent.timeMs);
    }
  });
});
