import { fromHex, toHex } from '@hs/bytes';
import {
  accessHash,
  anyCreatorPkid,
  atomicMetadataCodec,
  authorizeDerivedKeyMetadataCodec,
  balanceOf,
  daoCoinLimitOperations,
  derivedKeyEntryCodec,
  derivedKeyKey,
  encodeTransaction,
  extraDataKeys,
  linkAtomicTransactions,
  type SpendingLimit,
  spendingLimitCodec,
  transferRestrictions,
  withLeastFee,
  wrapAtomicTransactions,
  zeroSpendingLimit,
} from '@hs/dao-coin';
import { signatureCodec, type Transaction, transactionCodec } from '@hs/wire';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { balanceOfPublicKey } from '../src/example-chain/balance.js';
import { defaultSecp256k1 } from '../src/example-chain/secp256k1-native.js';
import { maxDerivedKeyEntryBytes } from '../src/example-chain/transaction-execution.js';
import { exampleTransactionTypes } from '../src/example-chain/transaction-types.js';
import { createWallet, signAtomically, type Wallet } from '../src/example-chain/wallet.js';
import { TransactionPool } from '../src/transaction-pool.js';
import { isSameState, type MemoryView, supplyOf } from './example-chain-memory-view.js';
import {
  execute,
  freshNonce,
  openTestChain,
  producerOf,
  ruleBrokenBy,
  type TestChain,
  walletOf,
} from './example-chain-setup.js';

const height = 5;
const minFeeNanosPerKb = 1000;
let opened: TestChain;
let view: MemoryView;
/** The profile's owner, a holder of its coin, and one who gets some. */
let owner: Wallet;
let holder: Wallet;
let recipient: Wallet;
/** A service's key, and its wallet for the holder's transactions. */
const serviceKey = accountPrivateKey('service', 0);
const servicePublicKey = defaultSecp256k1.publicKeyOf(serviceKey);
let service: Wallet;

const nonce = (): { readonly nonce: ReturnType<typeof freshNonce> } => ({ nonce: freshNonce(10) });
const run = (...transactions: readonly Transaction[]): Promise<void> => execute(opened, view, { height, transactions });
const coinsOf = ({ publicKey }: Wallet): Promise<bigint> => balanceOf(view, publicKey, owner.publicKey);
const pay = (from: Wallet, to: Wallet, amount: bigint): Transaction =>
  from.transferDaoCoin(owner.publicKey, { ...nonce(), receiverPublicKey: to.publicKey, amount });

beforeEach(async () => {
  opened = await openTestChain();
  ({ view } = opened);
  owner = walletOf(opened.wallets, 0);
  holder = walletOf(opened.wallets, 1);
  recipient = walletOf(opened.wallets, 2);
  service = createWallet({ privateKey: serviceKey, minFeeNanosPerKb, ownerPublicKey: holder.publicKey });
  await run(
    owner.updateProfile({ username: 'owner' }, nonce()),
    owner.mint(100n, nonce()),
    owner.transferDaoCoin(owner.publicKey, { ...nonce(), receiverPublicKey: holder.publicKey, amount: 60n }),
  );
});

const limit = (fields: Partial<SpendingLimit> = {}): SpendingLimit => ({
  ...zeroSpendingLimit,
  globalDesoLimitNanos: 10_000n,
  daoCoinOperations: [{ creatorPkid: owner.publicKey, operation: daoCoinLimitOperations.transfer, count: 2n }],
  ...fields,
});
const authorize = (spendingLimit = limit(), expirationBlock = 50n): Transaction =>
  holder.authorizeDerivedKey(servicePublicKey, { ...nonce(), expirationBlock, spendingLimit });
const limitLeft = (): SpendingLimit | undefined => {
  const stored = view.read(toHex(derivedKeyKey(holder.publicKey, servicePublicKey)));
  return stored === undefined ? undefined : derivedKeyEntryCodec.decode(stored).spendingLimit;
};

