import { balanceOf, daoCoinOf } from '@hs/dao-coin';
import { createBlockCodec, type Transaction } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exampleHeaderCodec } from '../src/example-chain/header-codec.js';
import { isSameState, MemoryView, supplyOf } from './example-chain-memory-view.js';
import { openTestChain, producerOf, sealBlock, type TestChain, walletOf } from './example-chain-setup.js';

interface Step {
  readonly kind: 'transfer' | 'profile' | 'mint' | 'burn' | 'disable' | 'restrict' | 'transfer-coin' | 'replay';
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly expiresIn: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...([
      'transfer',
      'profile',
      'mint',
      'mint',
      'burn',
      'disable',
      'restrict',
      'transfer-coin',
      'transfer-coin',
      'replay',
    ] as const),
  ),
  from: fc.nat(3),
  to: fc.nat(3),
  amount: fc.oneof(fc.nat(20), fc.nat(10_000)),
  expiresIn: fc.integer({ min: -1, max: 4 }),
});
const history = fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 8 });
const codec = createBlockCodec(exampleHeaderCodec);

function transactionOf(
  { wallets }: TestChain,
  { step, height, earlier }: { readonly step: Step; readonly height: number; readonly earlier: readonly Transaction[] },
): Transaction | undefined {
  const wallet = walletOf(wallets, step.from);
  const receiverPublicKey = walletOf(wallets, step.to).publicKey;
  const amount = BigInt(step.amount);
  const options = {
    nonce: { expirationBlockHeight: BigInt(height + step.expiresIn), partialId: BigInt(step.amount % 7) },
  };
  switch (step.kind) {
    case 'transfer':
      return wallet.transfer([{ publicKey: receiverPublicKey, amountNanos: amount * 10n }], options);
    case 'profile':
      return wallet.updateProfile({ username: `name_${step.amount % 5}` }, options);
    case 'mint':
      return wallet.mint(amount, options);
    case 'burn':
      return wallet.burn(receiverPublicKey, { ...options, amount });
    case 'disable':
      return wallet.disableMinting(options);
    case 'restrict':
      return wallet.updateTransferRestriction(step.amount % 4, options);
    case 'transfer-coin':
      return wallet.transferDaoCoin(walletOf(wallets, step.amount % 4).publicKey, {
        ...options,
        receiverPublicKey,
        amount,
      });
    case 'replay':
      return earlier.length === 0 ? undefined : { ...(earlier[step.amount % earlier.length] as Transaction) };
  }
}

/** Every coin's circulation is the sum of its balances, every count of holders the number of balances, both indexes equal. */
async function checkCoins({ wallets }: TestChain, view: MemoryView): Promise<void> {
  const entries = view.entries();
  for (const [key, value] of entries) {
    if (key.startsWith('37')) expect(entries.get(`38${key.slice(68)}${key.slice(2, 68)}`)).toEqual(value);
  }
  for (const creator of wallets) {
    const coin = await daoCoinOf(view, creator.publicKey);
    const balances = await Promise.all(wallets.map((holder) => balanceOf(view, holder.publicKey, creator.publicKey)));
    expect(coin?.coinsInCirculation ?? 0n).toBe(balances.reduce((sum, balance) => sum + balance, 0n));
    expect(Number(coin?.numberOfHolders ?? 0n)).toBe(balances.filter((balance) => balance > 0n).length);
  }
}

/** Gives the first two accounts profiles and coins, so that random steps find something to work on. */
const prelude: readonly Step[] = [
  ...[0, 1].map((from) => ({ kind: 'profile' as const, from, to: 0, amount: from, expiresIn: 2 })),
  ...[0, 1].map((from) => ({ kind: 'mint' as const, from, to: 0, amount: 107 + from, expiresIn: 1 })),
  ...[0, 1].map((from) => ({ kind: 'transfer-coin' as const, from, to: 2, amount: 4 + from, expiresIn: 3 })),
];

describe('random histories', () => {
  test('keep the supply, the coins and the indexes whole; an assembled block executes to the same state', async () => {
    const opened = await openTestChain({ genesis: { seed: 'test', accounts: 4, accountNanos: 30_000 } });
    const { chain } = opened;
    await fc.assert(
      fc.asyncProperty(history, async (blocks) => {
        const producerView = opened.view.fork();
        const followerView = new MemoryView(opened.view.fork(), { hasAsyncReads: true });
        const included: Transaction[] = [];
        let parent = chain.genesisHeader;
        for (const [index, steps] of [prelude, ...blocks].entries()) {
          const height = index + 1;
          const producer = producerOf(height);
          const transactions = steps
            .map((entry) => transactionOf(opened, { step: entry, height, earlier: included }))
            .filter((transaction) => transaction !== undefined);
          const chosen = await chain.assembleBlock({ height, producer, transactions }, producerView);
          if (height === 1) expect(chosen).toEqual(transactions);
          const block = codec.decode(codec.encode(sealBlock(chain, parent, { transactions: chosen })));
          chain.verifyHeader(block.header, parent, { nowMs: block.header.timeMs });
          chain.verifyBlock(block);
          await chain.executeBlock({ height, producer, transactions: block.transactions }, followerView);
          expect(isSameState(producerView, followerView)).toBe(true);
          expect(supplyOf(followerView)).toBe(120_000n);
          included.push(...chosen);
          parent = block.header;
        }
        await checkCoins(opened, followerView);
        const marks = [...followerView.entries().keys()].filter((key) => key.startsWith('4d'));
        expect(marks).toHaveLength(
          included.filter(({ nonce }) => nonce.expirationBlockHeight >= BigInt(parent.height)).length,
        );
      }),
      { numRuns: 60 },
    );
  });

  test('a block that breaks a rule names the transaction, and what was before it does not matter', async () => {
    const opened = await openTestChain();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const transactions = steps
          .map((entry) => transactionOf(opened, { step: entry, height: 1, earlier: [] }))
          .filter((transaction) => transaction !== undefined);
        const chosen = await opened.chain.assembleBlock(
          { height: 1, producer: producerOf(1), transactions },
          opened.view.fork(),
        );
        const refused = transactions.findIndex((transaction) => !chosen.includes(transaction));
        const run = opened.chain.executeBlock({ height: 1, producer: producerOf(1), transactions }, opened.view.fork());
        if (refused < 0) await run;
        else
          await expect(run).rejects.toMatchObject({ code: 'NODE_CHAIN_RULE', details: { transactionIndex: refused } });
      }),
      { numRuns: 60 },
    );
  });
});
