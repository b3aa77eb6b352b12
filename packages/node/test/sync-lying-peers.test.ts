import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BanRecord } from '../src/network/ban-record.js';
import { cleanUp, removeFolder } from './support/cleanups.js';
import { type ExampleMessage, type Meddling, MeddlingProxy } from './support/meddling-proxy.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  type NodeOverrides,
  openProviders,
  openTestNode,
  recordsOf,
  synced,
} from './support/test-network.js';
import { waitFor } from './support/wait.js';

type SnapshotData = Extract<ExampleMessage, { readonly type: 'snapshot-data'; readonly requestId: number }>;

let frozen: FrozenChain;
let nodes: readonly ExampleNode[];
let folders: readonly string[];

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 300 });
  ({ nodes, folders } = await openProviders(frozen, { count: 2 }));
});

afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

/** Lets a newcomer with an empty folder join through a liar and one honest node. */
async function joinThrough(
  meddling: Meddling,
  overrides: NodeOverrides = {},
): Promise<{ newcomer: ExampleNode; liar: MeddlingProxy; honest: string; elapsedMs: number }> {
  const [target, other] = nodes;
  if (target === undefined || other === undefined) throw new Error('no providers');
  const liar = await MeddlingProxy.open(frozen.chain, addressOf(target), meddling);
  cleanUp(() => liar.close());
  const honest = addressOf(other);
  const started = performance.now();
  const newcomer = await openTestNode(frozen.chain, { connect: [liar.address], ...overrides });
  // The liar is the first to be asked for anything.
  await waitFor('the liar is connected', () => liar.connections > 0 && newcomer.status().peers.length > 0);
  newcomer.connect(honest);
  await synced(newcomer);
  return { newcomer, liar, honest, elapsedMs: performance.now() - started };
}

/** The newcomer ended where the honest nodes are, and every record of it is theirs. */
async function expectTheHonestState(newcomer: ExampleNode): Promise<void> {
  const [honest] = nodes;
  const expected = honest?.status();
  const { height, stateRoot, headerHash } = newcomer.status();
  expect({ height, stateRoot, headerHash }).toEqual({
    height: frozen.height,
    stateRoot: expected?.stateRoot,
    headerHash: expected?.headerHash,
  });
  expect(await recordsOf(newcomer, frozen.height)).toEqual(await recordsOf(honest as ExampleNode, frozen.height));
}

function expectOneBan(newcomer: ExampleNode, address: string): BanRecord {
  const { bans } = newcomer.status();
  expect(bans.map((ban) => ban.address)).toEqual([address]);
  return bans[0] as BanRecord;
}

function isChunk(message: ExampleMessage): message is SnapshotData {
  return message.type === 'snapshot-data' && 'requestId' in message && message.isAvailable;
}

/** Changes every chunk that has enough records. */
function inChunks(change: (chunk: SnapshotData) => SnapshotData | undefined, leastRecords = 2): Meddling {
  return {
    answer: (message) =>
      isChunk(message) && message.records.offsets.length >= 4 * leastRecords ? (change(message) ?? message) : message,
  };
}

function repack(chunk: SnapshotData, order: readonly number[]): SnapshotData {
  const { bytes, offsets } = chunk.records;
  const shuffled = order.flatMap((i) => [...offsets.subarray(4 * i, 4 * i + 4)]);
  return { ...chunk, records: { bytes, offsets: Uint32Array.from(shuffled) } };
}

const countOf = (chunk: SnapshotData): number => chunk.records.offsets.length / 4;

