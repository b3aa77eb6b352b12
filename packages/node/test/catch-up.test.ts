import { Manifest, type RangeEntry } from '@hs/ancestral-records';
import type { Block } from '@hs/wire';
import { createBlockCodec } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { type BlockEstimate, estimateBlocks } from '../src/sync/block-estimate.js';
import { chooseCatchUp, type SnapshotDifference, snapshotDifference } from '../src/sync/catch-up.js';
import { ScriptedPeer } from './support/scripted-peer.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts, type Parts, produceBlocks } from './support/test-store.js';

const entry = (first: number, fields: Partial<RangeEntry> = {}): RangeEntry => ({
  start: Uint8Array.of(first),
  depth: 8,
  count: 10,
  bytes: 1_000,
  sum: new Uint8Array(32).fill(first),
  ...fields,
});

describe('what a newer snapshot has that an older one has not', () => {
  const older = Manifest.fromEntries({ height: 10, entries: [entry(1), entry(2), entry(3)] });
  const newer = Manifest.fromEntries({
    height: 30,
    entries: [entry(1), entry(2, { count: 20, bytes: 3_000 }), entry(4)],
  });

  test('is the ranges whose content or limits are others, and the lengths of their records', () => {
    expect(snapshotDifference(newer, older)).toEqual({
      height: 30,
      base: 10,
      keptRanges: 1,
      changedRanges: 2,
      changedRecords: 30,
      bytes: 4_000 + 4 * 30,
    });
  });

  test('is everything if there is no older one, and nothing if they are the same', () => {
    const everything = { base: undefined, keptRanges: 0, changedRanges: 3, bytes: 5_000 + 4 * 40 };
    expect(snapshotDifference(newer, undefined)).toMatchObject(everything);
    expect(snapshotDifference(older, older)).toMatchObject({ keptRanges: 3, changedRanges: 0, bytes: 0 });
  });
});

describe('the way to the tip', () => {
  const blocks: BlockEstimate = { from: 24, blocks: 27, bytes: 5_000, sampled: 4, isServed: true };
  const snapshot: SnapshotDifference = {
    height: 50,
    base: 20,
    keptRanges: 5,
    changedRanges: 2,
    changedRecords: 40,
    bytes: 4_999,
  };
  const facts = { from: 23, to: 57, blocks, snapshotHeight: 50, snapshot, isStandingStill: false };

  test.each([
    ['ranges are less', {}, 'snapshot'],
    ['both are the same', { snapshot: { ...snapshot, bytes: 5_000 } }, 'blocks'],
    ['ranges are more', { snapshot: { ...snapshot, bytes: 5_001 } }, 'blocks'],
    [
      'ranges are more, and blocks come that did not for long',
      { snapshot: { ...snapshot, bytes: 5_001 }, isStandingStill: true },
      'blocks',
    ],
    ['no snapshot is served', { snapshot: undefined }, 'blocks'],
    ['no snapshot is served, and no block', { snapshot: undefined, blocks: { ...blocks, isServed: false } }, 'blocks'],
    ['no block is served, and ranges are less', { blocks: { ...blocks, isServed: false } }, 'snapshot'],
    ['no block is served, and ranges are more', { blocks: { ...blocks, bytes: 10, isServed: false } }, 'blocks'],
    [
      'no block is served, and their size is not known',
      { blocks: { ...blocks, bytes: undefined, isServed: false } },
      'blocks',
    ],
    [
      'no block is served for long',
      { blocks: { ...blocks, bytes: 10, isServed: false }, isStandingStill: true },
      'snapshot',
    ],
  ] as const)('%s', (_name, changes, way) => {
    const chosen = chooseCatchUp({ ...facts, ...changes });
    expect(chosen).toMatchObject({ way, from: 23, to: 57 });
    expect(chosen.reason).toMatch(/^\S.*\S$/);
  });
});

