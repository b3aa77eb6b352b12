import { type Block, createBlockCodec, createMessageCodec, type Transaction } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import { verifyExampleBlock } from '../src/example-chain/block-rules.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { exampleHeaderCodec } from '../src/example-chain/header-codec.js';
import { defaultSecp256k1 } from '../src/example-chain/secp256k1-native.js';
import { TransactionChecker } from '../src/example-chain/transaction-checker.js';
import { isSameState } from './example-chain-memory-view.js';
import {
  execute,
  freshNonce,
  openTestChain,
  producerOf,
  ruleBrokenBy,
  sealBlock,
  type TestChain,
  walletOf,
} from './example-chain-setup.js';

function transfers({ wallets }: TestChain, count: number): Transaction[] {
  return Array.from({ length: count }, (_, index) =>
    walletOf(wallets, index % wallets.length).transfer([], { nonce: freshNonce(10) }),
  );
}

const codec = createBlockCodec(exampleHeaderCodec);
const throughTheWire = (block: Block<ExampleHeader>): Block<ExampleHeader> => codec.decode(codec.encode(block));

describe('verifying a block', () => {
  test.each([0, 1, 2, 3, 7])('a sealed block of %d transactions keeps all rules, after the wire too', async (count) => {
    const opened = await openTestChain();
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: transfers(opened, count) });
    opened.chain.verifyBlock(block);
    const received = throughTheWire(block);
    expect(received.transactions).toHaveLength(count);
    opened.chain.verifyBlock(received);
  });

  test('a transaction left out, added, changed or moved breaks the merkle root', async () => {
    const opened = await openTestChain();
    const [a, b, c, d] = transfers(opened, 4);
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('too few');
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: [a, b, c] });
    for (const transactions of [[a, b], [], [a, b, c, d], [a, b, d], [b, a, c]]) {
      const verify = (): void => opened.chain.verifyBlock({ ...block, transactions });
      expect(await ruleBrokenBy(verify)).toEqual({ code: 'NODE_CHAIN_RULE', rule: 'BlockMerkleRoot' });
    }
  });

  test('a repeated end that leaves the merkle root the same is refused', async () => {
    const opened = await openTestChain();
    const [a, b, c] = transfers(opened, 3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('too few');
    const twice = [a, b, c, { ...c }];
    expect(opened.chain.transactionMerkleRoot(twice)).toEqual(opened.chain.transactionMerkleRoot([a, b, c]));
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: [a, b, c] });
    const verify = (): void => opened.chain.verifyBlock({ ...block, transactions: twice });
    expect((await ruleBrokenBy(verify)).rule).toBe('BlockRepeatsTransaction');
  });

  test('a wrong signature is refused and its transaction named', async () => {
    const opened = await openTestChain();
    const [good, other] = transfers(opened, 2);
    if (good === undefined || other === undefined) throw new Error('too few');
    const forged = { ...good, signature: other.signature };
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: [other, forged] });
    expect(() => opened.chain.verifyBlock(block)).toThrow(
      expect.objectContaining({
        code: 'NODE_CHAIN_RULE',
        details: expect.objectContaining({ rule: 'RuleErrorInvalidTransactionSignature', transactionIndex: 1 }),
      }),
    );
  });

  test('an unknown transaction type is refused', async () => {
    const opened = await openTestChain();
    const [transaction] = transfers(opened, 1);
    if (transaction === undefined) throw new Error('too few');
    const unknown = walletOf(opened.wallets, 0).sign({ ...transaction, type: 77 });
    const verify = (): void => {
      const block = sealBlock(opened.chain, opened.chain.genesisHeader);
      opened.chain.verifyBlock(throughTheWire({ ...block, transactions: [unknown] }));
    };
    expect((await ruleBrokenBy(verify)).rule).toBe('UnknownTransactionType');
    const run = (): Promise<void> => execute(opened, opened.view, { height: 1, transactions: [unknown] });
    expect((await ruleBrokenBy(run)).rule).toBe('UnknownTransactionType');
  });

  test('a fee below the minimum is refused without the state', async () => {
    const opened = await openTestChain();
    const cheap = walletOf(opened.wallets, 0).transfer([], { nonce: freshNonce(10), feeNanos: 1n });
    const block = sealBlock(opened.chain, opened.chain.genesisHeader);
    const verify = (): void => opened.chain.verifyBlock({ ...block, transactions: [cheap] });
    expect((await ruleBrokenBy(verify)).rule).toBe('RuleErrorTxnFeeBelowNetworkMinimum');
  });

  test('block producer information is refused', async () => {
    const { chain } = await openTestChain();
    const blockProducerInfo = { publicKey: producerOf(1), signature: new Uint8Array(0) };
    const verify = (): void => chain.verifyBlock({ ...sealBlock(chain, chain.genesisHeader), blockProducerInfo });
    expect((await ruleBrokenBy(verify)).rule).toBe('BlockProducerInfo');
  });

  test('only the genesis block has height 0', async () => {
    const { chain } = await openTestChain();
    chain.verifyBlock({ header: chain.genesisHeader, transactions: [] });
    const header = { ...chain.genesisHeader, timeMs: 1 };
    expect((await ruleBrokenBy(() => chain.verifyBlock({ header, transactions: [] }))).rule).toBe('BlockGenesis');
  });

  test.each([1, 5, 130])('%d transactions may fill a block to the last byte, and not more', async (count) => {
    const opened = await openTestChain();
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: transfers(opened, count) });
    const checker = new TransactionChecker({
      verifySignature: defaultSecp256k1.verify,
      minFeeNanosPerKb: 0n,
      maxTransactionBytes: 65_536,
    });
    const bytes = codec.encode(block).length;
    verifyExampleBlock(block, { checker, maxBlockBytes: bytes });
    const verify = (): void => verifyExampleBlock(block, { checker, maxBlockBytes: bytes - 1 });
    expect(await ruleBrokenBy(verify)).toEqual({ code: 'NODE_CHAIN_RULE', rule: 'BlockTooLarge' });
  });

  test('blocks travel in block messages', async () => {
    const opened = await openTestChain();
    const block = sealBlock(opened.chain, opened.chain.genesisHeader, { transactions: transfers(opened, 2) });
    const messages = createMessageCodec({ header: exampleHeaderCodec, layout: 'extended' });
    expect(messages.decode(messages.encode({ type: 'block', block }))).toEqual({ type: 'block', block });
  });
});