describe('a peer that lies about records', () => {
  test('one wrong value in an otherwise valid chunk: range refused, sender banned with the evidence, sync completes', async () => {
    let prefix = -1;
    const { newcomer, liar } = await joinThrough({
      answer: (message) => {
        if (prefix >= 0 || !isChunk(message)) return message;
        const { bytes, offsets } = message.records;
        for (let i = 0; i < offsets.length; i += 4) {
          const [valueStart = 0, valueEnd = 0] = [offsets[i + 2], offsets[i + 3]];
          if (valueEnd === valueStart) continue;
          const altered = bytes.slice();
          altered[valueEnd - 1] = (altered[valueEnd - 1] ?? 0) ^ 1;
          prefix = bytes[offsets[i] ?? 0] ?? -1;
          return { ...message, records: { bytes: altered, offsets } };
        }
        return message;
      },
    });
    expect(liar.meddled).toBe(1);
    const ban = expectOneBan(newcomer, liar.address);
    const manifest = await (nodes[0] as ExampleNode).store.manifest(20);
    const range = manifest.entries.findIndex((entry) => entry.start[0] === prefix);
    expect(ban.evidence).toMatchObject({ rule: 'refuted', snapshotHeight: 20, range });
    const sum = manifest.entries[range]?.sum ?? new Uint8Array(0);
    expect(ban.evidence['expected']).toBe(Buffer.from(sum).toString('hex'));
    expect(ban.evidence['got']).toMatch(/^[0-9a-f]{64}$/);
    expect(ban.evidence['got']).not.toBe(ban.evidence['expected']);
    expect(newcomer.status().sync.hyperSync?.snapshotHeight).toBe(20);
    await expectTheHonestState(newcomer);
    expect(JSON.parse(JSON.stringify(newcomer.status().bans))).toEqual(newcomer.status().bans);
  });

  test.each([
    [
      'two records in the wrong order',
      'key-order',
      (chunk: SnapshotData) => repack(chunk, [1, 0, ...Array.from({ length: countOf(chunk) - 2 }, (_, i) => i + 2)]),
    ],
    [
      'a record that comes twice',
      'key-order',
      (chunk: SnapshotData) => repack(chunk, [0, 0, ...Array.from({ length: countOf(chunk) - 2 }, (_, i) => i + 2)]),
    ],
    [
      'an extra record',
      'too-many-records',
      (chunk: SnapshotData) => {
        const { bytes, offsets } = chunk.records;
        if (chunk.nextKey.length > 0) return undefined;
        const [keyStart = 0, keyEnd = 0] = offsets.subarray(-4);
        const extra = Uint8Array.from([...bytes, ...bytes.subarray(keyStart, keyEnd), 0]);
        const key = [bytes.length, extra.length];
        return {
          ...chunk,
          records: { bytes: extra, offsets: Uint32Array.from([...offsets, ...key, extra.length, extra.length]) },
        };
      },
    ],
    [
      'a record that is missing',
      'incomplete',
      (chunk: SnapshotData) =>
        chunk.nextKey.length > 0
          ? undefined
          : repack(
              chunk,
              Array.from({ length: countOf(chunk) - 1 }, (_, i) => i),
            ),
    ],
    [
      "a value over the chain's limit",
      'value-too-long',
      (chunk: SnapshotData) => {
        const { bytes, offsets } = chunk.records;
        const longer = new Uint8Array(bytes.length + frozen.chain.parameters.maxValueBytes + 1);
        longer.set(bytes);
        const altered = offsets.slice();
        altered.set([bytes.length, longer.length], 2);
        return { ...chunk, records: { bytes: longer, offsets: altered } };
      },
    ],
    [
      'a cursor that goes back',
      'cursor-stuck',
      (chunk: SnapshotData) => {
        const { bytes, offsets } = chunk.records;
        return { ...chunk, nextKey: bytes.slice(offsets[0], offsets[1]) };
      },
    ],
  ] as const)('%s: banned for it, and not asked again', async (_name, rule, change) => {
    const { newcomer, liar } = await joinThrough(inChunks(change));
    expect(expectOneBan(newcomer, liar.address).evidence).toMatchObject({ rule, snapshotHeight: 20 });
    expect(liar.connections).toBe(1);
    await expectTheHonestState(newcomer);
  });
});

describe('a peer that lies about the manifest', () => {
  test.each([
    [
      'page list',
      'page-list',
      (message: ExampleMessage) =>
        message.type === 'page-list' ? { ...message, hashes: message.hashes.map((hash) => flipped(hash)) } : message,
    ],
    [
      'page',
      'page',
      (message: ExampleMessage) => (message.type === 'page' ? { ...message, page: flipped(message.page) } : message),
    ],
  ] as const)('a wrong %s: banned, and the next peer is asked', async (_name, _type, answer) => {
    const { newcomer, liar } = await joinThrough({ answer });
    const { evidence } = expectOneBan(newcomer, liar.address);
    expect(evidence).toMatchObject({ height: 20 });
    expect(evidence['expected']).not.toBe(evidence['got']);
    await expectTheHonestState(newcomer);
  });
});

