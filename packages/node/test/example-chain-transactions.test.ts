import { toHex } from '@hs/bytes';
import { balanceOf, daoCoinOf, pkidOfUsername, profileOf, transferRestrictions } from '@hs/dao-coin';
import { signatureCodec, type Transaction, transactionCodec } from '@hs/wire';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { balanceOfPublicKey } from '../src/example-chain/balance.js';
import { maxNanos } from '../src/example-chain/chain-spec-check.js';
import { type ProfileMetadata, profileMetadataCodec } from '../src/example-chain/profile-metadata.js';
import { decodeTransaction } from '../src/example-chain/transaction-check.js';
import { exampleTransactionTypes } from '../src/example-chain/transaction-types.js';
import type { Wallet } from '../src/example-chain/wallet.js';
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
const next = { nonce: { expirationBlockHeight: 10n, partialId: 0n } };
let opened: TestChain;
let view: MemoryView;
let alice: Wallet;
let bob: Wallet;

beforeEach(async () => {
  opened = await openTestChain();
  ({ view } = opened);
  alice = walletOf(opened.wallets, 0);
  bob = walletOf(opened.wallets, 1);
});

const nonce = (): { readonly nonce: ReturnType<typeof freshNonce> } => ({ nonce: freshNonce(10) });
const run = (...transactions: readonly Transaction[]): Promise<void> => execute(opened, view, { height, transactions });

/** The rule by which a block and the pool refuse a transaction; the state must not change. */
async function refusedEverywhere(transaction: Transaction): Promise<unknown> {
  const before = view.fork();
  const inPool = await ruleBrokenBy(() => opened.chain.admitTransaction(transaction, view, height));
  const fork = view.fork();
  const inBlock = await ruleBrokenBy(() => execute(opened, fork, { height, transactions: [transaction] }));
  expect(inPool).toEqual({ code: 'NODE_TRANSACTION_REFUSED', rule: inBlock.rule });
  expect(inBlock.code).toBe('NODE_CHAIN_RULE');
  expect(isSameState(before, view)).toBe(true);
  return inBlock.rule;
}

/** The rule by which a block refuses a transaction that the pool lets pass; assembling leaves it out without a trace. */
async function refusedByBlock(transaction: Transaction): Promise<unknown> {
  const { rule } = await ruleBrokenBy(() => execute(opened, view.fork(), { height, transactions: [transaction] }));
  const candidate = { height, producer: producerOf(height), transactions: [transaction] };
  const before = view.fork();
  expect(await opened.chain.assembleBlock(candidate, view)).toEqual([]);
  expect(isSameState(before, view)).toBe(true);
  return rule;
}

describe('basic transfer', () => {
  test('moves the amount, and the fee to the producer of the block', async () => {
    const transaction = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 300n }], nonce());
    await run(transaction);
    expect(await balanceOfPublicKey(view, alice.publicKey)).toBe(1_000_000n - 300n - transaction.feeNanos);
    expect(await balanceOfPublicKey(view, bob.publicKey)).toBe(1_000_300n);
    expect(await balanceOfPublicKey(view, producerOf(height))).toBe(transaction.feeNanos);
    expect(supplyOf(view)).toBe(4_000_000n);
  });

  test('pays several outputs, the signer among them', async () => {
    const outputs = [bob, alice, bob].map(({ publicKey }) => ({ publicKey, amountNanos: 10n }));
    const transaction = alice.transfer(outputs, nonce());
    await run(transaction);
    expect(await balanceOfPublicKey(view, bob.publicKey)).toBe(1_000_020n);
    expect(await balanceOfPublicKey(view, alice.publicKey)).toBe(999_980n - transaction.feeNanos);
  });

  test('a balance of zero has no record', async () => {
    const { feeNanos } = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 999_000n }], next);
    await run(
      alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1_000_000n - feeNanos }], { ...nonce(), feeNanos }),
    );
    expect([...view.entries().keys()]).not.toContain(`34${toHex(alice.publicKey)}`);
    expect(supplyOf(view)).toBe(4_000_000n);
  });

  test('a key that never had anything receives', async () => {
    const publicKey = producerOf(1);
    await run(alice.transfer([{ publicKey, amountNanos: 1n }], nonce()));
    expect(await balanceOfPublicKey(view, publicKey)).toBe(1n);
  });

  test('of one nano more than is there is refused', async () => {
    const { feeNanos } = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 999_000n }], next);
    const amountNanos = 1_000_001n - feeNanos;
    const transaction = alice.transfer([{ publicKey: bob.publicKey, amountNanos }], { ...nonce(), feeNanos });
    expect(await refusedEverywhere(transaction)).toBe('RuleErrorInsufficientBalance');
  });

  test('an output counts only after the debit: the signer cannot lend to itself', async () => {
    const transaction = alice.transfer([{ publicKey: alice.publicKey, amountNanos: 1_000_000n }], nonce());
    expect(await refusedEverywhere(transaction)).toBe('RuleErrorInsufficientBalance');
  });
});