describe('the estimate of what blocks would download', () => {
  let chain: TestChain;
  let blocks: readonly Block<ExampleHeader>[];
  const count = 40;
  const sizeOf = (block: Block<ExampleHeader>) => createBlockCodec(chain.chain.headerCodec).encode(block).length;

  beforeAll(async () => {
    chain = await makeChain({ followPairs: 2 });
    const [wallet, other] = chain.wallets;
    if (wallet === undefined || other === undefined) throw new Error('too few wallets');
    // Blocks grow: every sample of a part alone would mislead.
    const transfers = (height: number) =>
      Array.from({ length: height >> 2 }, (_, i) => {
        const nonce = { expirationBlockHeight: 100n, partialId: BigInt(100 * height + i) };
        return wallet.transfer([{ publicKey: other.publicKey, amountNanos: 1n }], { nonce });
      });
    const made = Array.from({ length: count }, (_, i) => transfers(i + 1));
    blocks = await produceBlocks(await openParts(chain), made);
  });

  /** The first `known` blocks, and the headers of all. */
  async function partsWith(known: number): Promise<Parts> {
    const parts = await openParts(chain);
    await parts.chainStore.append(blocks.map(({ header }) => header));
    for (const block of blocks.slice(0, known)) await parts.processor.connect(block);
    return parts;
  }

  function peer(id: string, gives: (wanted: readonly Block<ExampleHeader>[]) => readonly Block<ExampleHeader>[]) {
    return new ScriptedPeer(id, (request) => {
      if (request.type !== 'get-blocks') return undefined;
      const wanted = request.hashes.map((hash) => {
        const block = blocks.find(({ header }) => Buffer.compare(chain.chain.hashHeader(header), hash) === 0);
        if (block === undefined) throw new Error('an unknown block');
        return block;
      });
      return { type: 'block-bundle', blocks: gives(wanted), tipHash: new Uint8Array(32), tipHeight: count };
    });
  }

  async function estimate(known: number, peers: readonly ScriptedPeer[], from = known + 1) {
    const { chainStore } = await partsWith(known);
    const liars: string[] = [];
    const options = {
      ...{ chain: chain.chain, chainStore, peers: () => peers, timeoutMs: 500, patienceMs: 200 },
      onMisbehaved: ({ id }: { readonly id: string }) => void liars.push(id),
      onSlow: () => undefined,
    };
    const estimated = await estimateBlocks({ from, to: count }, options, new AbortController().signal);
    return { estimated, liars };
  }

  const bytesFrom = (from: number) => blocks.slice(from - 1).reduce((sum, block) => sum + sizeOf(block), 0);

  test('is made from a few blocks over the whole span, however they come', async () => {
    const inOne = peer('in one', (wanted) => wanted);
    const oneByOne = peer('one by one', (wanted) => wanted.slice(0, 1));
    const [first, second] = [await estimate(0, [inOne]), await estimate(0, [oneByOne])];
    expect(first.estimated).toEqual(second.estimated);
    expect(first.estimated).toMatchObject({ from: 1, blocks: count, sampled: 4, isServed: true });
    expect([inOne.asked.length, oneByOne.asked.length]).toEqual([1, 4]);
    // Of heights 1, 14, 27 and 40.
    expect((first.estimated.bytes ?? 0) / bytesFrom(1)).toBeCloseTo(1, 1);
  });

  test('does not count blocks that are stored here', async () => {
    const { estimated } = await estimate(12, [peer('honest', (wanted) => wanted)], 5);
    expect(estimated).toMatchObject({ from: 13, blocks: count - 12 });
    const complete = await estimate(count, [], 5);
    expect(complete.estimated).toEqual({ from: count + 1, blocks: 0, bytes: 0, sampled: 0, isServed: true });
  });

  test('passes over peers that have none, and tells of those that lie', async () => {
    const liar = peer('liar', ([block]) => (block === undefined ? [] : [{ ...block, transactions: [] }, block]));
    const { estimated, liars } = await estimate(8, [peer('none', () => []), liar, peer('honest', (wanted) => wanted)]);
    expect(estimated).toMatchObject({ from: 9, isServed: true, sampled: 4 });
    expect(liars).toEqual(['liar']);
  });

  test('goes by the last blocks that are stored here if no peer has the next one, and is unknown without any', async () => {
    const { estimated } = await estimate(20, [peer('none', () => [])]);
    const own = blocks.slice(4, 20).map(sizeOf);
    const mean = own.reduce((sum, size) => sum + size, 0) / own.length;
    expect(estimated).toMatchObject({ isServed: false, sampled: 16, bytes: Math.round(mean * 20) });
    expect((await estimate(0, [])).estimated).toMatchObject({ isServed: false, sampled: 0, bytes: undefined });
  });
});