describe('a peer that lies about the chain', () => {
  test('a header with a bad signature: banned, and none from there on is kept', async () => {
    const { newcomer, liar } = await joinThrough({
      answer: (message) => {
        if (message.type !== 'header-bundle') return message;
        const headers = message.headers.map((header) =>
          header.height === 7 ? { ...header, signature: flipped(header.signature) } : header,
        );
        return { ...message, headers };
      },
    });
    expect(expectOneBan(newcomer, liar.address).evidence).toMatchObject({ height: 7, rule: 'HeaderSignatureInvalid' });
    await expectTheHonestState(newcomer);
  });

  test('blocks that are not those that were asked for: banned, and the other peer continues', async () => {
    const { newcomer, liar } = await joinThrough(
      {
        answer: (message) =>
          message.type === 'block-bundle' ? { ...message, blocks: [...message.blocks].reverse() } : message,
      },
      { sync: { mode: 'block', blocksPerRequest: 5 } },
    );
    expectOneBan(newcomer, liar.address);
    expect(newcomer.status().blocks.connected).toBe(frozen.height);
    await expectTheHonestState(newcomer);
  });

  test('a block without its transactions: banned, and the other peer continues', async () => {
    const { newcomer, liar } = await joinThrough(
      {
        answer: (message) =>
          message.type === 'block-bundle'
            ? { ...message, blocks: message.blocks.map((block) => ({ ...block, transactions: [] })) }
            : message,
      },
      { sync: { mode: 'block' } },
    );
    expectOneBan(newcomer, liar.address);
    await expectTheHonestState(newcomer);
  });
});

describe('a peer that is of no use but proves no lie', () => {
  const keepBack =
    (...types: readonly ExampleMessage['type'][]) =>
    (message: ExampleMessage) =>
      types.includes(message.type) ? undefined : message;

  test.each([
    ['headers', 'header-bundle'],
    ['page lists', 'page-list'],
    ['pages', 'page'],
    ['chunks', 'snapshot-data'],
    ['blocks', 'block-bundle'],
  ] as const)(
    'it never answers when asked for %s: the others are asked in time, and it is not banned',
    async (_, type) => {
      // What a peer owes for ranges is asked of another one after an eighth of the time for a request.
      const { newcomer, elapsedMs } = await joinThrough(
        { answer: keepBack(type) },
        { sync: { requestTimeoutMs: 16_000 } },
      );
      expect(elapsedMs).toBeLessThan(8_000);
      expect(newcomer.status().bans).toEqual([]);
      await expectTheHonestState(newcomer);
    },
  );

  test('it never answers anything, in block sync', async () => {
    const answers = ['header-bundle', 'page-list', 'page', 'snapshot-data', 'block-bundle'] as const;
    const { newcomer, elapsedMs } = await joinThrough({ answer: keepBack(...answers) }, { sync: { mode: 'block' } });
    expect(elapsedMs).toBeLessThan(8_000);
    expect(newcomer.status().bans).toEqual([]);
    await expectTheHonestState(newcomer);
  });

  test('it does not have the snapshot: everything comes from the others, and it is not banned', async () => {
    const { newcomer, honest } = await joinThrough({
      answer: (message) => {
        if (isChunk(message)) {
          const none = { bytes: new Uint8Array(0), offsets: new Uint32Array(0) };
          return { ...message, isAvailable: false, nextKey: new Uint8Array(0), records: none };
        }
        return message.type === 'page-list' ? { ...message, hashes: [] } : message;
      },
    });
    expect(newcomer.status().bans).toEqual([]);
    const shares = newcomer.status().sync.hyperSync?.peers.filter(({ records }) => records > 0);
    expect(shares?.map(({ peer }) => peer)).toEqual([honest]);
    await expectTheHonestState(newcomer);
  });

  test('its headers are ahead of time: it is dropped, not banned', async () => {
    const { newcomer, liar } = await joinThrough({
      answer: (message) => {
        if (message.type !== 'header-bundle') return message;
        const timeMs = Date.now() + 3_600_000;
        return {
          ...message,
          headers: message.headers.map((header) => (header.height === 9 ? { ...header, timeMs } : header)),
        };
      },
    });
    expect(newcomer.status().bans).toEqual([]);
    expect(liar.meddled).toBeGreaterThan(0);
    await expectTheHonestState(newcomer);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
  return copy;
}