describe('form of a transaction', () => {
  const altered = (change: Partial<Transaction>): Transaction =>
    alice.sign({
      ...alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], { ...nonce(), feeNanos: 5000n }),
      ...change,
    });

  test.each<[string, () => Partial<Transaction>, string]>([
    [
      'inputs',
      () => ({ inputs: [{ transactionId: new Uint8Array(32), index: 0 }] }),
      'RuleErrorBalanceModelDoesNotUseUTXOInputs',
    ],
    ['no signer', () => ({ publicKey: new Uint8Array(0) }), 'RuleErrorTransactionMissingPublicKey'],
    ['extra data', () => ({ extraData: new Map([['00', new Uint8Array(1)]]) }), 'ExtraDataNotSupported'],
    ['an unknown type', () => ({ type: 3 }), 'UnknownTransactionType'],
    ['block reward type', () => ({ type: 1 }), 'UnknownTransactionType'],
    ['metadata in a transfer', () => ({ metadata: Uint8Array.of(1) }), 'MetadataMalformed'],
    ['garbage for profile metadata', () => ({ type: 6, metadata: Uint8Array.of(9) }), 'MetadataMalformed'],
    ['garbage for DAO coin metadata', () => ({ type: 24, metadata: Uint8Array.of(9) }), 'MetadataMalformed'],
    ['garbage for DAO coin transfer metadata', () => ({ type: 25, metadata: Uint8Array.of(9) }), 'MetadataMalformed'],
    [
      'an output to no key',
      () => ({ outputs: [{ publicKey: new Uint8Array(33), amountNanos: 1n }] }),
      'OutputPublicKey',
    ],
    [
      'an output above the most',
      () => ({ outputs: [{ publicKey: bob.publicKey, amountNanos: maxNanos + 1n }] }),
      'RuleErrorOutputExceedsMax',
    ],
    [
      'outputs above the most together',
      () => ({ outputs: [maxNanos, 1n].map((amountNanos) => ({ publicKey: bob.publicKey, amountNanos })) }),
      'RuleErrorTotalOutputExceedsMax',
    ],
    ['an expired nonce', () => ({ nonce: { expirationBlockHeight: 4n, partialId: 1n } }), 'RuleErrorNonceExpired'],
    ['no nonce', () => ({ nonce: { expirationBlockHeight: 0n, partialId: 0n } }), 'RuleErrorNonceExpired'],
    [
      'a nonce beyond the window',
      () => ({ nonce: { expirationBlockHeight: 26n, partialId: 1n } }),
      'TxErrorNonceExpirationBlockHeightOffsetExceeded',
    ],
    [
      'too large a size',
      () => ({ type: 6, metadata: largeProfile(), outputs: manyOutputs(70_000) }),
      'TransactionTooLarge',
    ],
  ])('%s is refused', async (_, change, rule) => {
    expect(await refusedEverywhere(altered(change()))).toBe(rule);
  });

  const manyOutputs = (count: number): Transaction['outputs'] =>
    new Array(count).fill({ publicKey: bob.publicKey, amountNanos: 0n });
  const largeProfile = (): Uint8Array => profileMetadata({ description: new Uint8Array(20_000) });

  test('version 0 is refused', async () => {
    const old = { ...altered({}), version: 0, feeNanos: 0n, nonce: { expirationBlockHeight: 0n, partialId: 0n } };
    expect(await refusedEverywhere(alice.sign(old))).toBe('TransactionVersion');
  });

  test('an unknown type is refused while decoding, a known one is not', async () => {
    const bytes = transactionCodec.encode(altered({ type: 99 }));
    expect(await ruleBrokenBy(() => decodeTransaction(bytes))).toEqual({
      code: 'NODE_TRANSACTION_REFUSED',
      rule: 'UnknownTransactionType',
    });
    const known = altered({});
    expect(decodeTransaction(transactionCodec.encode(known))).toEqual(known);
  });

  test('the first and the last block of the window accept a nonce', async () => {
    for (const expirationBlockHeight of [5n, 25n]) {
      const transaction = altered({ nonce: { expirationBlockHeight, partialId: 1n } });
      await opened.chain.admitTransaction(transaction, view, height);
      await run(transaction);
    }
  });

  test('the least fee of the wallet is enough, and a fee below the minimum is not', async () => {
    for (const outputs of [0, 1, 3, 200]) {
      const pay = (feeNanos?: bigint): Transaction =>
        alice.transfer(manyOutputs(outputs), feeNanos === undefined ? nonce() : { ...nonce(), feeNanos });
      const transaction = pay();
      await opened.chain.admitTransaction(transaction, view, height);
      const bytes = BigInt(transactionCodec.encode(transaction).length);
      expect((transaction.feeNanos * 1000n) / bytes).toBeLessThan(1030n);
      // A signature can be some bytes shorter than the fee was reckoned for; ten nanos at 1 a byte are more than that.
      expect(await refusedEverywhere(pay(transaction.feeNanos - 10n))).toBe('RuleErrorTxnFeeBelowNetworkMinimum');
    }
  });
});

