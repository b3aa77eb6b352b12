import { beforeEach, describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  atomicHash,
  atomicMetadataCodec,
  type BalanceModelTransaction,
  balanceOf,
  checkAtomicTransactions,
  connectAtomically,
  connectDaoCoin,
  connectDaoCoinTransfer,
  connectDerivedKeyUse,
  type DaoCoinUndo,
  daoCoinOf,
  daoCoinTransferTransaction,
  daoCoinUndoCodec,
  derivedKeyEntryCodec,
  derivedKeyKey,
  disconnectDaoCoin,
  encodeTransaction,
  extraDataKeys,
  isAtomicPart,
  linkAtomicTransactions,
  mintMetadata,
  type StateView,
  signTransaction,
  transactionSigningHash,
  transferRestrictionMetadata,
  transferRestrictions,
  withLeastAtomicFees,
  wrapAtomicTransactions,
  zeroSpendingLimit,
} from '../src/index.js';
import { account, privateKeyOf, putProfile } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { MemoryView, toHex } from './support/memory-view.js';

const [owner, holder, recipient, service] = [0, 1, 2, 3].map(account) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const context = { blockHeight: 5, forkHeight: 0 };

const transfer =
  (from: Uint8Array, to: Uint8Array, amount: bigint) =>
  (view: StateView): Promise<DaoCoinUndo> => {
    const metadata = { profilePublicKey: owner, receiverPublicKey: to, amount };
    return connectDaoCoinTransfer(view, { publicKey: from, metadata }, context);
  };

/** A coin that only its owner may send and receive; the holder has 60 of 100. */
async function restrictedCoin(options: { isAsync?: boolean } = {}): Promise<MemoryView> {
  const view = new MemoryView([], options);
  putProfile(view, owner);
  await connectDaoCoin(view, { publicKey: owner, metadata: mintMetadata(owner, 100n) }, context);
  await transfer(owner, holder, 60n)(view);
  const metadata = transferRestrictionMetadata(owner, transferRestrictions.profileOwnerOnly);
  await connectDaoCoin(view, { publicKey: owner, metadata }, context);
  return view;
}

describe('the approval service of DIP-7, where only transfers from and to the owner are allowed', () => {
  let view: MemoryView;
  beforeEach(async () => {
    view = await restrictedCoin();
  });

  test('the holder cannot pay the recipient, but through the owner it can, in one piece', async () => {
    expect((await failureOf(() => transfer(holder, recipient, 10n)(view))).code).toBe('DAO_COIN_TRANSFER_OWNER_ONLY');
    const before = view.dump();
    const undo = await connectAtomically(view, [transfer(holder, owner, 10n), transfer(owner, recipient, 10n)]);
    expect(await balanceOf(view, holder, owner)).toBe(50n);
    expect(await balanceOf(view, owner, owner)).toBe(40n);
    expect(await balanceOf(view, recipient, owner)).toBe(10n);
    expect(await daoCoinOf(view, owner)).toMatchObject({ numberOfHolders: 3n, coinsInCirculation: 100n });
    await disconnectDaoCoin(view, daoCoinUndoCodec.decode(daoCoinUndoCodec.encode(undo)));
    expect(view.dump()).toEqual(before);
  });

  test.each([
    [
      'the first',
      [transfer(holder, owner, 61n), transfer(owner, recipient, 10n)],
      'DAO_COIN_TRANSFER_INSUFFICIENT_COINS',
    ],
    [
      'the second',
      [transfer(holder, owner, 10n), transfer(owner, recipient, 51n)],
      'DAO_COIN_TRANSFER_INSUFFICIENT_COINS',
    ],
    [
      'a forbidden second',
      [transfer(holder, owner, 10n), transfer(holder, recipient, 10n)],
      'DAO_COIN_TRANSFER_OWNER_ONLY',
    ],
  ] as const)('neither happens when %s fails', async (_name, pair, code) => {
    const before = view.dump();
    let writes = 0;
    const watched: StateView = {
      get: (key) => view.get(key),
      isDeleted: (key) => view.isDeleted(key),
      set: () => void writes++,
      delete: () => void writes++,
    };
    expect((await failureOf(() => connectAtomically(watched, pair))).code).toBe(code);
    expect([writes, view.dump()]).toEqual([0, before]);
  });

  test("the service's derived key pays for the first with its own limits, which a failure gives back", async () => {
    const key = derivedKeyKey(holder, service);
    const entry = {
      ownerPublicKey: holder,
      derivedPublicKey: service,
      expirationBlock: 100n,
      operation: 1,
      extraData: [],
      spendingLimit: {
        ...zeroSpendingLimit,
        globalDesoLimitNanos: 1000n,
        daoCoinOperations: [{ creatorPkid: owner, operation: 5, count: 1n }],
      },
      memo: new Uint8Array(0),
    };
    view.set(key, derivedKeyEntryCodec.encode(entry));
    const metadata = { profilePublicKey: owner, receiverPublicKey: owner, amount: 10n };
    const action = { kind: 'dao-coin-transfer', metadata } as const;
    const use = { ownerPublicKey: holder, derivedPublicKey: service, spendNanos: 300n, action };
    const approve = (amount: bigint): Promise<DaoCoinUndo> =>
      connectAtomically(view, [
        (inner) => connectDerivedKeyUse(inner, use, context),
        transfer(holder, owner, 10n),
        transfer(owner, recipient, amount),
      ]);
    const before = view.dump();
    expect((await failureOf(() => approve(51n))).code).toBe('DAO_COIN_TRANSFER_INSUFFICIENT_COINS');
    expect(view.dump()).toEqual(before);
    const undo = await approve(10n);
    expect(await balanceOf(view, recipient, owner)).toBe(10n);
    const left = derivedKeyEntryCodec.decode(view.records.get(toHex(key)) as Uint8Array);
    expect(left.spendingLimit).toEqual({ ...zeroSpendingLimit, globalDesoLimitNanos: 700n });
    expect((await failureOf(() => approve(10n))).code).toBe('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT');
    await disconnectDaoCoin(view, undo);
    expect(view.dump()).toEqual(before);
  });
});