/** The rule by which a block and the pool refuse a transaction; neither changes the state. */
async function refusedEverywhere(transaction: Transaction): Promise<unknown> {
  const before = view.fork();
  const inPool = await ruleBrokenBy(() => opened.chain.admitTransaction(transaction, view, height));
  expect(inPool.code).toBe('NODE_TRANSACTION_REFUSED');
  const inBlock = await ruleBrokenBy(() => execute(opened, view.fork(), { height, transactions: [transaction] }));
  expect([inBlock.code, inBlock.rule]).toEqual(['NODE_CHAIN_RULE', inPool.rule]);
  const candidate = { height, producer: producerOf(height), transactions: [transaction] };
  expect(await opened.chain.assembleBlock(candidate, view.fork())).toEqual([]);
  expect(isSameState(before, view)).toBe(true);
  return inPool.rule;
}

/** The rule by which the pool refuses a transaction whose signature is checked there, and in blocks before they are executed. */
const refusedByPool = async (transaction: Transaction): Promise<unknown> =>
  (await ruleBrokenBy(() => opened.chain.admitTransaction(transaction, view, height))).rule;

describe('a derived key', () => {
  test('signs DAO coin transactions for its owner, who pays, until its limits are spent', async () => {
    await run(authorize());
    const nanos = await balanceOfPublicKey(view, holder.publicKey);
    const first = pay(service, recipient, 10n);
    expect(first.publicKey).toEqual(holder.publicKey);
    await opened.chain.admitTransaction(first, view, height);
    await run(first, pay(service, recipient, 5n));
    expect([await coinsOf(holder), await coinsOf(recipient)]).toEqual([45n, 15n]);
    expect(await balanceOfPublicKey(view, holder.publicKey)).toBeLessThan(nanos - first.feeNanos);
    expect(limitLeft()?.daoCoinOperations).toEqual([]);
    expect(await refusedEverywhere(pay(service, recipient, 1n))).toBe(
      'RuleErrorDerivedKeyDAOCoinOperationNotAuthorized',
    );
    expect(supplyOf(view)).toBe(4_000_000n);
  });

  test('that nobody has authorized, or somebody else has, is refused', async () => {
    expect(await refusedEverywhere(pay(service, recipient, 1n))).toBe('RuleErrorDerivedKeyNotAuthorized');
    await run(
      recipient.authorizeDerivedKey(servicePublicKey, { ...nonce(), expirationBlock: 50n, spendingLimit: limit() }),
    );
    expect(await refusedEverywhere(pay(service, recipient, 1n))).toBe('RuleErrorDerivedKeyNotAuthorized');
  });

  test("is named in what it signs: it cannot pass for its owner, nor the owner's signature for its own", async () => {
    await run(authorize());
    const bare = holder.transferDaoCoin(owner.publicKey, {
      ...nonce(),
      receiverPublicKey: recipient.publicKey,
      amount: 1n,
    });
    expect(await refusedByPool(service.sign(bare))).toBe('RuleErrorInvalidTransactionSignature');
    const named = pay(service, recipient, 1n);
    expect(await refusedByPool(holder.sign(named))).toBe('RuleErrorInvalidTransactionSignature');
    const other = { ...named, extraData: new Map([[extraDataKeys.derivedPublicKey, recipient.publicKey]]) };
    expect(await refusedByPool(other)).toBe('RuleErrorInvalidTransactionSignature');
    const garbage = { ...named, extraData: new Map([[extraDataKeys.derivedPublicKey, new Uint8Array(33)]]) };
    expect(await refusedByPool(garbage)).toBe('RuleErrorDerivedKeyInvalidExtraData');
  });

  test("cannot replay: its nonces are its owner's", async () => {
    await run(authorize());
    const transaction = pay(service, recipient, 1n);
    await run(transaction);
    expect(await refusedEverywhere(transaction)).toBe('RuleErrorReusedNonce');
    const { nonce: used } = transaction;
    expect(await refusedEverywhere(holder.transfer([], { nonce: used }))).toBe('RuleErrorReusedNonce');
  });

  test('may do nothing but what its limits name, nor spend more nanos', async () => {
    const own = { creatorPkid: anyCreatorPkid, operation: daoCoinLimitOperations.burn, count: 1n };
    await run(authorize(limit({ daoCoinOperations: [own], transactionCounts: new Map([[2, 1n]]) })));
    expect(await refusedEverywhere(pay(service, recipient, 1n))).toBe(
      'RuleErrorDerivedKeyDAOCoinOperationNotAuthorized',
    );
    expect(await refusedEverywhere(service.updateProfile({ username: 'thief' }, nonce()))).toBe(
      'RuleErrorDerivedKeyTxnTypeNotAuthorized',
    );
    const gift = (publicKey: Uint8Array): Transaction =>
      service.transfer([{ publicKey, amountNanos: 20_000n }], nonce());
    expect(await refusedEverywhere(gift(recipient.publicKey))).toBe(
      'RuleErrorDerivedKeyTxnSpendsMoreThanGlobalDESOLimit',
    );
    await run(service.burn(owner.publicKey, { ...nonce(), amount: 1n }), gift(holder.publicKey));
    expect(limitLeft()).toMatchObject({ daoCoinOperations: [], transactionCounts: new Map() });
    expect(await coinsOf(holder)).toBe(59n);
  });

  test('ends with its expiration, and for good when it is revoked', async () => {
    await run(authorize(limit(), 6n));
    await run(pay(service, recipient, 1n));
    await execute(opened, view, { height: 6, transactions: [] });
    const late = pay(service, recipient, 1n);
    const inBlock = await ruleBrokenBy(() => execute(opened, view.fork(), { height: 6, transactions: [late] }));
    expect(inBlock.rule).toBe('RuleErrorDerivedKeyNotAuthorized');
    await run(authorize());
    await run(
      pay(service, recipient, 1n),
      holder.revokeDerivedKey(servicePublicKey, { ...nonce(), expirationBlock: 50n }),
    );
    expect(await refusedEverywhere(pay(service, recipient, 1n))).toBe('RuleErrorDerivedKeyNotAuthorized');
    expect(await refusedEverywhere(authorize())).toBe('RuleErrorAuthorizeDerivedKeyDeletedDerivedPublicKey');
  });

  test('cannot give itself more without its owner', async () => {
    await run(authorize(limit({ transactionCounts: new Map([[exampleTransactionTypes.authorizeDerivedKey, 5n]]) })));
    const more = service.authorizeDerivedKey(servicePublicKey, {
      ...nonce(),
      expirationBlock: 50n,
      spendingLimit: limit({ isUnlimited: false }),
    });
    expect(await refusedEverywhere(more)).toBe('RuleErrorAuthorizeDerivedKeyAccessSignatureNotValid');
  });

  test("may authorize itself once, with its owner's access signature", async () => {
    const spendingLimit = limit({ transactionCounts: new Map([[exampleTransactionTypes.authorizeDerivedKey, 9n]]) });
    const expirationBlock = 50n;
    const bySelf = (signer: Uint8Array): Transaction => {
      const unsigned = service.authorizeDerivedKey(servicePublicKey, {
        ...nonce(),
        expirationBlock,
        spendingLimit,
        feeNanos: 600n,
      });
      const hash = accessHash(
        { derivedPublicKey: servicePublicKey, expirationBlock },
        spendingLimitCodec.encode(spendingLimit),
      );
      const accessSignature = signatureCodec.encode({ compact: defaultSecp256k1.sign(hash, signer) });
      const metadata = { ...authorizeDerivedKeyMetadataCodec.decode(unsigned.metadata), accessSignature };
      return service.sign({ ...unsigned, metadata: authorizeDerivedKeyMetadataCodec.encode(metadata) });
    };
    const holderKey = accountPrivateKey('test', 1);
    expect(await refusedEverywhere(bySelf(serviceKey))).toBe('RuleErrorAuthorizeDerivedKeyAccessSignatureNotValid');
    await run(bySelf(holderKey), pay(service, recipient, 1n));
    expect(await coinsOf(recipient)).toBe(1n);
    // The access signature is still good, and would refill what was spent.
    expect(await refusedEverywhere(bySelf(holderKey))).toBe('DAO_COIN_DERIVED_KEY_REAUTHORIZED');
  });

  test('cannot grow its entry beyond what a value may have', async () => {
    const many = (from: number): SpendingLimit =>
      limit({
        daoCoinOperations: Array.from({ length: 100 }, (_, index) => ({
          creatorPkid: new Uint8Array(33).fill((from + index) % 256).fill((from + index) >> 8, 0, 1),
          operation: 5,
          count: 1n,
        })),
      });
    await run(authorize(many(0)), authorize(many(100)));
    const stored = (): number => view.read(toHex(derivedKeyKey(holder.publicKey, servicePublicKey)))?.length ?? 0;
    for (let from = 200; stored() < maxDerivedKeyEntryBytes - 4000; from += 100) await run(authorize(many(from)));
    expect(await refusedEverywhere(authorize(many(10_000)))).toBe('DerivedKeyEntryTooLarge');
    expect(stored()).toBeLessThanOrEqual(maxDerivedKeyEntryBytes);
  });

  test('extra data that belongs elsewhere is refused', async () => {
    const plain = pay(holder, recipient, 1n);
    for (const key of [
      extraDataKeys.spendingLimit,
      extraDataKeys.derivedKeyMemo,
      extraDataKeys.atomicChainLength,
      extraDataKeys.nextAtomicHash,
    ]) {
      const odd = holder.sign({ ...plain, feeNanos: 5000n, extraData: new Map([[key, Uint8Array.of(1)]]) });
      expect(await refusedEverywhere(odd)).toBe('ExtraDataNotSupported');
    }
  });
});