describe('signature', () => {
  const admit = (transaction: Transaction): Promise<{ readonly rule: unknown }> =>
    ruleBrokenBy(() => opened.chain.admitTransaction(transaction, view, height));
  const transfer = (): Transaction => alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], nonce());

  test('by another key is refused', async () => {
    expect((await admit({ ...bob.sign(transfer()) })).rule).toBe('RuleErrorInvalidTransactionSignature');
  });

  test('covers the amount, the receiver, the fee and the nonce', async () => {
    const { admitTransaction } = opened.chain;
    const signed = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], { ...nonce(), feeNanos: 5000n });
    await admitTransaction(signed, view, height);
    const changes: readonly Partial<Transaction>[] = [
      { outputs: [{ publicKey: bob.publicKey, amountNanos: 2n }] },
      { outputs: [{ publicKey: alice.publicKey, amountNanos: 1n }] },
      { feeNanos: 5001n },
      { nonce: { ...signed.nonce, partialId: signed.nonce.partialId + 1n } },
      { nonce: { ...signed.nonce, expirationBlockHeight: 11n } },
      { publicKey: bob.publicKey },
    ];
    for (const change of changes) {
      expect((await admit({ ...signed, ...change })).rule).toBe('RuleErrorInvalidTransactionSignature');
    }
  });

  test.each([
    ['nothing', () => new Uint8Array(0)],
    ['64 bytes that are not DER', () => new Uint8Array(64).fill(0x30)],
    ['the recoverable form of derived keys', (der: Uint8Array) => Uint8Array.of(0x31, ...der.slice(1))],
    ['a byte after the end', (der: Uint8Array) => Uint8Array.of(...der, 0)],
  ])('%s is refused', async (_, change) => {
    const transaction = alice.transfer([], { ...nonce(), feeNanos: 5000n });
    const forged = { ...transaction, signature: change(transaction.signature) };
    expect((await admit(forged)).rule).toBe('RuleErrorInvalidTransactionSignature');
  });

  test('the high-S twin is refused', async () => {
    const transaction = transfer();
    const { compact } = signatureCodec.decode(transaction.signature);
    const { r, s } = secp256k1.Signature.fromBytes(compact, 'compact');
    const twin = new secp256k1.Signature(r, secp256k1.Point.CURVE().n - s).toBytes('compact');
    expect((await admit({ ...transaction, signature: signatureCodec.encode({ compact: twin }) })).rule).toBe(
      'RuleErrorTxnSigHasHighS',
    );
  });

  test('is verified once for equal transactions, and again for one that differs', async () => {
    let checks = 0;
    const verifySignature = (): boolean => {
      checks++;
      return true;
    };
    const { createExampleChain } = await import('../src/example-chain/example-chain.js');
    const chain = createExampleChain(opened.chain.spec, { verifySignature });
    const transaction = transfer();
    await chain.admitTransaction(transaction, view, height);
    await chain.admitTransaction({ ...transaction }, view, height);
    expect(checks).toBe(1);
    await chain.admitTransaction({ ...transaction, feeNanos: transaction.feeNanos + 1n }, view, height);
    expect(checks).toBe(2);
  });
});