describe('connecting atomically', () => {
  test('there and back changes nothing, and leaves nothing to undo', async () => {
    const view = await restrictedCoin({ isAsync: true });
    const before = view.dump();
    const undo = await connectAtomically(view, [transfer(holder, owner, 60n), transfer(owner, holder, 60n)]);
    expect([undo.records, view.dump()]).toEqual([[], before]);
  });

  test('a part sees which entries those before it deleted, if the view can tell', async () => {
    const view = await restrictedCoin();
    const spend = [transfer(holder, owner, 60n), transfer(holder, owner, 1n)];
    expect((await failureOf(() => connectAtomically(view, spend))).code).toBe('DAO_COIN_TRANSFER_NO_BALANCE_ENTRY');
    const plain: StateView = {
      get: (key) => view.get(key),
      set: (key, value) => view.set(key, value),
      delete: (key) => view.delete(key),
    };
    expect((await failureOf(() => connectAtomically(plain, spend))).code).toBe('DAO_COIN_TRANSFER_INSUFFICIENT_COINS');
    await connectAtomically(view, [
      transfer(holder, owner, 60n),
      transfer(owner, holder, 60n),
      transfer(holder, owner, 1n),
    ]);
    expect(await balanceOf(view, holder, owner)).toBe(59n);
  });

  test('more than 32 are a mistake of the caller; 32 can be undone from bytes', async () => {
    const view = await restrictedCoin();
    const steps = Array.from({ length: 33 }, (_, index) =>
      transfer(owner, account(index % 8 === 0 ? 8 : index % 8), 1n),
    );
    await expect(connectAtomically(view, steps)).rejects.toMatchObject({ name: 'RangeError' });
    const before = view.dump();
    const undo = await connectAtomically(view, steps.slice(1));
    await disconnectDaoCoin(view, daoCoinUndoCodec.decode(daoCoinUndoCodec.encode(undo)));
    expect(view.dump()).toEqual(before);
  });
});

