import { toHex } from '@hs/bytes';
import type { Transaction } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { makeChain, type TestChain } from './support/test-network.js';
import { openParts, type Parts, produceBlocks, signedBlock } from './support/test-store.js';

let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 2, parameters: { snapshotPeriod: 4, snapshotLag: 1 } });
});

let partialId = 1n;

function payment(from: number, to: number, amountNanos = 5n): Transaction {
  const [payer, receiver] = [chain.wallets[from], chain.wallets[to]];
  if (payer === undefined || receiver === undefined) throw new RangeError('no such wallet');
  const nonce = { expirationBlockHeight: 100n, partialId: partialId++ };
  return payer.transfer([{ publicKey: receiver.publicKey, amountNanos }], { nonce });
}

/** What must not change when a block is refused. */
function standing({ store, connected }: Parts) {
  return { height: store.height, root: toHex(store.stateRoot()), connected: connected.length };
}

describe('connecting blocks', () => {
  test('gives the same state as producing them, block by block, snapshot roots included', async () => {
    const producer = await openParts(chain);
    const follower = await openParts(chain);
    const blocks = await produceBlocks(producer, [[payment(0, 1)], [], [payment(1, 2), payment(2, 0)], [], [], []]);
    await follower.chainStore.append(blocks.map(({ header }) => header));
    for (const block of blocks) await follower.processor.connect(block);
    expect(follower.store.height).toBe(6);
    expect(toHex(follower.store.stateRoot())).toBe(toHex(producer.store.stateRoot()));
    expect(follower.connected).toHaveLength(6);
    expect(follower.connected.map(({ changedRecords }) => changedRecords)).toEqual(
      producer.connected.map(({ changedRecords }) => changedRecords),
    );
    expect(blocks[4]?.header.snapshotRoot).toBeDefined();
    expect(follower.store.snapshots().map(({ height }) => height)).toEqual([0, 4]);
  });

  test('a block that is not the next one is refused', async () => {
    const producer = await openParts(chain);
    const follower = await openParts(chain);
    const [first, second] = await produceBlocks(producer, [[], []]);
    if (first === undefined || second === undefined) throw new Error('no blocks');
    await follower.chainStore.append([first.header, second.header]);
    const before = standing(follower);
    const wrong = { code: 'NODE_CHAIN_RULE', details: { rule: 'NotNextBlock', next: 1 } };
    await expect(follower.processor.connect(second)).rejects.toMatchObject(wrong);
    expect(standing(follower)).toEqual(before);
    await follower.processor.connect(first);
    await expect(follower.processor.connect(first)).rejects.toMatchObject({
      details: { rule: 'NotNextBlock', next: 2 },
    });
    await follower.processor.connect(second);
  });

  test('a block that the header chain does not name is refused', async () => {
    const producer = await openParts(chain);
    const [named] = await produceBlocks(producer, [[]]);
    const other = signedBlock(chain, chain.chain.genesisHeader, { timeMs: (named?.header.timeMs ?? 0) + 7 });
    const follower = await openParts(chain);
    await expect(follower.processor.connect(other)).rejects.toMatchObject({ code: 'NODE_HEADER_UNKNOWN' });
    await follower.chainStore.append([named?.header ?? other.header]);
    const before = standing(follower);
    await expect(follower.processor.connect(other)).rejects.toMatchObject({
      code: 'NODE_CHAIN_RULE',
      details: { rule: 'BlockNotOnHeaderChain' },
    });
    expect(standing(follower)).toEqual(before);
  });

  test('a block whose transactions are not those of its header is refused, unless the caller has checked that', async () => {
    const producer = await openParts(chain);
    const [block] = await produceBlocks(producer, [[payment(0, 1)]]);
    if (block === undefined) throw new Error('no block');
    const follower = await openParts(chain);
    await follower.chainStore.append([block.header]);
    const before = standing(follower);
    const emptied = { ...block, transactions: [] };
    await expect(follower.processor.connect(emptied)).rejects.toMatchObject({ details: { rule: 'BlockMerkleRoot' } });
    // Even then, the state root does not let it pass.
    await expect(follower.processor.connect(emptied, { isVerified: true })).rejects.toMatchObject({
      code: 'NODE_STATE_ROOT_MISMATCH',
    });
    expect(standing(follower)).toEqual(before);
  });

  test.each([
    ['state root', 1, { stateRoot: new Uint8Array(32).fill(1) }],
    ['snapshot root', 5, {}],
  ] as const)(
    'a wrong %s in the header: NODE_STATE_ROOT_MISMATCH, and nothing is written',
    async (name, height, fields) => {
      const parts = await openParts(chain);
      await produceBlocks(
        parts,
        Array.from({ length: height - 1 }, () => []),
      );
      const stateRoot = parts.store.stateRoot();
      const lie = signedBlock(chain, parts.chainStore.tipHeader, { stateRoot, ...fields });
      await parts.chainStore.append([lie.header]);
      const before = standing(parts);
      const hex = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
      await expect(parts.processor.connect(lie)).rejects.toMatchObject({
        code: 'NODE_STATE_ROOT_MISMATCH',
        details: { name, height, promised: hex, computed: hex },
      });
      expect(standing(parts)).toEqual(before);
      expect(await parts.chainStore.blockAt(height)).toBeUndefined();
    },
  );

  test('a block with a transaction that cannot be executed breaks a rule, and nothing is written', async () => {
    const parts = await openParts(chain);
    const tooMuch = payment(0, 1, 10n ** 15n);
    const block = signedBlock(chain, chain.chain.genesisHeader, { transactions: [tooMuch] });
    await parts.chainStore.append([block.header]);
    const before = standing(parts);
    await expect(parts.processor.connect(block)).rejects.toMatchObject({ code: 'NODE_CHAIN_RULE' });
    expect(standing(parts)).toEqual(before);
  });

  test('blocks that are handed over together connect one after the other', async () => {
    const producer = await openParts(chain);
    const follower = await openParts(chain);
    const blocks = await produceBlocks(producer, [[payment(3, 4)], [payment(4, 5)], [], [payment(5, 3)]]);
    await follower.chainStore.append(blocks.map(({ header }) => header));
    await Promise.all(blocks.map((block) => follower.processor.connect(block)));
    expect(follower.connected.map(({ height }) => height)).toEqual([1, 2, 3, 4]);
  });

  test('a signal that has fired stops a block before anything is done', async () => {
    const producer = await openParts(chain);
    const follower = await openParts(chain);
    const [block] = await produceBlocks(producer, [[]]);
    if (block === undefined) throw new Error('no block');
    await follower.chainStore.append([block.header]);
    const reason = new Error('enough');
    await expect(follower.processor.connect(block, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(follower.store.height).toBe(0);
  });
});

describe('producing blocks', () => {
  test('leaves out what is not valid, and is refused out of turn or behind the headers', async () => {
    const parts = await openParts(chain);
    const [good, twice, tooMuch] = [payment(0, 1), payment(1, 0), payment(2, 3, 10n ** 15n)];
    const [block] = await produceBlocks(parts, [[good, tooMuch, twice, twice]]);
    expect(block?.transactions).toEqual([good, twice]);
    const outOfTurn = { ...parts.sealer, isInTurn: () => false };
    await expect(parts.processor.produce(outOfTurn, [], { timeMs: Date.now() })).rejects.toMatchObject({
      details: { rule: 'NotInTurn' },
    });
    await parts.chainStore.append([signedBlock(chain, parts.chainStore.tipHeader).header]);
    await expect(parts.processor.produce(parts.sealer, [], { timeMs: Date.now() })).rejects.toMatchObject({
      details: { rule: 'NotAtTip' },
    });
  });
});