describe('nonce', () => {
  test('a transaction cannot be replayed in its block, in a later one, or after its expiration', async () => {
    const transaction = alice.transfer([], { nonce: freshNonce(7) });
    expect(
      (await ruleBrokenBy(() => execute(opened, view.fork(), { height, transactions: [transaction, transaction] })))
        .rule,
    ).toBe('RuleErrorReusedNonce');
    await run(transaction);
    for (const [later, rule] of [
      [5, 'RuleErrorReusedNonce'],
      [6, 'RuleErrorReusedNonce'],
      [7, 'RuleErrorReusedNonce'],
      [8, 'RuleErrorNonceExpired'],
      [9, 'RuleErrorNonceExpired'],
    ] as const) {
      if (later > 5) await execute(opened, view, { height: later, transactions: [] });
      const again = (): Promise<void> => execute(opened, view.fork(), { height: later, transactions: [transaction] });
      expect((await ruleBrokenBy(again)).rule).toBe(rule);
      expect((await ruleBrokenBy(() => opened.chain.admitTransaction(transaction, view, later))).rule).toBe(rule);
    }
  });

  test('another transaction with a used nonce is refused; another key may use it', async () => {
    const used = freshNonce(10);
    await run(alice.transfer([], { nonce: used }));
    const second = alice.transfer([{ publicKey: bob.publicKey, amountNanos: 1n }], { nonce: used });
    expect(await refusedEverywhere(second)).toBe('RuleErrorReusedNonce');
    await run(bob.transfer([], { nonce: used }));
  });

  test('a mark lies under 77, expiration, PKID and partial id, until the first block that it cannot be used in', async () => {
    await run(alice.transfer([], { nonce: { expirationBlockHeight: 6n, partialId: 258n } }));
    const mark = `4d0000000000000006${toHex(alice.publicKey)}0000000000000102`;
    const marks = (): readonly string[] => [...view.entries().keys()].filter((key) => key.startsWith('4d'));
    expect(marks()).toEqual([mark]);
    await execute(opened, view, { height: 6, transactions: [] });
    expect(marks()).toEqual([mark]);
    await execute(opened, view, { height: 7, transactions: [] });
    expect(marks()).toEqual([]);
  });
});