describe('atomic transfers', () => {
  const approve = (first: Transaction, second: Transaction, signers: readonly [Wallet, Wallet]): Transaction =>
    signAtomically(
      [
        [first, signers[0]],
        [second, signers[1]],
      ],
      { minFeeNanosPerKb },
    );

  beforeEach(async () => {
    await run(authorize(), owner.updateTransferRestriction(transferRestrictions.profileOwnerOnly, nonce()));
  });

  test('pass coins through the owner where only its transfers are allowed: approved by the service and the owner', async () => {
    expect(await refusedByBlockOf(pay(service, recipient, 10n))).toBe(
      'RuleErrorDAOCoinTransferProfileOwnerOnlyViolation',
    );
    const producerNanos = await balanceOfPublicKey(view, producerOf(height));
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    await opened.chain.admitTransaction(pair, view, height);
    const assembled = await opened.chain.assembleBlock(
      { height, producer: producerOf(height), transactions: [pair] },
      view.fork(),
    );
    expect(assembled).toEqual([pair]);
    await run(pair);
    expect([await coinsOf(holder), await coinsOf(owner), await coinsOf(recipient)]).toEqual([50n, 40n, 10n]);
    expect(limitLeft()?.daoCoinOperations).toMatchObject([{ count: 1n }]);
    expect((await balanceOfPublicKey(view, producerOf(height))) - producerNanos).toBe(pair.feeNanos);
    expect(supplyOf(view)).toBe(4_000_000n);
    expect(await refusedEverywhere(pair)).toBe('RuleErrorReusedNonce');
  });

  test.each([
    ['the first', 61n, 10n],
    ['the second', 10n, 51n],
  ])('neither happens when %s cannot', async (_name, first, second) => {
    const pair = approve(pay(service, owner, first), pay(owner, recipient, second), [service, owner]);
    expect(await refusedEverywhere(pair)).toBe('RuleErrorCoinTransferInsufficientCoins');
  });

  test('a part cannot happen alone, in another order, or with another part', async () => {
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    const [first, second] = partsOf(pair);
    for (const alone of [first, second]) expect(await refusedEverywhere(alone)).toBe('AtomicPartAlone');
    expect(await refusedEverywhere(wrapAtomicTransactions([second, first]))).toBe(
      'RuleErrorAtomicTxnsMustStartWithChainLength',
    );
    expect(await refusedEverywhere(wrapAtomicTransactions([first]))).toBe('RuleErrorAtomicTxnsHasBrokenChain');
    const [, other] = partsOf(approve(pay(service, owner, 10n), pay(owner, recipient, 9n), [service, owner]));
    expect(await refusedEverywhere(wrapAtomicTransactions([first, other]))).toBe('RuleErrorAtomicTxnsHasBrokenChain');
    // A peer may send anything as a part.
    const noNonce = { expirationBlockHeight: 0n, partialId: 0n };
    const forms: readonly Partial<Transaction>[] = [
      { version: 2 },
      { inputs: [{ transactionId: new Uint8Array(32), index: 0 }] },
      { version: 0, feeNanos: 0n, nonce: noNonce },
    ];
    for (const form of forms) {
      const parts = [{ ...first, ...form }, second].map((part) => transactionCodec.encode(part as Transaction));
      const feeNanos = (form.feeNanos ?? first.feeNanos) + second.feeNanos;
      const wrapper: Transaction = { ...pair, metadata: atomicMetadataCodec.encode(parts), feeNanos };
      expect(await refusedEverywhere(wrapper)).toBe('DAO_COIN_ATOMIC_PART_FORM');
    }
    const loose = holder.transfer([], { ...nonce(), feeNanos: 5000n });
    expect(await refusedEverywhere(wrapAtomicTransactions([loose]))).toBe('RuleErrorAtomicTxnsHasNonAtomicInnerTxn');
  });

  test('every part needs the signature of its own key', async () => {
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, holder]);
    expect(await refusedByPool(pair)).toBe('RuleErrorInvalidTransactionSignature');
    const stolen = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [recipient, owner]);
    expect(await refusedByPool(stolen)).toBe('RuleErrorInvalidTransactionSignature');
  });

  test('the wrapper carries nothing of its own, and is written in one way only', async () => {
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    const changes: readonly (readonly [Partial<Transaction>, string])[] = [
      [{ publicKey: owner.publicKey }, 'RuleErrorAtomicTxnsWrapperPublicKeyMustBeZero'],
      [
        { signature: signatureCodec.encode({ compact: new Uint8Array(64).fill(1) }) },
        'RuleErrorAtomicTxnsWrapperSignatureMustBeNil',
      ],
      [{ outputs: [{ publicKey: owner.publicKey, amountNanos: 1n }] }, 'RuleErrorAtomicTxnsWrapperMustHaveZeroOutputs'],
      [{ feeNanos: pair.feeNanos + 1n }, 'RuleErrorAtomicTxnsWrapperMustHaveEqualFeeToInternalTxns'],
      [{ nonce: freshNonce(10) }, 'RuleErrorAtomicTxnsWrapperMustHaveZeroedNonce'],
      [{ extraData: new Map([['00', new Uint8Array(1)]]) }, 'ExtraDataNotSupported'],
      [{ metadata: Uint8Array.of(...pair.metadata, 0) }, 'MetadataMalformed'],
      [{ metadata: Uint8Array.of(0x82, 0, ...pair.metadata.subarray(1)) }, 'MetadataMalformed'],
      [{ metadata: Uint8Array.of(1, 1, 0xff) }, 'MetadataMalformed'],
      [{ metadata: Uint8Array.of(0), feeNanos: 0n }, 'RuleErrorAtomicTxnsHasNoTransactions'],
    ];
    for (const [change, rule] of changes) expect(await refusedEverywhere({ ...pair, ...change })).toBe(rule);
    expect(transactionCodec.decode(transactionCodec.encode(pair))).toEqual(pair);
  });

  test('pay for the bytes around them', async () => {
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    const bytes = transactionCodec.encode(pair).length;
    expect(pair.feeNanos).toBeGreaterThanOrEqual(BigInt(bytes));
    expect(pair.feeNanos).toBeLessThan(BigInt(bytes + 10));
    const parts = [pay(service, owner, 10n), pay(owner, recipient, 10n)];
    const fees = linkAtomicTransactions(parts).map((part) => withLeastFee(part, BigInt(minFeeNanosPerKb)).feeNanos);
    const linked = linkAtomicTransactions(parts.map((part, index) => ({ ...part, feeNanos: fees[index] ?? 0n })));
    const cheap = wrapAtomicTransactions(linked.map((part, index) => [service, owner][index]?.sign(part) ?? part));
    expect(await refusedEverywhere(cheap)).toBe('RuleErrorTxnFeeBelowNetworkMinimum');
  });

  test('wait in the pool in the place of the first, and leave it when one of their nonces is used', async () => {
    const pool = new TransactionPool({ chain: opened.chain });
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    const another = approve(pay(service, owner, 5n), pay(owner, recipient, 5n), [service, owner]);
    for (const one of [pair, another]) await pool.add(one, view, height);
    const [first] = partsOf(pair);
    const clash = holder.transfer([], { nonce: first.nonce });
    expect((await ruleBrokenBy(() => pool.add(clash, view, height))).rule).toBe('PoolNonceTaken');
    pool.removeIncluded([], height);
    expect(pool.size).toBe(2);
    pool.removeIncluded([clash], height);
    expect(pool.take(1_000_000)).toEqual([another]);
    pool.removeIncluded([another], height);
    expect(pool.size).toBe(0);
    const malformed = { ...pair, metadata: Uint8Array.of(1) };
    expect((await ruleBrokenBy(() => pool.add(malformed, view, height))).rule).toBe('MetadataMalformed');
    expect(pool.size).toBe(0);
  });

  test("waiting ones count against their payer's balance", async () => {
    const pair = approve(pay(service, owner, 10n), pay(owner, recipient, 10n), [service, owner]);
    const nanos = await balanceOfPublicKey(view, holder.publicKey);
    const rest = (waiting: readonly Transaction[], amountNanos: bigint): Promise<void> => {
      const transaction = holder.transfer([{ publicKey: owner.publicKey, amountNanos }], {
        ...nonce(),
        feeNanos: 1000n,
      });
      return opened.chain.admitTransaction(transaction, view, height, waiting);
    };
    const spent = partsOf(pair)[0].feeNanos;
    await rest([pair], nanos - 1000n - spent);
    expect((await ruleBrokenBy(() => rest([pair], nanos - 999n - spent))).rule).toBe('RuleErrorInsufficientBalance');
  });

  /** The rule by which a block refuses a transaction that the pool lets pass. */
  async function refusedByBlockOf(transaction: Transaction): Promise<unknown> {
    const before = view.fork();
    const { rule } = await ruleBrokenBy(() => execute(opened, view.fork(), { height, transactions: [transaction] }));
    expect(isSameState(before, view)).toBe(true);
    return rule;
  }
});

