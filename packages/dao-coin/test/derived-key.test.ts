import { beforeEach, describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  type AuthorizeDerivedKeyMetadata,
  accessHash,
  anyCreatorPkid,
  connectAuthorizeDerivedKey,
  connectDerivedKeyUse,
  type DaoCoinOperationLimit,
  type DaoCoinUndo,
  type DerivedKeyEntry,
  type DerivedKeyUse,
  daoCoinLimitOperations,
  daoCoinUndoCodec,
  derivedKeyEntryCodec,
  derivedKeyKey,
  derivedKeyOperations,
  disconnectDaoCoin,
  type ExtraData,
  extraDataEntries,
  extraDataKeys,
  mintMetadata,
  pkidEntryCodec,
  pkidOfPublicKeyKey,
  type SpendingLimit,
  spendingLimitCodec,
  zeroSpendingLimit,
} from '../src/index.js';
import { account, notOnCurve, privateKeyOf } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { fromHex, MemoryView, toHex } from './support/memory-view.js';

const [owner, derived, creator, other, thirdKey] = [0, 1, 2, 3, 4].map(account) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const empty = new Uint8Array(0);
const authorize: AuthorizeDerivedKeyMetadata = {
  derivedPublicKey: derived,
  expirationBlock: 100n,
  operation: derivedKeyOperations.authorize,
  accessSignature: empty,
};
const limit = (fields: Partial<SpendingLimit>): SpendingLimit => ({ ...zeroSpendingLimit, ...fields });
const transfers = (count: bigint, creatorPkid = creator): DaoCoinOperationLimit => ({
  creatorPkid,
  operation: daoCoinLimitOperations.transfer,
  count,
});
const withLimit = (spendingLimit: SpendingLimit, rest: Readonly<Record<string, Uint8Array>> = {}): ExtraData =>
  extraDataEntries(
    new Map([[extraDataKeys.spendingLimit, spendingLimitCodec.encode(spendingLimit)], ...Object.entries(rest)]),
  );

interface Attempt {
  readonly publicKey: Uint8Array;
  readonly metadata: Partial<AuthorizeDerivedKeyMetadata>;
  readonly extraData: ExtraData;
  readonly signedBy: Uint8Array | undefined;
  readonly spendNanos: bigint;
  readonly blockHeight: number;
  readonly mode: 'strict' | 'deso';
}

let view: MemoryView;
beforeEach(() => {
  view = new MemoryView();
});