const utf8 = new TextEncoder();
const profileMetadata = (fields: Partial<ProfileMetadata>): Uint8Array =>
  profileMetadataCodec.encode({
    profilePublicKey: new Uint8Array(),
    username: new Uint8Array(),
    description: new Uint8Array(),
    profilePic: new Uint8Array(),
    creatorBasisPoints: 0n,
    stakeMultipleBasisPoints: 12_500n,
    isHidden: false,
    ...fields,
  });
const profileTransaction = (wallet: Wallet, fields: Partial<ProfileMetadata>): Transaction =>
  wallet.sign({
    ...wallet.transfer([], { ...nonce(), feeNanos: 50_000n }),
    type: exampleTransactionTypes.updateProfile,
    metadata: profileMetadata(fields),
  });

describe('update profile', () => {
  test('fixture: metadata bytes', () => {
    const metadata: ProfileMetadata = {
      profilePublicKey: Uint8Array.of(2, 3),
      username: utf8.encode('ab'),
      description: utf8.encode('c'),
      profilePic: new Uint8Array(),
      creatorBasisPoints: 300n,
      stakeMultipleBasisPoints: 12_500n,
      isHidden: true,
    };
    expect(toHex(profileMetadataCodec.encode(metadata))).toBe('020203026162016300ac02d46101');
    expect(profileMetadataCodec.decode(profileMetadataCodec.encode(metadata))).toEqual(metadata);
  });

  test('creates a profile with its username', async () => {
    await run(
      alice.updateProfile(
        {
          username: 'Alice_1',
          description: 'hi',
          profilePic: Uint8Array.of(7),
          creatorBasisPoints: 100n,
          isHidden: true,
        },
        nonce(),
      ),
    );
    expect(await profileOf(view, alice.publicKey)).toMatchObject({
      publicKey: alice.publicKey,
      username: utf8.encode('Alice_1'),
      description: utf8.encode('hi'),
      profilePic: Uint8Array.of(7),
      isHidden: true,
      creatorCoinEntry: { creatorBasisPoints: 100n },
    });
    expect(await pkidOfUsername(view, 'aLICE_1')).toEqual(alice.publicKey);
  });

  test('an empty field leaves the old value; what has no empty form is replaced', async () => {
    await run(
      alice.updateProfile(
        { username: 'alice', description: 'hi', profilePic: Uint8Array.of(7), isHidden: true },
        nonce(),
      ),
    );
    await run(alice.updateProfile({ creatorBasisPoints: 5n }, nonce()));
    expect(await profileOf(view, alice.publicKey)).toMatchObject({
      username: utf8.encode('alice'),
      description: utf8.encode('hi'),
      profilePic: Uint8Array.of(7),
      isHidden: false,
      creatorCoinEntry: { creatorBasisPoints: 5n },
    });
  });

  test('an update leaves the DAO coin as it is', async () => {
    await run(alice.updateProfile({ username: 'alice' }, nonce()), alice.mint(9n, nonce()));
    await run(alice.updateProfile({ description: 'new' }, nonce()));
    expect(await daoCoinOf(view, alice.publicKey)).toMatchObject({ coinsInCirculation: 9n, numberOfHolders: 1n });
  });

  test('a new username frees the old one', async () => {
    await run(alice.updateProfile({ username: 'alice' }, nonce()));
    await run(alice.updateProfile({ username: 'ALICE' }, nonce()));
    expect(await pkidOfUsername(view, 'alice')).toEqual(alice.publicKey);
    await run(alice.updateProfile({ username: 'other' }, nonce()));
    expect(await pkidOfUsername(view, 'alice')).toBeUndefined();
    await run(bob.updateProfile({ username: 'alice' }, nonce()));
    expect(await pkidOfUsername(view, 'alice')).toEqual(bob.publicKey);
  });

  test('the profile key may name the signer', async () => {
    await run(profileTransaction(alice, { profilePublicKey: alice.publicKey, username: utf8.encode('alice') }));
    expect(await profileOf(view, alice.publicKey)).toBeDefined();
  });

  test.each<[string, () => Partial<ProfileMetadata>, string]>([
    ['a username of 26 bytes', () => ({ username: utf8.encode('a'.repeat(26)) }), 'RuleErrorProfileUsernameTooLong'],
    ['a username with a dash', () => ({ username: utf8.encode('a-b') }), 'RuleErrorInvalidUsername'],
    ['a username with a letter beyond ASCII', () => ({ username: utf8.encode('é') }), 'RuleErrorInvalidUsername'],
    [
      'a description of 20,001 bytes',
      () => ({ description: new Uint8Array(20_001) }),
      'RuleErrorProfileDescriptionTooLong',
    ],
    ['a picture of 20,001 bytes', () => ({ profilePic: new Uint8Array(20_001) }), 'RuleErrorMaxProfilePicSize'],
    [
      'more than 10,000 creator basis points',
      () => ({ creatorBasisPoints: 10_001n }),
      'RuleErrorProfileCreatorPercentageSize',
    ],
    ['too small a stake multiple', () => ({ stakeMultipleBasisPoints: 10_000n }), 'RuleErrorProfileStakeMultipleSize'],
    ['too large a stake multiple', () => ({ stakeMultipleBasisPoints: 100_001n }), 'RuleErrorProfileStakeMultipleSize'],
    ['a profile key of 32 bytes', () => ({ profilePublicKey: new Uint8Array(32) }), 'RuleErrorProfilePublicKeySize'],
    [
      'a profile key that is no point',
      () => ({ profilePublicKey: new Uint8Array(33).fill(5) }),
      'RuleErrorProfileBadPublicKey',
    ],
    ["another's profile", () => ({ profilePublicKey: bob.publicKey }), 'RuleErrorProfilePubKeyNotAuthorized'],
  ])('%s is refused', async (_, fields, rule) => {
    expect(await refusedEverywhere(profileTransaction(alice, { username: utf8.encode('alice'), ...fields() }))).toBe(
      rule,
    );
  });

  test('the largest profile fits into a value', async () => {
    const fields = {
      description: new Uint8Array(20_000),
      profilePic: new Uint8Array(20_000),
      username: utf8.encode('a'.repeat(25)),
    };
    await run(profileTransaction(alice, fields));
    const value = view.read(`17${toHex(alice.publicKey)}`);
    expect(value?.length).toBeGreaterThan(40_000);
    expect(value?.length).toBeLessThan(41_984 - 200);
  });

  test('a new profile without a username is refused', async () => {
    expect(await refusedByBlock(alice.updateProfile({ description: 'x' }, nonce()))).toBe(
      'RuleErrorProfileUsernameTooShort',
    );
  });

  test("another's username is refused, whatever the case", async () => {
    await run(alice.updateProfile({ username: 'alice' }, nonce()));
    expect(await refusedByBlock(bob.updateProfile({ username: 'ALICE' }, nonce()))).toBe(
      'RuleErrorProfileUsernameExists',
    );
  });
});

