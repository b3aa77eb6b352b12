import { toHex } from '@hs/bytes';
import type { Block } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { silentLogger } from '../src/logger.js';
import type { PeerRequest } from '../src/network/message-roles.js';
import type { Peer } from '../src/network/peer.js';
import { NodeError } from '../src/node-error.js';
import { PeerServer } from '../src/serving/peer-server.js';
import { SerialQueue } from '../src/state/serial-queue.js';
import { syncBlocks } from '../src/sync/block-sync.js';
import { BranchGuard } from '../src/sync/branch-guard.js';
import { firstAnswer } from '../src/sync/first-answer.js';
import { syncHeadersFrom } from '../src/sync/header-sync.js';
import { ScriptedPeer } from './support/scripted-peer.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts, type Parts, produceBlocks, signedBlock } from './support/test-store.js';
import { sleep } from './support/wait.js';

let chain: TestChain;
let producer: { readonly blocks: readonly Block<ExampleHeader>[]; readonly stateRoot: string };

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2 });
});

const blocksMade = 9;

/** Blocks and headers of a chain that only honest peers have. */
async function honestBlocks(): Promise<readonly Block<ExampleHeader>[]> {
  if (producer === undefined) {
    const parts = await openParts(chain);
    const blocks = await produceBlocks(
      parts,
      Array.from({ length: blocksMade }, () => []),
    );
    producer = { blocks, stateRoot: toHex(parts.store.stateRoot()) };
  }
  return producer.blocks;
}

const forever = new AbortController().signal;

function headerBundle(headers: readonly ExampleHeader[]): object {
  return { type: 'header-bundle', headers, tipHash: new Uint8Array(32), tipHeight: 0 };
}

/** Gives headers after the first locator hash it knows, `limit` at a time. */
function headerPeer(headers: readonly ExampleHeader[], limit = 2000): ScriptedPeer {
  return new ScriptedPeer('peer', (request) => {
    if (request.type !== 'get-headers') return undefined;
    const known = new Map(headers.map((header) => [toHex(chain.chain.hashHeader(header)), header.height]));
    const from = request.locator.map((hash) => known.get(toHex(hash))).find((height) => height !== undefined) ?? 0;
    return headerBundle(headers.filter(({ height }) => height > from).slice(0, limit));
  });
}

async function syncHeaders(parts: Parts, peer: ScriptedPeer, nowMs = Date.now()): Promise<number> {
  const { store, chainStore } = parts;
  const guarded = { store, chain: chain.chain, chainStore, trustedRoots: [], wallMs: Date.now, logger: silentLogger };
  const guard = await BranchGuard.open(guarded);
  const options = { chain: chain.chain, chainStore, guard, timeoutMs: 500, nowMs: () => nowMs };
  return syncHeadersFrom(peer, { ...options, queue: new SerialQueue() }, forever);
}