describe('linked transactions', () => {
  const part = (publicKey: Uint8Array, to: Uint8Array, partialId: bigint): BalanceModelTransaction =>
    daoCoinTransferTransaction(
      { profilePublicKey: owner, receiverPublicKey: to, amount: 10n },
      { publicKey, nonce: { expirationBlockHeight: 9n, partialId }, feeNanos: 400n },
    );
  const parts = [part(holder, owner, 1n), part(owner, recipient, 2n), part(recipient, owner, 3n)];
  const codeOf = (
    wrapper: BalanceModelTransaction,
    linked: readonly BalanceModelTransaction[],
    mode: 'strict' | 'deso' = 'strict',
  ): string => {
    try {
      checkAtomicTransactions(wrapper, linked, { mode });
      return 'none';
    } catch (error) {
      return String((error as { code?: unknown }).code);
    }
  };
  const without = (transaction: BalanceModelTransaction, key: string): BalanceModelTransaction => {
    const extraData = new Map(transaction.extraData);
    extraData.delete(key);
    return { ...transaction, extraData };
  };
  const withKey = (transaction: BalanceModelTransaction, key: string, value: Uint8Array): BalanceModelTransaction => ({
    ...transaction,
    extraData: new Map(transaction.extraData).set(key, value),
  });

  test.each([1, 2, 3])('%i of them form a ring, with the start in the first', (count) => {
    const linked = linkAtomicTransactions(parts.slice(0, count));
    const hashes = linked.map((transaction) => {
      const bare = without(without(transaction, extraDataKeys.nextAtomicHash), extraDataKeys.previousAtomicHash);
      return transactionSigningHash(bare);
    });
    for (const [index, transaction] of linked.entries()) {
      expect(atomicHash(transaction)).toEqual(hashes[index]);
      expect(isAtomicPart(transaction)).toBe(true);
      expect(transaction.extraData.get(extraDataKeys.nextAtomicHash)).toEqual(hashes[(index + 1) % count]);
      expect(transaction.extraData.get(extraDataKeys.previousAtomicHash)).toEqual(hashes[(index + count - 1) % count]);
    }
    expect(linked[0]?.extraData.get('41746d6343686e4c656e')).toEqual(Uint8Array.of(count));
    expect(codeOf(wrapAtomicTransactions(linked), linked)).toBe('none');
    expect(isAtomicPart(parts[0] as BalanceModelTransaction)).toBe(false);
  });

  test('signing comes after linking and changes no link', async () => {
    const linked = linkAtomicTransactions(parts.slice(0, 2));
    const signed = await Promise.all(
      linked.map((transaction, index) =>
        signTransaction(transaction, (hash) =>
          secp256k1.sign(hash, privateKeyOf(1 - index), { prehash: false, format: 'der' }),
        ),
      ),
    );
    const wrapper = wrapAtomicTransactions(signed);
    expect(codeOf(wrapper, signed)).toBe('none');
    expect(wrapper).toMatchObject({ type: 44, feeNanos: 800n, nonce: { expirationBlockHeight: 0n, partialId: 0n } });
    expect(atomicMetadataCodec.decode(wrapper.metadata)).toEqual(signed.map(encodeTransaction));
    expect(toHex(encodeTransaction(wrapper))).toMatch(new RegExp(`^00002c.*21${'00'.repeat(33)}000001a0060000$`));
  });

  test('the least fees pay for each part and for the bytes around them, and one nano less does not', () => {
    const longest = new Uint8Array(71).fill(0x30);
    for (const rate of [0n, 1n, 1000n, 123_457n]) {
      for (const count of [1, 2, 3]) {
        const paying = withLeastAtomicFees(parts.slice(0, count), rate);
        const bytesOf = (transactions: readonly BalanceModelTransaction[]): readonly bigint[] => {
          const signed = linkAtomicTransactions(transactions).map((part) => ({ ...part, signature: longest }));
          return [...signed, wrapAtomicTransactions(signed)].map((one) => BigInt(encodeTransaction(one).length));
        };
        const bytes = bytesOf(paying);
        const fees = [...paying.map(({ feeNanos }) => feeNanos), wrapAtomicTransactions(paying).feeNanos];
        for (const [index, fee] of fees.entries()) {
          expect((fee * 1000n) / (bytes[index] as bigint)).toBeGreaterThanOrEqual(rate);
        }
        // At one nano a byte nothing is rounded.
        if (rate === 1000n) expect(fees.at(-1)).toBe(bytes.at(-1));
      }
    }
  });

  const ring = linkAtomicTransactions(parts);
  const [first, second, third] = ring as [BalanceModelTransaction, BalanceModelTransaction, BalanceModelTransaction];
  const wrapper = wrapAtomicTransactions(ring);
  const rules: readonly (readonly [string, BalanceModelTransaction, readonly BalanceModelTransaction[]])[] = [
    ['DAO_COIN_ATOMIC_WRAPPER_KEY', { ...wrapper, publicKey: owner }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_KEY', { ...wrapper, publicKey: new Uint8Array(0) }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_SIGNATURE', { ...wrapper, signature: Uint8Array.of(0x30, 0) }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_INPUTS', { ...wrapper, inputs: [{ transactionId: new Uint8Array(32), index: 0 }] }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_OUTPUTS', { ...wrapper, outputs: [{ publicKey: owner, amountNanos: 0n }] }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_FEE', { ...wrapper, feeNanos: 1201n }, ring],
    ['DAO_COIN_ATOMIC_WRAPPER_NONCE', { ...wrapper, nonce: { expirationBlockHeight: 0n, partialId: 1n } }, ring],
    ['DAO_COIN_ATOMIC_EMPTY', { ...wrapper, feeNanos: 0n }, []],
    ['DAO_COIN_ATOMIC_NESTED', wrapper, [first, { ...second, type: 44 }, third]],
    ['DAO_COIN_ATOMIC_NOT_LINKED', wrapper, [first, without(second, extraDataKeys.nextAtomicHash), third]],
    ['DAO_COIN_ATOMIC_NOT_LINKED', wrapper, [first, second, without(third, extraDataKeys.previousAtomicHash)]],
    ['DAO_COIN_ATOMIC_NO_START', wrapper, [without(first, extraDataKeys.atomicChainLength), second, third]],
    ['DAO_COIN_ATOMIC_NO_START', wrapper, [second, third, first]],
    [
      'DAO_COIN_ATOMIC_TWO_STARTS',
      wrapper,
      [first, withKey(second, extraDataKeys.atomicChainLength, Uint8Array.of(3)), third],
    ],
    ['DAO_COIN_ATOMIC_PART_FORM', wrapper, [first, { ...second, version: 0 }, third]],
    ['DAO_COIN_ATOMIC_PART_FORM', wrapper, [first, second, { ...third, version: 2 }]],
    [
      'DAO_COIN_ATOMIC_PART_FORM',
      wrapper,
      [{ ...first, inputs: [{ transactionId: new Uint8Array(32), index: 0 }] }, second, third],
    ],
    ['DAO_COIN_ATOMIC_BROKEN_CHAIN', wrapper, [first, third, second]],
    ['DAO_COIN_ATOMIC_BROKEN_CHAIN', { ...wrapper, feeNanos: 800n }, [first, second]],
    ['DAO_COIN_ATOMIC_BROKEN_CHAIN', wrapper, [first, { ...second, metadata: third.metadata }, third]],
    ['DAO_COIN_ATOMIC_BROKEN_CHAIN', wrapper, [first, withKey(second, 'aa', Uint8Array.of(1)), third]],
  ];

  test.each(rules)('%s', (code, carrier, linked) => {
    for (const mode of ['strict', 'deso'] as const) expect(codeOf(carrier, linked, mode)).toBe(code);
  });

  test('hole: the length in the first says nothing; strict mode wants the number of transactions', () => {
    const named = parts.map((transaction, index) =>
      index === 0 ? withKey(transaction, extraDataKeys.atomicChainLength, Uint8Array.of(9)) : transaction,
    );
    const hashes = named.map(atomicHash) as [Uint8Array, Uint8Array, Uint8Array];
    const linked = named.map((transaction, index) =>
      withKey(
        withKey(transaction, extraDataKeys.nextAtomicHash, hashes[(index + 1) % 3] as Uint8Array),
        extraDataKeys.previousAtomicHash,
        hashes[(index + 2) % 3] as Uint8Array,
      ),
    );
    expect(codeOf(wrapper, linked, 'deso')).toBe('none');
    expect(codeOf(wrapper, linked, 'strict')).toBe('DAO_COIN_ATOMIC_CHAIN_LENGTH');
  });

  test('none, and more than 32, cannot be linked or wrapped', () => {
    const many = new Array(33).fill(first) as BalanceModelTransaction[];
    for (const attempt of [
      () => linkAtomicTransactions([]),
      () => wrapAtomicTransactions([]),
      () => linkAtomicTransactions(many),
      () => wrapAtomicTransactions(many),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ name: 'RangeError' }));
    }
    const malformed = expect.objectContaining({ code: 'DAO_COIN_MALFORMED_METADATA' });
    expect(() => atomicMetadataCodec.decode(Uint8Array.of(33, ...new Uint8Array(33)))).toThrow(malformed);
    expect(atomicMetadataCodec.decode(Uint8Array.of(0))).toEqual([]);
  });
});