const verifyAccessSignature = (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean =>
  secp256k1.verify(signature, hash, publicKey, { prehash: false, format: 'der' });

function connect(attempt: Partial<Attempt> = {}): Promise<DaoCoinUndo> {
  const { publicKey = owner, metadata = {}, extraData = [], signedBy, spendNanos = 10n } = attempt;
  const authorization = { publicKey, metadata: { ...authorize, ...metadata }, extraData, signedBy, spendNanos };
  const { blockHeight = 20, mode = 'strict' } = attempt;
  return connectAuthorizeDerivedKey(view, authorization, { blockHeight, mode, forkHeight: 10, verifyAccessSignature });
}

function entry(derivedPublicKey = derived): DerivedKeyEntry | undefined {
  const stored = view.records.get(toHex(derivedKeyKey(owner, derivedPublicKey)));
  return stored === undefined ? undefined : derivedKeyEntryCodec.decode(stored);
}

/** The owner's signature that lets `key` authorize itself with this limit. */
const access = (spendingLimit: SpendingLimit, metadata: Partial<AuthorizeDerivedKeyMetadata> = {}): Uint8Array =>
  secp256k1.sign(accessHash({ ...authorize, ...metadata }, spendingLimitCodec.encode(spendingLimit)), privateKeyOf(0), {
    prehash: false,
    format: 'der',
  });

const use = (fields: Partial<DerivedKeyUse> = {}, blockHeight = 30): Promise<DaoCoinUndo> =>
  connectDerivedKeyUse(
    view,
    {
      ownerPublicKey: owner,
      derivedPublicKey: derived,
      spendNanos: 10n,
      action: {
        kind: 'dao-coin-transfer',
        metadata: { profilePublicKey: creator, receiverPublicKey: other, amount: 5n },
      },
      ...fields,
    },
    { blockHeight },
  );

async function codeOf(action: () => unknown): Promise<string> {
  const before = view.dump();
  const { code } = await failureOf(action);
  if (code !== 'none') expect(view.dump()).toEqual(before);
  return code;
}

test('the bytes of an entry, stored and as it enters the checksum', () => {
  const [o, d] = [toHex(owner), toHex(derived)];
  const stored: DerivedKeyEntry = {
    ownerPublicKey: owner,
    derivedPublicKey: derived,
    expirationBlock: 300n,
    operation: 1,
    extraData: [[Uint8Array.of(9), Uint8Array.of(8)]],
    spendingLimit: limit({
      globalDesoLimitNanos: 128n,
      transactionCounts: new Map([
        [22, 1n],
        [2, 3n],
      ]),
      daoCoinOperations: [transfers(4n), { ...transfers(5n, anyCreatorPkid), operation: daoCoinLimitOperations.any }],
    }),
    memo: Uint8Array.of(0x61),
  };
  const start = `21${o}21${d}ac020101010901080101`;
  const body = (tail: string): string =>
    `${start.slice(0, -2)}8001020203160100` + // DESO limit, two transaction counts, no creator coins
    `0221${'00'.repeat(33)}000521${toHex(creator)}0504` + // DAO coins, any first
    `0000${tail}0161`;
  for (const [version, tail] of [
    [0, ''],
    [1, '00'],
    [3, '00000000'],
    [4, '0000000000000000'],
  ] as const) {
    const encoded = derivedKeyEntryCodec.encode(stored, { spendingLimitVersion: version });
    expect(toHex(encoded)).toBe(`010c0${version}${body(tail)}`);
    expect(toHex(derivedKeyEntryCodec.encode(stored, { spendingLimitVersion: version, form: 'checksum' }))).toBe(
      `01${body(tail)}`,
    );
    const decoded = derivedKeyEntryCodec.decode(encoded);
    expect(toHex(derivedKeyEntryCodec.encode(decoded, { spendingLimitVersion: version }))).toBe(toHex(encoded));
    expect({ ...decoded, spendingLimit: undefined }).toEqual({ ...stored, spendingLimit: undefined });
  }
  expect(() => derivedKeyEntryCodec.decode(fromHex(`010c02${body('00000000')}`))).toThrow(
    expect.objectContaining({ code: 'DAO_COIN_MALFORMED_ENTRY' }),
  );
});

describe('authorize derived key', () => {
  test('stores the key with its limits and memo under prefix 59; a disconnect takes it back', async () => {
    const given = limit({ globalDesoLimitNanos: 50n, daoCoinOperations: [transfers(2n)] });
    const undo = await connect({ extraData: withLimit(given, { [extraDataKeys.derivedKeyMemo]: Uint8Array.of(1) }) });
    expect(toHex(undo.records[0]?.key ?? empty)).toBe(`3b${toHex(owner)}${toHex(derived)}`);
    expect(entry()).toMatchObject({
      expirationBlock: 100n,
      operation: 1,
      spendingLimit: given,
      memo: Uint8Array.of(1),
    });
    await disconnectDaoCoin(view, daoCoinUndoCodec.decode(daoCoinUndoCodec.encode(undo)));
    expect(view.dump()).toEqual([]);
  });

  test('a second authorization replaces counts, removes those of zero, keeps the others and sets the DESO limit', async () => {
    await connect({
      extraData: withLimit(
        limit({
          globalDesoLimitNanos: 50n,
          transactionCounts: new Map([
            [2, 1n],
            [6, 2n],
          ]),
          daoCoinOperations: [transfers(2n), transfers(3n, other)],
          otherLimits: { lockups: [[new Uint8Array(35), 9n]] },
        }),
        { [extraDataKeys.derivedKeyMemo]: Uint8Array.of(1), aa: Uint8Array.of(2), bb: Uint8Array.of(3) },
      ),
    });
    await connect({
      metadata: { expirationBlock: 90n },
      extraData: withLimit(
        limit({
          transactionCounts: new Map([[2, 0n]]),
          daoCoinOperations: [transfers(7n), transfers(0n, other), transfers(1n, owner)],
          otherLimits: { lockups: [[new Uint8Array(35), 0n]] },
        }),
        { aa: empty },
      ),
    });
    expect(entry()).toMatchObject({
      expirationBlock: 90n,
      memo: Uint8Array.of(1),
      spendingLimit: limit({
        transactionCounts: new Map([[6, 2n]]),
        daoCoinOperations: [transfers(1n, owner), transfers(7n)],
      }),
    });
    const kept = entry()?.extraData.map(([key]) => toHex(key)) ?? [];
    expect(kept).toContain('bb');
    expect(kept).not.toContain('aa');
  });

  test('without a limit the old one stays', async () => {
    await connect({ extraData: withLimit(limit({ globalDesoLimitNanos: 50n })) });
    await connect({ metadata: { expirationBlock: 50n } });
    expect(entry()).toMatchObject({ expirationBlock: 50n, spendingLimit: { globalDesoLimitNanos: 50n } });
  });

  const rules: readonly (readonly [string, Partial<Attempt>])[] = [
    ['DAO_COIN_DERIVED_KEY_BEFORE_FORK', { blockHeight: 9 }],
    ['DAO_COIN_DERIVED_KEY_UNKNOWN_OPERATION', { metadata: { operation: 2 } }],
    ['DAO_COIN_DERIVED_KEY_EXPIRED', { metadata: { expirationBlock: 9n } }],
    ['DAO_COIN_DERIVED_KEY_OWNER_INVALID', { publicKey: notOnCurve }],
    ['DAO_COIN_DERIVED_KEY_INVALID', { metadata: { derivedPublicKey: notOnCurve } }],
  ];

  test.each(rules)('%s is its own error, and comes before those after it', async (code, broken) => {
    expect(await codeOf(() => connect(broken))).toBe(code);
    for (const [, later] of rules.slice(rules.findIndex(([name]) => name === code) + 1)) {
      const both = { ...later, ...broken, metadata: { ...later.metadata, ...broken.metadata } };
      expect(await codeOf(() => connect(both))).toBe(code);
    }
  });

  test('an expiration at the block itself is too early, one block later is not', async () => {
    expect(await codeOf(() => connect({ metadata: { expirationBlock: 20n } }))).toBe('DAO_COIN_DERIVED_KEY_EXPIRED');
    expect(await codeOf(() => connect({ metadata: { expirationBlock: 21n } }))).toBe('none');
  });

  test('a revoked key never comes back', async () => {
    await connect({ extraData: withLimit(limit({ daoCoinOperations: [transfers(1n)] })) });
    await connect({ metadata: { operation: derivedKeyOperations.revoke } });
    expect(entry()?.operation).toBe(0);
    expect(await codeOf(() => use())).toBe('DAO_COIN_DERIVED_KEY_NOT_AUTHORIZED');
    for (const operation of [0, 1]) {
      expect(await codeOf(() => connect({ metadata: { operation } }))).toBe('DAO_COIN_DERIVED_KEY_REVOKED');
    }
  });

  test('a limit that does not decode, and an unlimited one with limits, are refused', async () => {
    const spoiled = extraDataEntries(new Map([[extraDataKeys.spendingLimit, Uint8Array.of(1)]]));
    expect(await codeOf(() => connect({ extraData: spoiled }))).toBe('DAO_COIN_MALFORMED_SPENDING_LIMIT');
    for (const fields of [
      { globalDesoLimitNanos: 1n },
      { transactionCounts: new Map([[2, 1n]]) },
      { daoCoinOperations: [transfers(1n)] },
      { otherLimits: { lockups: [[new Uint8Array(35), 1n]] } } as const,
    ]) {
      const extraData = withLimit(limit({ isUnlimited: true, ...fields }));
      expect(await codeOf(() => connect({ extraData }))).toBe('DAO_COIN_DERIVED_KEY_UNLIMITED_WITH_LIMITS');
    }
  });

  test('an unlimited key pays nothing; made limited again it has its old limits', async () => {
    await connect({ extraData: withLimit(limit({ daoCoinOperations: [transfers(1n)] })) });
    await connect({ extraData: withLimit(limit({ isUnlimited: true })) });
    for (let count = 0; count < 3; count++) expect((await use({ spendNanos: 10n ** 18n })).records).toEqual([]);
    await connect({ extraData: withLimit(limit({ globalDesoLimitNanos: 10n })) });
    await use();
    expect(await codeOf(() => use({ spendNanos: 0n }))).toBe('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT');
  });
});

describe('an authorization that a derived key signs', () => {
  const given = limit({ globalDesoLimitNanos: 15n, transactionCounts: new Map([[22, 1n]]) });
  const bySelf = (): Partial<Attempt> => ({
    signedBy: derived,
    extraData: withLimit(given),
    metadata: { accessSignature: access(given) },
  });

  test("needs the owner's access signature, and pays from the limits that it brings", async () => {
    await connect(bySelf());
    expect(entry()?.spendingLimit).toMatchObject({ globalDesoLimitNanos: 5n, transactionCounts: new Map() });
  });

  test.each<[string, () => Partial<Attempt>]>([
    ['without a limit', () => ({ extraData: [] })],
    ['without a signature', () => ({ metadata: {} })],
    ['with a signature of another limit', () => ({ metadata: { accessSignature: access(limit({})) } })],
    ['with a signature of another expiration', () => ({ metadata: { ...bySelf().metadata, expirationBlock: 101n } })],
    [
      "with another key's signature",
      () => ({
        metadata: {
          accessSignature: secp256k1.sign(accessHash(authorize, spendingLimitCodec.encode(given)), privateKeyOf(1), {
            prehash: false,
            format: 'der',
          }),
        },
      }),
    ],
  ])('%s is refused', async (_name, change) => {
    expect(await codeOf(() => connect({ ...bySelf(), ...change() }))).toBe('DAO_COIN_DERIVED_KEY_ACCESS_SIGNATURE');
  });

  test('is refused whole when its limits do not pay for it', async () => {
    expect(await codeOf(() => connect({ ...bySelf(), spendNanos: 16n }))).toBe('DAO_COIN_DERIVED_KEY_DESO_LIMIT');
    const noneLeft = limit({ globalDesoLimitNanos: 15n });
    const attempt = { ...bySelf(), extraData: withLimit(noneLeft), metadata: { accessSignature: access(noneLeft) } };
    expect(await codeOf(() => connect(attempt))).toBe('DAO_COIN_DERIVED_KEY_TYPE_LIMIT');
  });

  test('of another key is charged to the signer', async () => {
    await connect(bySelf());
    const third = { derivedPublicKey: thirdKey };
    const attempt = {
      signedBy: derived,
      extraData: withLimit(given),
      metadata: { ...third, accessSignature: access(given, third) },
    };
    expect(await codeOf(() => connect({ ...attempt, spendNanos: 1n }))).toBe('DAO_COIN_DERIVED_KEY_TYPE_LIMIT');
    view = new MemoryView();
    const two = limit({ globalDesoLimitNanos: 15n, transactionCounts: new Map([[22, 2n]]) });
    await connect({ ...bySelf(), extraData: withLimit(two), metadata: { accessSignature: access(two) } });
    await connect({ ...attempt, spendNanos: 1n });
    expect(entry()?.spendingLimit).toMatchObject({ globalDesoLimitNanos: 4n, transactionCounts: new Map() });
    expect(entry(thirdKey)?.spendingLimit).toEqual(given);
  });

  test('hole: an access signature says nothing of when, so in deso mode it refills spent limits for ever', async () => {
    const refill = limit({
      globalDesoLimitNanos: 20n,
      transactionCounts: new Map([[22, 1n]]),
      daoCoinOperations: [transfers(1n)],
    });
    const attempt = { signedBy: derived, extraData: withLimit(refill), metadata: { accessSignature: access(refill) } };
    await connect({ ...attempt, mode: 'deso' });
    for (let round = 0; round < 3; round++) {
      await use();
      expect(await codeOf(() => use({ spendNanos: 0n }))).toBe('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT');
      expect(await codeOf(() => connect(attempt))).toBe('DAO_COIN_DERIVED_KEY_REAUTHORIZED');
      await connect({ ...attempt, mode: 'deso' });
    }
    // The owner may, in both modes.
    await connect({ extraData: withLimit(refill) });
  });

  test('may revoke the signer; the charge comes first', async () => {
    const attempt = { ...bySelf(), metadata: { ...bySelf().metadata, operation: 0 } };
    const undo = await connect(attempt);
    expect(entry()).toMatchObject({ operation: 0, spendingLimit: { globalDesoLimitNanos: 5n } });
    expect(undo.records.length).toBe(1);
    await disconnectDaoCoin(view, undo);
    expect(view.dump()).toEqual([]);
  });
});

describe('a use of a derived key', () => {
  const allow = (fields: Partial<SpendingLimit>): Promise<DaoCoinUndo> =>
    connect({ extraData: withLimit(limit({ globalDesoLimitNanos: 100n, ...fields })) });

  test('takes one from the count and the spending from the DESO limit; a disconnect gives both back', async () => {
    await allow({ daoCoinOperations: [transfers(2n)] });
    const before = view.dump();
    const undo = await use({ spendNanos: 30n });
    expect(entry()?.spendingLimit).toMatchObject({ globalDesoLimitNanos: 70n, daoCoinOperations: [transfers(1n)] });
    await use({ spendNanos: 70n });
    expect(entry()?.spendingLimit).toMatchObject({ globalDesoLimitNanos: 0n, daoCoinOperations: [] });
    expect(await codeOf(() => disconnectDaoCoin(view, undo))).toBe('DAO_COIN_UNDO_MISMATCH');
    view = new MemoryView();
    await allow({ daoCoinOperations: [transfers(2n)] });
    await disconnectDaoCoin(view, await use({ spendNanos: 30n }));
    expect(view.dump()).toEqual(before);
  });

  test.each([
    ['this coin, this operation', [creator, 5]],
    ['this coin, any operation', [creator, 0]],
    ['any coin, this operation', [anyCreatorPkid, 5]],
    ['any coin, any operation', [anyCreatorPkid, 0]],
  ] as const)('narrower limits are spent first: %s', async (_name, [creatorPkid, operation]) => {
    const order = [
      [creator, 5],
      [creator, 0],
      [anyCreatorPkid, 5],
      [anyCreatorPkid, 0],
    ] as const;
    const from = order.findIndex(([pkid, allowed]) => pkid === creatorPkid && allowed === operation);
    const left = order.slice(from).map(([pkid, allowed]) => ({ creatorPkid: pkid, operation: allowed, count: 1n }));
    await allow({ daoCoinOperations: left });
    await use();
    const remaining = entry()?.spendingLimit?.daoCoinOperations ?? [];
    expect(remaining).toHaveLength(left.length - 1);
    expect(remaining).toEqual(expect.arrayContaining(left.slice(1)));
  });

  test('limits go by the PKID of the profile, not by its public key', async () => {
    view.set(pkidOfPublicKeyKey(creator), pkidEntryCodec.encode({ pkid: other, publicKey: creator }));
    await allow({ daoCoinOperations: [transfers(1n, other)] });
    await use();
    await allow({ daoCoinOperations: [transfers(1n, creator)] });
    expect(await codeOf(() => use())).toBe('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT');
  });

  test('each operation needs its own limit', async () => {
    const operations = [
      daoCoinLimitOperations.mint,
      daoCoinLimitOperations.burn,
      daoCoinLimitOperations.disableMinting,
      daoCoinLimitOperations.updateTransferRestriction,
    ];
    for (const [operation, allowed] of operations.entries()) {
      for (const granted of operations) {
        view = new MemoryView();
        await allow({ daoCoinOperations: [{ creatorPkid: creator, operation: granted, count: 1n }] });
        const metadata = { ...mintMetadata(creator, 0n), operation };
        const code = await codeOf(() => use({ action: { kind: 'dao-coin', metadata } }));
        expect([operation, granted, code]).toEqual([
          operation,
          granted,
          granted === allowed ? 'none' : 'DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT',
        ]);
      }
    }
    const metadata = { ...mintMetadata(creator, 0n), operation: 4 };
    expect(await codeOf(() => use({ action: { kind: 'dao-coin', metadata } }))).toBe('DAO_COIN_UNKNOWN_OPERATION');
  });

  test('a profile key of a wrong length is left to the rules of the transaction', async () => {
    const metadata = mintMetadata(creator.subarray(1), 1n);
    await allow({ daoCoinOperations: [{ creatorPkid: creator, operation: 1, count: 1n }] });
    expect(await codeOf(() => use({ action: { kind: 'dao-coin', metadata } }))).toBe(
      'DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT',
    );
    await allow({ daoCoinOperations: [{ creatorPkid: anyCreatorPkid, operation: 1, count: 1n }] });
    expect(await codeOf(() => use({ action: { kind: 'dao-coin', metadata } }))).toBe('none');
  });

  test('other transactions are counted by their type', async () => {
    await allow({
      transactionCounts: new Map([
        [2, 1n],
        [6, 2n],
      ]),
    });
    const transaction = (transactionType: number): Promise<string> =>
      codeOf(() => use({ action: { kind: 'other', transactionType } }));
    expect(await transaction(2)).toBe('none');
    expect(await transaction(2)).toBe('DAO_COIN_DERIVED_KEY_TYPE_LIMIT');
    expect(await transaction(24)).toBe('DAO_COIN_DERIVED_KEY_TYPE_LIMIT');
    expect(await transaction(6)).toBe('none');
    expect(entry()?.spendingLimit?.transactionCounts).toEqual(new Map([[6, 1n]]));
  });

  test.each([
    ['an unknown key', { derivedPublicKey: thirdKey }, 30],
    ["another owner's key", { ownerPublicKey: other }, 30],
    ['a key at its expiration', {}, 100],
  ] as const)('%s is not authorized', async (_name, fields, blockHeight) => {
    await allow({ daoCoinOperations: [transfers(2n)] });
    expect(await codeOf(() => use(fields, blockHeight))).toBe('DAO_COIN_DERIVED_KEY_NOT_AUTHORIZED');
    expect(await codeOf(() => use({}, 99))).toBe('none');
  });

  test('an entry without a limit authorizes nothing, one under a foreign key is corrupt', async () => {
    await connect();
    const stored = { ...(entry() as DerivedKeyEntry), spendingLimit: undefined };
    view.set(derivedKeyKey(owner, derived), derivedKeyEntryCodec.encode(stored));
    expect(await codeOf(() => use())).toBe('DAO_COIN_DERIVED_KEY_NOT_AUTHORIZED');
    view.set(derivedKeyKey(owner, thirdKey), derivedKeyEntryCodec.encode(stored));
    expect(await codeOf(() => use({ derivedPublicKey: thirdKey }))).toBe('DAO_COIN_CORRUPT_STATE');
  });

  test('the DESO limit is checked before the operation', async () => {
    await allow({});
    expect(await codeOf(() => use({ spendNanos: 101n }))).toBe('DAO_COIN_DERIVED_KEY_DESO_LIMIT');
    expect(await codeOf(() => use({ spendNanos: 100n }))).toBe('DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT');
  });
});