describe('header sync', () => {
  test('takes all headers of a peer, bundle by bundle, and none twice', async () => {
    const headers = (await honestBlocks()).map(({ header }) => header);
    const parts = await openParts(chain, { isEmpty: true });
    const peer = headerPeer(headers, 4);
    expect(await syncHeaders(parts, peer)).toBe(blocksMade);
    expect(parts.chainStore.tipHeight).toBe(blocksMade);
    expect(peer.asked).toHaveLength(4);
    expect(await syncHeaders(parts, peer)).toBe(0);
  });

  test('an invalid header is misbehaviour; those before it are kept, it and those after it are not', async () => {
    const headers = (await honestBlocks()).map(({ header }) => header);
    const forged = headers.map((header) =>
      header.height === 5 ? { ...header, signature: new Uint8Array(64).fill(1) } : header,
    );
    const parts = await openParts(chain, { isEmpty: true });
    await expect(syncHeaders(parts, headerPeer(forged))).rejects.toMatchObject({
      code: 'NODE_PEER_MISBEHAVED',
      details: { peer: 'peer', height: 5, rule: 'HeaderSignatureInvalid' },
    });
    expect(parts.chainStore.tipHeight).toBe(4);
  });

  test('a header ahead of the clock is no misbehaviour, and is taken when its time has come', async () => {
    const headers = (await honestBlocks()).map(({ header }) => header);
    const parts = await openParts(chain, { isEmpty: true });
    const [, , , , fifth] = headers;
    const nowMs = (fifth?.timeMs ?? 0) - chain.spec.maxFutureTimeMs;
    await expect(syncHeaders(parts, headerPeer(headers), nowMs - 1)).rejects.toMatchObject({
      code: 'NODE_HEADER_IN_FUTURE',
      details: { height: 5 },
    });
    expect(parts.chainStore.tipHeight).toBe(4);
    await expect(syncHeaders(parts, headerPeer(headers), nowMs)).rejects.toMatchObject({ details: { height: 6 } });
    expect(await syncHeaders(parts, headerPeer(headers))).toBe(blocksMade - 5);
  });

  test('another valid header at a height that is known: NODE_EQUIVOCATION with both as evidence', async () => {
    const headers = (await honestBlocks()).map(({ header }) => header);
    const [first, second] = headers;
    if (first === undefined || second === undefined) throw new Error('no headers');
    const parts = await openParts(chain, { isEmpty: true });
    await parts.chainStore.append(headers);
    const { header: other } = signedBlock(chain, first, { timeMs: second.timeMs + 1 });
    const peer = new ScriptedPeer('peer', () => headerBundle([first, other]));
    await expect(syncHeaders(parts, peer)).rejects.toMatchObject({
      code: 'NODE_EQUIVOCATION',
      details: {
        height: 2,
        ours: toHex(chain.chain.headerCodec.encode(second)),
        theirs: toHex(chain.chain.headerCodec.encode(other)),
      },
    });
    expect(parts.chainStore.tipHeight).toBe(blocksMade);
  });

  test('another invalid header at a height that is known is misbehaviour', async () => {
    const headers = (await honestBlocks()).map(({ header }) => header);
    const parts = await openParts(chain, { isEmpty: true });
    await parts.chainStore.append(headers);
    const [first, second] = headers;
    const forged = { ...(second as ExampleHeader), timeMs: (second?.timeMs ?? 0) + 1 };
    const peer = new ScriptedPeer('peer', () => headerBundle([first as ExampleHeader, forged]));
    await expect(syncHeaders(parts, peer)).rejects.toMatchObject({
      code: 'NODE_PEER_MISBEHAVED',
      details: { height: 2 },
    });
    const genesis = new ScriptedPeer('peer', () => headerBundle([{ ...chain.chain.genesisHeader, timeMs: 1 }]));
    await expect(syncHeaders(parts, genesis)).rejects.toMatchObject({ code: 'NODE_PEER_MISBEHAVED' });
  });
});

/** Gives the blocks that were asked for, as far as `change` lets them be. */
function blockPeer(
  id: string,
  blocks: readonly Block<ExampleHeader>[],
  change: (found: readonly Block<ExampleHeader>[]) => readonly Block<ExampleHeader>[] | undefined = (found) => found,
): ScriptedPeer {
  const byHash = new Map(blocks.map((block) => [toHex(chain.chain.hashHeader(block.header)), block]));
  return new ScriptedPeer(id, (request: PeerRequest) => {
    if (request.type !== 'get-blocks') return undefined;
    const found = request.hashes.flatMap((hash) => byHash.get(toHex(hash)) ?? []);
    const given = change(found);
    return given && { type: 'block-bundle', blocks: given, tipHash: new Uint8Array(32), tipHeight: 0 };
  });
}