test('both packages encode a transaction alike, and so sign the same', async () => {
  const pair = signAtomically(
    [
      [pay(holder, owner, 1n), holder],
      [authorize(), holder],
    ],
    { minFeeNanosPerKb },
  );
  const outputs = [{ publicKey: owner.publicKey, amountNanos: 2n ** 40n }];
  for (const transaction of [
    pair,
    ...partsOf(pair),
    authorize(),
    holder.transfer(outputs, { ...nonce(), feeNanos: 300n }),
  ]) {
    expect(toHex(encodeTransaction(transaction))).toBe(toHex(transactionCodec.encode(transaction)));
  }
});

function partsOf(pair: Transaction): readonly [Transaction, Transaction] {
  const parts: Transaction[] = [];
  let rest = toHex(pair.metadata).slice(2);
  while (rest.length > 0) {
    // Lengths of parts take two bytes: 128 to 16,383.
    const [low, high] = fromHex(rest.slice(0, 4)) as unknown as [number, number];
    const length = (low & 0x7f) + high * 128;
    parts.push(transactionCodec.decode(fromHex(rest.slice(4, 4 + 2 * length))));
    rest = rest.slice(4 + 2 * length);
  }
  const [first, second] = parts;
  if (first === undefined || second === undefined || parts.length !== 2) throw new Error('expected two parts');
  return [first, second];
}
