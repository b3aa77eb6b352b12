import { uvarintLength } from '@hs/bytes';
import { type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Chain } from '../src/chain/chain.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import type { Wallet } from '../src/example-chain/wallet.js';
import { TransactionPool, type TransactionPoolOptions } from '../src/transaction-pool.js';
import type { MemoryView } from './example-chain-memory-view.js';
import { execute, freshNonce, openTestChain, ruleBrokenBy, type TestChain, walletOf } from './example-chain-setup.js';

type Pool = TransactionPool<ExampleHeader>;

async function openPool(options: Partial<TransactionPoolOptions<ExampleHeader>> = {}): Promise<{
  readonly opened: TestChain;
  readonly view: MemoryView;
  readonly pool: Pool;
  readonly alice: Wallet;
  readonly bob: Wallet;
}> {
  const opened = await openTestChain();
  const pool = new TransactionPool({ chain: opened.chain, ...options });
  return { opened, view: opened.view, pool, alice: walletOf(opened.wallets, 0), bob: walletOf(opened.wallets, 1) };
}

const plain = (wallet: Wallet, expiration = 10): Transaction => wallet.transfer([], { nonce: freshNonce(expiration) });
const pay = (wallet: Wallet, amountNanos: bigint): Transaction =>
  wallet.transfer([{ publicKey: wallet.publicKey, amountNanos }], { nonce: freshNonce(10) });
const bytesOf = (...transactions: readonly Transaction[]): number =>
  transactions.reduce((sum, transaction) => sum + transactionCodec.encode(transaction).length, 0);
const refusal = (rule: string): unknown => ({ code: 'NODE_TRANSACTION_REFUSED', rule });
const everything = Number.MAX_SAFE_INTEGER;