async function connectBlocks(peers: readonly ScriptedPeer[], blocksPerRequest = 3, shouldPause = () => false) {
  const parts = await openParts(chain);
  await parts.chainStore.append((await honestBlocks()).map(({ header }) => header));
  const misbehaved: { peer: string; message: string }[] = [];
  const slow: string[] = [];
  const run = () =>
    syncBlocks<ExampleHeader>(
      {
        chain: chain.chain,
        chainStore: parts.chainStore,
        processor: parts.processor,
        height: () => parts.store.height ?? 0,
        peers: () => peers.filter(({ isClosed }) => !isClosed),
        blocksPerRequest,
        requestsAhead: 2,
        shouldPause,
        timeoutMs: 1_000,
        patienceMs: 50,
        onMisbehaved: (peer, { message }) => {
          misbehaved.push({ peer: peer.id, message });
          peer.close('it lied');
        },
        onSlow: (peer) => slow.push(peer.id),
      },
      forever,
    );
  return { parts, misbehaved, slow, run };
}

async function expectAllConnected(parts: Parts): Promise<void> {
  expect(parts.store.height).toBe(blocksMade);
  expect(toHex(parts.store.stateRoot())).toBe(producer.stateRoot);
}

describe('block sync', () => {
  test('asks all peers in turn, and nobody for a block twice', async () => {
    const blocks = await honestBlocks();
    const peers = [blockPeer('a', blocks), blockPeer('b', blocks)];
    const { parts, run } = await connectBlocks(peers, 2);
    expect(await run()).toBe(blocksMade);
    await expectAllConnected(parts);
    const asked = peers.flatMap((peer) =>
      peer.asked.flatMap((ask) => (ask.type === 'get-blocks' ? ask.hashes.map(toHex) : [])),
    );
    expect(new Set(asked).size).toBe(blocksMade);
    expect(asked).toHaveLength(blocksMade);
    expect(peers.every((peer) => peer.asked.length >= 2)).toBe(true);
  });

  test('fewer blocks than asked for: the rest is asked for again, and only the rest', async () => {
    const peer = blockPeer('a', await honestBlocks(), (found) => found.slice(0, 2));
    const { parts, run } = await connectBlocks([peer]);
    expect(await run()).toBe(blocksMade);
    await expectAllConnected(parts);
    const asked = peer.asked.flatMap((ask) => (ask.type === 'get-blocks' ? ask.hashes : []));
    expect(asked).toHaveLength(3 * 3 + 3);
  });

  test.each([
    ['other blocks', (found: readonly Block<ExampleHeader>[]) => [...found].reverse()],
    ['more blocks', (found: readonly Block<ExampleHeader>[]) => [...found, ...found]],
    [
      'blocks that do not match their headers',
      (found: readonly Block<ExampleHeader>[]) =>
        found.map((block) => ({
          ...block,
          transactions: [chain.wallets[0]?.mint(1n, { nonce: { expirationBlockHeight: 9n, partialId: 1n } })] as never,
        })),
    ],
  ] as const)('%s: the peer misbehaved, the other one continues', async (_name, change) => {
    const blocks = await honestBlocks();
    const { parts, misbehaved, run } = await connectBlocks([
      blockPeer('liar', blocks, change),
      blockPeer('honest', blocks),
    ]);
    expect(await run()).toBe(blocksMade);
    await expectAllConnected(parts);
    expect(new Set(misbehaved.map(({ peer }) => peer))).toEqual(new Set(['liar']));
  });

  test('a peer without the blocks, one that dies, and one that never answers: the fourth has them', async () => {
    const blocks = await honestBlocks();
    const dying = new ScriptedPeer('dying', () => Promise.reject(new NodeError('NODE_PEER_CLOSED', 'gone')));
    const full = new ScriptedPeer('full', () => Promise.reject(new NodeError('NODE_PEER_LIMIT', 'too much waits')));
    const mute = blockPeer('mute', blocks, () => undefined);
    const peers = [blockPeer('empty', []), dying, full, mute, blockPeer('honest', blocks)];
    const { parts, misbehaved, slow, run } = await connectBlocks(peers);
    expect(await run()).toBe(blocksMade);
    await expectAllConnected(parts);
    expect(misbehaved).toEqual([]);
    expect(new Set(slow)).toEqual(new Set(['mute']));
  });

  test('a peer that lets a request time out is closed: its later answers could be taken for others', async () => {
    const mute = blockPeer('mute', await honestBlocks(), () => undefined);
    const { parts, run } = await connectBlocks([mute]);
    expect(await run()).toBe(0);
    expect(mute.closedFor).toMatchObject({ code: 'NODE_PEER_TIMEOUT' });
    expect(parts.store.height).toBe(0);
  });

  test('blocks that are stored here are asked of nobody, but for one that is damaged', async () => {
    const blocks = await honestBlocks();
    const peer = blockPeer('a', blocks);
    const { parts, run } = await connectBlocks([peer]);
    const [, , , , fifth, sixth] = blocks;
    if (fifth === undefined || sixth === undefined) throw new Error('too few blocks');
    for (const [i, block] of blocks.slice(0, 7).entries()) {
      await parts.store.write(parts.chainStore.blockWrites(i + 1, block === fifth ? sixth : block));
    }
    expect(await run()).toBe(blocksMade);
    await expectAllConnected(parts);
    const asked = peer.asked.flatMap((ask) => (ask.type === 'get-blocks' ? ask.hashes.map(toHex) : []));
    const wanted = [fifth, ...blocks.slice(7)].map(({ header }) => toHex(chain.chain.hashHeader(header)));
    expect(asked).toEqual(expect.arrayContaining(wanted));
    for (const { header } of blocks.slice(0, 4)) expect(asked).not.toContain(toHex(chain.chain.hashHeader(header)));
  });

  test('pauses between blocks when something else is to be considered, and goes on from there', async () => {
    let isPaused = true;
    const { parts, run } = await connectBlocks([blockPeer('a', await honestBlocks())], 2, () => isPaused);
    expect(await run()).toBe(2);
    isPaused = false;
    expect(await run()).toBe(blocksMade - 2);
    await expectAllConnected(parts);
  });

  test('nobody has the next block: what there is connects, and that is no error', async () => {
    const { run } = await connectBlocks([blockPeer('a', (await honestBlocks()).slice(0, 4))]);
    expect(await run()).toBe(4);
  });

  test("a block on the header chain that cannot be executed is its producer's fault: no peer is blamed", async () => {
    const broke = chain.wallets[1]?.transfer(
      [{ publicKey: chain.wallets[2]?.publicKey ?? new Uint8Array(33), amountNanos: 10n ** 15n }],
      {
        nonce: { expirationBlockHeight: 20n, partialId: 77n },
      },
    );
    if (broke === undefined) throw new Error('no wallet');
    const parts = await openParts(chain);
    const bad = signedBlock(chain, chain.chain.genesisHeader, { transactions: [broke] });
    await parts.chainStore.append([bad.header]);
    const blamed: string[] = [];
    const peer = blockPeer('honest', [bad]);
    const running = syncBlocks<ExampleHeader>(
      {
        chain: chain.chain,
        chainStore: parts.chainStore,
        processor: parts.processor,
        height: () => parts.store.height ?? 0,
        peers: () => [peer],
        blocksPerRequest: 4,
        requestsAhead: 2,
        timeoutMs: 1_000,
        patienceMs: 50,
        onMisbehaved: ({ id }) => blamed.push(id),
        onSlow: () => undefined,
      },
      forever,
    );
    await expect(running).rejects.toMatchObject({ code: 'NODE_CHAIN_RULE' });
    expect(blamed).toEqual([]);
  });
});