describe('DAO coins', () => {
  beforeEach(() => run(alice.updateProfile({ username: 'alice' }, nonce())));

  test('are minted, transferred and burnt', async () => {
    const receiverPublicKey = bob.publicKey;
    await run(
      alice.mint(10n ** 30n, nonce()),
      alice.transferDaoCoin(alice.publicKey, { ...nonce(), receiverPublicKey, amount: 7n }),
      bob.burn(alice.publicKey, { ...nonce(), amount: 3n }),
    );
    expect(await balanceOf(view, bob.publicKey, alice.publicKey)).toBe(4n);
    expect(await balanceOf(view, alice.publicKey, alice.publicKey)).toBe(10n ** 30n - 7n);
    expect(await daoCoinOf(view, alice.publicKey)).toMatchObject({
      coinsInCirculation: 10n ** 30n - 3n,
      numberOfHolders: 2n,
    });
  });

  test('minting is disabled for good', async () => {
    await run(alice.mint(5n, nonce()), alice.disableMinting(nonce()));
    expect(await refusedByBlock(alice.mint(1n, nonce()))).toBe('RuleErrorDAOCoinCannotMintIfMintingIsDisabled');
  });

  test('the transfer restriction is updated and holds', async () => {
    const to = (receiverPublicKey: Uint8Array): Transaction =>
      bob.transferDaoCoin(alice.publicKey, { ...nonce(), receiverPublicKey, amount: 1n });
    const carol = walletOf(opened.wallets, 2).publicKey;
    await run(
      alice.mint(10n, nonce()),
      alice.transferDaoCoin(alice.publicKey, { ...nonce(), receiverPublicKey: bob.publicKey, amount: 5n }),
      alice.updateTransferRestriction(transferRestrictions.profileOwnerOnly, nonce()),
    );
    expect(await refusedByBlock(to(carol))).toBe('RuleErrorDAOCoinTransferProfileOwnerOnlyViolation');
    await run(alice.updateTransferRestriction(transferRestrictions.daoMembersOnly, nonce()));
    expect(await refusedByBlock(to(carol))).toBe('RuleErrorDAOCoinTransferDAOMemberOnlyViolation');
    await run(alice.updateTransferRestriction(transferRestrictions.permanentlyUnrestricted, nonce()), to(carol));
    expect(await balanceOf(view, carol, alice.publicKey)).toBe(1n);
  });

  test('a rule without a name in Go is named by its code', async () => {
    const transaction = alice.transferDaoCoin(alice.publicKey, {
      ...nonce(),
      receiverPublicKey: bob.publicKey,
      amount: 0n,
    });
    expect(await refusedByBlock(transaction)).toBe('DAO_COIN_TRANSFER_ZERO_AMOUNT');
  });

  test('are refused below the fork height and accepted at it', async () => {
    opened = await openTestChain({ daoCoinForkHeight: 6 });
    ({ view } = opened);
    await run(alice.updateProfile({ username: 'alice' }, nonce()));
    const rule = 'RuleErrorDAOCoinBeforeDAOCoinBlockHeight';
    expect(await refusedEverywhere(alice.mint(1n, nonce()))).toBe(rule);
    const transfer = { ...nonce(), receiverPublicKey: bob.publicKey, amount: 1n };
    expect(await refusedEverywhere(alice.transferDaoCoin(alice.publicKey, transfer))).toBe(rule);
    const mint = alice.mint(1n, nonce());
    await opened.chain.admitTransaction(mint, view, 6);
    await execute(opened, view, { height: 6, transactions: [mint] });
  });

  test('a damaged state is not blamed on the transaction', async () => {
    view.set(Uint8Array.of(23, ...alice.publicKey), Uint8Array.of(1, 2, 3));
    await expect(run(alice.mint(1n, nonce()))).rejects.toMatchObject({ code: 'DAO_COIN_MALFORMED_ENTRY' });
    const candidate = { height, producer: producerOf(height), transactions: [alice.mint(1n, nonce())] };
    await expect(opened.chain.assembleBlock(candidate, view)).rejects.toMatchObject({
      code: 'DAO_COIN_MALFORMED_ENTRY',
    });
    view.set(Uint8Array.of(52, ...alice.publicKey), Uint8Array.of(1));
    await expect(run(alice.transfer([], nonce()))).rejects.toMatchObject({ code: 'NODE_DATABASE' });
  });
});

describe('admission', () => {
  test('what waits from the same key counts against its balance', async () => {
    const spend = (amountNanos: bigint): Transaction =>
      alice.transfer([{ publicKey: bob.publicKey, amountNanos }], nonce());
    const waiting = spend(600_000n);
    await opened.chain.admitTransaction(spend(399_000n), view, height, [waiting]);
    const admit = (): Promise<void> => opened.chain.admitTransaction(spend(400_000n), view, height, [waiting]);
    expect((await ruleBrokenBy(admit)).rule).toBe('RuleErrorInsufficientBalance');
  });
});