describe('admission', () => {
  test('an admitted transaction is there under its id', async () => {
    const { pool, view, alice } = await openPool();
    const transaction = plain(alice);
    const id = await pool.add(transaction, view, 1);
    expect(id).toEqual(transactionHash(transaction));
    expect(pool.get(id)).toBe(transaction);
    expect(pool.size).toBe(1);
    expect(pool.bytes).toBe(bytesOf(transaction));
    expect(pool.hasSeen(id)).toBe(true);
  });

  test('what the chain refuses leaves nothing but the memory of its id until the next block', async () => {
    const { pool, view, alice } = await openPool();
    const poor = pay(alice, 2_000_000n);
    expect(await ruleBrokenBy(() => pool.add(poor, view, 1))).toEqual(refusal('RuleErrorInsufficientBalance'));
    expect([pool.size, pool.bytes, pool.take(everything).length]).toEqual([0, 0, 0]);
    expect(pool.hasSeen(transactionHash(poor))).toBe(true);
    pool.removeIncluded([], 1);
    expect(pool.hasSeen(transactionHash(poor))).toBe(false);
  });

  test('the same transaction twice is refused', async () => {
    const { pool, view, alice } = await openPool();
    const transaction = plain(alice);
    await pool.add(transaction, view, 1);
    expect(await ruleBrokenBy(() => pool.add({ ...transaction }, view, 1))).toEqual(refusal('PoolDuplicate'));
    expect(pool.size).toBe(1);
  });

  test('another transaction with the same key and nonce is refused; another key may use the nonce', async () => {
    const { pool, view, alice, bob } = await openPool();
    const nonce = freshNonce(10);
    await pool.add(alice.transfer([], { nonce }), view, 1);
    const second = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], { nonce });
    expect(await ruleBrokenBy(() => pool.add(second, view, 1))).toEqual(refusal('PoolNonceTaken'));
    await pool.add(bob.transfer([], { nonce }), view, 1);
    expect(pool.size).toBe(2);
  });

  test('the same transaction twice at once is admitted once', async () => {
    const { pool, view, alice } = await openPool();
    const transaction = plain(alice);
    const results = await Promise.allSettled([pool.add(transaction, view, 1), pool.add({ ...transaction }, view, 1)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('a key cannot promise more than it has, also not at once', async () => {
    const { pool, view, alice, bob } = await openPool();
    await pool.add(pay(alice, 400_000n), view, 1);
    const results = await Promise.allSettled(
      [pay(alice, 400_000n), pay(alice, 400_000n)].map((each) => pool.add(each, view, 1)),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await pool.add(pay(bob, 900_000n), view, 1);
    expect(pool.size).toBe(3);
  });

  test('an error that is no refusal leaves nothing either', async () => {
    const { view, alice } = await openPool();
    const chain: Pick<Chain<ExampleHeader>, 'admitTransaction'> = {
      admitTransaction: async () => {
        throw new Error('the disk is gone');
      },
    };
    const pool = new TransactionPool({ chain });
    await expect(pool.add(plain(alice), view, 1)).rejects.toThrow('the disk is gone');
    expect([pool.size, pool.bytes]).toEqual([0, 0]);
  });
});

describe('bounds', () => {
  test('of the count', async () => {
    const { pool, view, alice, bob } = await openPool({ maxTransactions: 2 });
    await pool.add(plain(alice), view, 1);
    const second = plain(alice);
    await pool.add(second, view, 1);
    expect(await ruleBrokenBy(() => pool.add(plain(bob), view, 1))).toEqual(refusal('PoolFull'));
    pool.remove([second]);
    await pool.add(plain(bob), view, 1);
    expect(pool.size).toBe(2);
  });

  test('of the bytes', async () => {
    const { opened, view, alice } = await openPool();
    const [a, b, c] = [plain(alice), plain(alice), plain(alice)];
    const pool = new TransactionPool({ chain: opened.chain, maxBytes: bytesOf(a, b) });
    await pool.add(a, view, 1);
    await pool.add(b, view, 1);
    expect(await ruleBrokenBy(() => pool.add(c, view, 1))).toEqual(refusal('PoolFull'));
    expect(pool.bytes).toBe(bytesOf(a, b));
  });

  test('of one key', async () => {
    const { pool, view, alice, bob } = await openPool({ maxTransactionsPerKey: 2 });
    await pool.add(plain(alice), view, 1);
    await pool.add(plain(alice), view, 1);
    expect(await ruleBrokenBy(() => pool.add(plain(alice), view, 1))).toEqual(refusal('PoolKeyFull'));
    await pool.add(plain(bob), view, 1);
  });

  test('of the ids it remembers, the oldest going first', async () => {
    const { pool, view, alice } = await openPool({ maxSeen: 3 });
    const all = [1, 2, 3, 4, 5].map(() => plain(alice));
    for (const transaction of all) {
      await pool.add(transaction, view, 1);
      pool.remove([transaction]);
    }
    expect(all.map((transaction) => pool.hasSeen(transactionHash(transaction)))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  test.each(['maxTransactions', 'maxBytes', 'maxTransactionsPerKey', 'maxSeen'] as const)(
    '%s must be positive',
    async (name) => {
      const { opened } = await openPool();
      for (const value of [0, -1, 1.5, Number.NaN]) {
        expect(() => new TransactionPool({ chain: opened.chain, [name]: value })).toThrow(RangeError);
      }
    },
  );
});

describe('taking', () => {
  test('gives the oldest first, up to the first that does not fit, and leaves them', async () => {
    const { pool, view, alice, bob } = await openPool();
    const all = [plain(alice), plain(bob), pay(alice, 5n), plain(bob)];
    for (const transaction of all) await pool.add(transaction, view, 1);
    expect(pool.take(everything)).toEqual(all);
    const room = all.slice(0, 2).reduce((sum, each) => sum + uvarintLength(bytesOf(each)) + bytesOf(each), 0);
    expect(pool.take(room)).toEqual(all.slice(0, 2));
    expect(pool.take(room - 1)).toEqual(all.slice(0, 1));
    expect(pool.take(0)).toEqual([]);
    expect(pool.size).toBe(4);
  });

  test('does not give out what is still being checked', async () => {
    const { opened, view, alice } = await openPool();
    let finish: () => void = () => undefined;
    const pool = new TransactionPool<ExampleHeader>({
      chain: { admitTransaction: () => new Promise<void>((resolve) => (finish = resolve)) },
    });
    const transaction = plain(alice);
    const adding = pool.add(transaction, opened.view, 1);
    expect([pool.size, pool.take(everything), pool.get(transactionHash(transaction))]).toEqual([1, [], undefined]);
    finish();
    await adding;
    expect(pool.take(everything)).toEqual([transaction]);
    expect(view).toBe(opened.view);
  });
});

describe('after a block', () => {
  test('what it included is gone and remembered; what it did not stays', async () => {
    const { pool, view, opened, alice, bob } = await openPool();
    const [included, waiting] = [plain(alice), plain(bob)];
    await pool.add(included, view, 1);
    await pool.add(waiting, view, 1);
    const transactions = [transactionCodec.decode(transactionCodec.encode(included))];
    await execute(opened, view, { height: 1, transactions });
    pool.removeIncluded(transactions, 1);
    expect(pool.take(everything)).toEqual([waiting]);
    expect(pool.bytes).toBe(bytesOf(waiting));
    expect(pool.hasSeen(transactionHash(included))).toBe(true);
    expect(await ruleBrokenBy(() => pool.add(included, view, 2))).toEqual(refusal('RuleErrorReusedNonce'));
  });

  test('what it made void by using the nonce is gone', async () => {
    const { pool, view, alice, bob } = await openPool();
    const nonce = freshNonce(10);
    await pool.add(alice.transfer([], { nonce }), view, 1);
    pool.removeIncluded([alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], { nonce })], 1);
    expect(pool.size).toBe(0);
  });

  test('what no later block can hold is gone', async () => {
    const { pool, view, alice } = await openPool();
    const [three, four] = [plain(alice, 3), plain(alice, 4)];
    await pool.add(three, view, 1);
    await pool.add(four, view, 1);
    pool.removeIncluded([], 2);
    expect(pool.size).toBe(2);
    pool.removeIncluded([], 3);
    expect(pool.take(everything)).toEqual([four]);
    pool.removeIncluded([], 4);
    expect([pool.size, pool.bytes]).toEqual([0, 0]);
  });

  test('what was just being admitted and became void is refused', async () => {
    const { view, alice } = await openPool();
    let finish: () => void = () => undefined;
    const pool = new TransactionPool<ExampleHeader>({
      chain: { admitTransaction: () => new Promise<void>((resolve) => (finish = resolve)) },
    });
    const transaction = plain(alice);
    const adding = ruleBrokenBy(() => pool.add(transaction, view, 1));
    pool.removeIncluded([transaction], 1);
    finish();
    expect(await adding).toEqual(refusal('PoolSuperseded'));
    expect(pool.size).toBe(0);
  });
});

test('under random use the pool keeps its bounds, its order and its count of bytes', async () => {
  const opened = await openTestChain();
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        wallet: fc.nat(3),
        partialId: fc.nat(5),
        expiration: fc.integer({ min: 1, max: 8 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('block' as const), take: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), index: fc.nat(5) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const view = opened.view.fork();
      const pool = new TransactionPool({
        chain: opened.chain,
        maxTransactions: 6,
        maxBytes: 900,
        maxTransactionsPerKey: 3,
      });
      let model: Transaction[] = [];
      let height = 0;
      for (const each of actions) {
        if (each.kind === 'add') {
          const nonce = { expirationBlockHeight: BigInt(each.expiration), partialId: BigInt(each.partialId) };
          const transaction = walletOf(opened.wallets, each.wallet).transfer([], { nonce });
          try {
            await pool.add(transaction, view, height + 1);
            model.push(transaction);
          } catch (error) {
            expect(error).toMatchObject({ code: 'NODE_TRANSACTION_REFUSED' });
          }
        } else if (each.kind === 'block') {
          height++;
          const included = model.slice(0, each.take);
          await execute(opened, view, { height, transactions: included });
          pool.removeIncluded(included, height);
          model = model.slice(each.take).filter(({ nonce }) => nonce.expirationBlockHeight > BigInt(height));
        } else {
          const [removed] = model.splice(each.index, 1);
          if (removed !== undefined) pool.remove([removed]);
        }
        expect(pool.take(everything)).toEqual(model);
        expect([pool.size, pool.bytes]).toEqual([model.length, bytesOf(...model)]);
        expect(pool.size).toBeLessThanOrEqual(6);
        expect(pool.bytes).toBeLessThanOrEqual(900);
        for (const { publicKey } of opened.wallets) {
          expect(model.filter((transaction) => transaction.publicKey === publicKey).length).toBeLessThanOrEqual(3);
        }
      }
    }),
    { numRuns: 60 },
  );
});