describe('the first answer', () => {
  const base = { bytesFrom: () => 0, patienceMs: 30 };

  test('comes from the next source when one has none, and at once', async () => {
    const started = performance.now();
    const ask = async (source: number) => (source < 3 ? undefined : source);
    expect(await firstAnswer({ ...base, patienceMs: 10_000, sources: () => [1, 2, 3, 4], ask, signal: forever })).toBe(
      3,
    );
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('is undefined when no source has one, or there is none', async () => {
    expect(
      await firstAnswer({ ...base, sources: () => [1, 2], ask: async () => undefined, signal: forever }),
    ).toBeUndefined();
    expect(await firstAnswer({ ...base, sources: () => [], ask: async () => 1, signal: forever })).toBeUndefined();
  });

  test('a silent source is passed by and told to stop; one that comes later is asked too', async () => {
    const sources = ['silent'];
    const slow: string[] = [];
    let wasStopped = false;
    const asking = firstAnswer({
      ...base,
      sources: () => sources,
      signal: forever,
      onSlow: (source) => slow.push(source),
      ask: (source, signal) => {
        if (source === 'late') return Promise.resolve('answer');
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            wasStopped = true;
            reject(signal.reason);
          });
        });
      },
    });
    await sleep(50);
    sources.push('late');
    expect(await asking).toBe('answer');
    expect(slow).toEqual(['silent']);
    expect(wasStopped).toBe(true);
  });

  test('a source whose bytes keep coming is waited for', async () => {
    let bytes = 0;
    const asked: string[] = [];
    const answer = await firstAnswer({
      sources: () => ['busy', 'other'],
      bytesFrom: () => (bytes += 100_000),
      patienceMs: 20,
      signal: forever,
      ask: async (source) => {
        asked.push(source);
        await sleep(120);
        return source;
      },
    });
    expect(answer).toBe('busy');
    expect(asked).toEqual(['busy']);
  });

  test('an error of the one who asks, and the end of the signal, reject', async () => {
    const boom = new Error('boom');
    await expect(
      firstAnswer({ ...base, sources: () => [1, 2], ask: () => Promise.reject(boom), signal: forever }),
    ).rejects.toBe(boom);
    const stop = new AbortController();
    const asking = firstAnswer({
      ...base,
      sources: () => [1],
      ask: () => new Promise(() => undefined),
      signal: stop.signal,
    });
    stop.abort(boom);
    await expect(asking).rejects.toBe(boom);
  });
});

