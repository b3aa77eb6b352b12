import { toHex } from '@hs/bytes';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ChainStore, nodePrefixes } from '../src/chain/chain-store.js';
import { testFolder } from './support/cleanups.js';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts, type Parts, produceBlocks } from './support/test-store.js';

const noStop = new Uint8Array(32);
let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2 });
});

async function withBlocks(count: number, folder = testFolder()): Promise<Parts> {
  const parts = await openParts(chain, { folder });
  await produceBlocks(
    parts,
    Array.from({ length: count }, () => []),
  );
  return parts;
}

describe('the header chain of a node', () => {
  test('begins with the genesis header, and is there again after reopening', async () => {
    const folder = testFolder();
    const first = await openParts(chain, { folder });
    expect(first.chainStore.tipHeight).toBe(0);
    expect(toHex(first.chainStore.tipHash)).toBe(toHex(chain.chain.genesisHash));
    const blocks = await produceBlocks(first, [[], [], []]);
    await first.close();
    const { chainStore } = await openParts(chain, { folder });
    expect(chainStore.tipHeight).toBe(3);
    expect(chainStore.tipHeader).toEqual(blocks[2]?.header);
    for (const [i, block] of blocks.entries()) {
      const hash = chain.chain.hashHeader(block.header);
      expect(await chainStore.headerAt(i + 1)).toEqual(block.header);
      expect(await chainStore.hashAt(i + 1)).toEqual(hash);
      expect(await chainStore.heightOf(hash)).toBe(i + 1);
      expect(await chainStore.blockAt(i + 1)).toBeDefined();
    }
  });

  test('knows nothing above its tip, of hashes that are not its own, or of blocks that it never had', async () => {
    const { chainStore } = await withBlocks(2);
    await expect(chainStore.headerAt(3)).rejects.toMatchObject({ code: 'NODE_HEADER_UNKNOWN' });
    await expect(chainStore.hashAt(3)).rejects.toMatchObject({ code: 'NODE_HEADER_UNKNOWN' });
    expect(await chainStore.heightOf(new Uint8Array(32))).toBeUndefined();
    expect(await chainStore.blockAt(0)).toBeUndefined();
  });

  test('a locator goes down one by one, then in doubling steps, and ends with genesis', async () => {
    const { chainStore } = await withBlocks(40);
    const heights = await Promise.all((await chainStore.locator()).map((hash) => chainStore.heightOf(hash)));
    expect(heights).toEqual([40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 27, 23, 15, 0]);
    const { chainStore: empty } = await withBlocks(0);
    expect(await empty.locator()).toEqual([chain.chain.genesisHash]);
  });

  test('headers after a locator start at the first known hash, and stop at the limit, the stop hash or the tip', async () => {
    const { chainStore } = await withBlocks(12);
    const heights = async (locator: readonly Uint8Array[], stop: Uint8Array = noStop, limit = 100) =>
      (await chainStore.headersAfter(locator, stop, { limit })).map(({ height }) => height);
    const [seven, nine] = [await chainStore.hashAt(7), await chainStore.hashAt(9)];
    expect(await heights([new Uint8Array(32), seven, chain.chain.genesisHash])).toEqual([8, 9, 10, 11, 12]);
    expect(await heights([seven], nine)).toEqual([8, 9]);
    expect(await heights([seven], noStop, 3)).toEqual([8, 9, 10]);
    expect(await heights([await chainStore.hashAt(12)])).toEqual([]);
    expect(await heights([new Uint8Array(32)])).toEqual([]);
    expect(await heights([])).toEqual([]);
  });

  test('a stored header that does not decode is a database error that says which', async () => {
    const { store, chainStore } = await withBlocks(3);
    const key = Uint8Array.of(nodePrefixes.header, 0, 0, 0, 0, 0, 0, 0, 2);
    const value = await store.get(key);
    for (const broken of [new Uint8Array(5), value?.subarray(0, -1), Uint8Array.from([...(value ?? []), 0])]) {
      await store.write([{ key, value: broken }]);
      await expect(chainStore.headerAt(2)).rejects.toMatchObject({ code: 'NODE_DATABASE', details: { height: 2 } });
    }
  });

  test('a chain whose state would lie where the node keeps its own records is refused', async () => {
    const { store } = await openParts(chain);
    const parameters = { ...chain.chain.parameters, statePrefixes: [nodePrefixes.header] };
    await expect(ChainStore.open(store, { ...chain.chain, parameters })).rejects.toMatchObject({
      code: 'NODE_CONFIGURATION',
    });
  });
});