describe('assembling a block', () => {
  test('leaves out what is not valid and keeps what becomes valid in order', async () => {
    const opened = await openTestChain();
    const { chain, view, wallets } = opened;
    const [alice, bob] = [walletOf(wallets, 0), walletOf(wallets, 1)];
    const mint = alice.mint(5n, { nonce: freshNonce(10) });
    const profile = alice.updateProfile({ username: 'alice' }, { nonce: freshNonce(10) });
    const sameName = bob.updateProfile({ username: 'ALICE' }, { nonce: freshNonce(10) });
    const mintLater = alice.mint(6n, { nonce: freshNonce(10) });
    const replay = { ...profile };
    const forged = { ...bob.transfer([], { nonce: freshNonce(10) }), signature: mint.signature };
    const expired = bob.transfer([], { nonce: freshNonce(0) });
    const candidate = {
      height: 1,
      producer: producerOf(1),
      transactions: [mint, profile, sameName, mintLater, replay, forged, expired],
    };
    const before = view.fork();
    expect(await chain.assembleBlock(candidate, before)).toEqual([profile, mintLater]);
    await execute(opened, view, { height: 1, transactions: [profile, mintLater] });
    expect(isSameState(before, view)).toBe(true);
  });

  test('takes no more than fits, and the block with it verifies', async () => {
    const opened = await openTestChain({ parameters: { snapshotPeriod: 10, maxBlockBytes: 65_536 } });
    const { chain, view } = opened;
    const applied = await chain.assembleBlock(
      { height: 1, producer: producerOf(1), transactions: transfers(opened, 700) },
      view,
    );
    expect(applied.length).toBeGreaterThan(400);
    expect(applied.length).toBeLessThan(700);
    const block = sealBlock(chain, chain.genesisHeader, { transactions: applied });
    expect(codec.encode(block).length).toBeLessThanOrEqual(65_536);
    expect(codec.encode(block).length).toBeGreaterThan(65_536 - 300);
    chain.verifyBlock(block);
  });

  test('the header describes itself', async () => {
    const { chain } = await openTestChain();
    const { header } = sealBlock(chain, chain.genesisHeader);
    expect(chain.describeHeader(header)).toEqual({
      height: 1,
      previousHash: chain.genesisHash,
      timeMs: header.timeMs,
      stateRoot: header.stateRoot,
      snapshotRoot: undefined,
      producerKey: producerOf(1),
    });
  });
});