describe('serving', () => {
  test.each(['ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE', 'ANCESTRAL_RECORDS_NOT_READY'])(
    'a snapshot that is given up between the look and the read (%s) is unavailable',
    async (code) => {
      const parts = await openParts(chain);
      const given = Object.assign(new Error('given up'), { code });
      const store = new Proxy(parts.store, {
        get: (target, name) => {
          if (name === 'readChunk' || name === 'manifest') return () => Promise.reject(given);
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const server = new PeerServer<ExampleHeader>({
        store,
        chain: chain.chain,
        chainStore: parts.chainStore,
        isServingState: () => true,
        onTransactions: async () => undefined,
        onAnnouncement: () => undefined,
      });
      const peer = new ScriptedPeer('asker', () => undefined);
      const ask = { requestId: 3, height: 0 } as const;
      const range = { startKey: Uint8Array.of(52), endKey: Uint8Array.of(53), maxBytes: 100 };
      await server.handle(peer as Peer<ExampleHeader>, { type: 'get-snapshot', ...ask, ...range });
      await server.handle(peer as Peer<ExampleHeader>, { type: 'get-page-list', ...ask });
      await server.handle(peer as Peer<ExampleHeader>, { type: 'get-page', ...ask, index: 0 });
      expect(peer.sent).toMatchObject([
        { type: 'snapshot-data', requestId: 3, height: 0, isAvailable: false },
        { type: 'page-list', requestId: 3, height: 0, hashes: [] },
        { type: 'page', requestId: 3, height: 0, index: 0, page: new Uint8Array(0) },
      ]);
    },
  );
});
