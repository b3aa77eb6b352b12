import { describe, expect, test } from '@jest/globals';
import { createEntryCodecs, type EntryCodec, encoderMigrations, encoderParams } from '../src/index.js';
import { coinAfter, coinBefore, samples } from './support/entry-samples.js';
import { type EntryParts, spell } from './support/go-layout.js';
import { bytes, hex, thrownBy } from './support/hex.js';

const { mainnet, testnet, regtest } = encoderParams;
const codecs = createEntryCodecs({ params: mainnet });
const { balanceModel, proofOfStake1StateSetup } = mainnet.migrationHeights;
const sampleOf = (name: string): never => samples.findLast((sample) => sample.name === name)?.value as never;
/** The version byte of an entry that has a one-byte type. */
const version = (encoded: Uint8Array) => encoded[2];

describe('the version of an entry', () => {
  test.each([
    ['PostEntry', [0, 0, 2, 2, 2]],
    ['CoinEntry', [0, 0, 0, 0, 4]],
    ['GlobalParamsEntry', [0, 0, 0, 3, 4]],
    ['DerivedKeyEntry', [0, 1, 2, 3, 4]],
    ['ProfileEntry', [0, 0, 0, 0, 0]],
    ['BalanceEntry', [0, 0, 0, 0, 0]],
  ] as const)('%s follows the migrations that change it', (name, expected) => {
    for (const params of [mainnet, testnet]) {
      const heights = [0, ...encoderMigrations.map((migration) => params.migrationHeights[migration])];
      const codec = createEntryCodecs({ params })[name];
      expect(heights.map((height) => version(codec.encode(sampleOf(name), { height })))).toEqual(expected);
      const before = heights.slice(1).map((height) => version(codec.encode(sampleOf(name), { height: height - 1 })));
      expect(before).toEqual(expected.slice(0, -1));
    }
  });

  test('is the newest where several migrations begin at one height', () => {
    const derivedKey = createEntryCodecs({ params: regtest }).DerivedKeyEntry;
    const value = sampleOf('DerivedKeyEntry');
    expect([0, 1, 2].map((height) => version(derivedKey.encode(value, { height })))).toEqual([2, 4, 4]);
  });

  test('is read with the layout of the height at which it begins', () => {
    // On regtest version 3 begins together with version 4, so its entries have the fields of version 4.
    const { DerivedKeyEntry } = createEntryCodecs({ params: regtest });
    const encoded = DerivedKeyEntry.encode(sampleOf('DerivedKeyEntry'), { height: 1 });
    encoded[2] = 3;
    expect(DerivedKeyEntry.decode(encoded)).toEqual(
      DerivedKeyEntry.decode(DerivedKeyEntry.encode(sampleOf('DerivedKeyEntry'), { height: 1 })),
    );
    const onMainnet = codecs.DerivedKeyEntry.encode(sampleOf('DerivedKeyEntry'), { height: proofOfStake1StateSetup });
    onMainnet[2] = 3;
    expect(thrownBy(() => codecs.DerivedKeyEntry.decode(onMainnet)).code).toMatch(/^WIRE_/);
  });
});

describe('the layout', () => {
  const { unlimitedDerivedKeys, associationsAndAccessGroups } = mainnet.migrationHeights;

  test.each([
    // Up to the limit orders; with the unlimited flag; with associations and access groups; nothing new; with lockups and stakes.
    ['DerivedKeyEntry', 0, 0, 12],
    ['DerivedKeyEntry', 1, unlimitedDerivedKeys, 13],
    ['DerivedKeyEntry', 2, associationsAndAccessGroups, 16],
    ['DerivedKeyEntry', 3, balanceModel, 16],
    ['DerivedKeyEntry', 4, proofOfStake1StateSetup, 20],
    ['GlobalParamsEntry', 0, 0, 5],
    ['GlobalParamsEntry', 3, balanceModel, 6],
    ['GlobalParamsEntry', 4, proofOfStake1StateSetup, 29],
    ['PostEntry', 0, 0, 27],
    ['PostEntry', 2, associationsAndAccessGroups, 28],
  ] as const)('of %s in version %i', (name, expected, height, count) => {
    const type = samples.findLast((sample) => sample.name === name)?.parts as EntryParts;
    const end = name === 'DerivedKeyEntry' ? type.parts.slice(20) : [];
    const parts = { ...type, version: expected, parts: [...type.parts.slice(0, count), ...end] };
    const codec = codecs[name] as EntryCodec<unknown>;
    for (const form of ['stored', 'checksum'] as const) {
      expect(hex(codec.encode(sampleOf(name), { height, form }))).toBe(spell(parts, form));
      expect(hex(codec.encode(codec.decode(bytes(spell(parts, form)), { form, height }), { height, form }))).toBe(
        spell(parts, form),
      );
    }
  });
});

test('a stored entry keeps its version; what is nested in it has one of its own', () => {
  const old = bytes(spell(coinBefore.parts, 'stored'));
  expect(codecs.CoinEntry.decode(old)).toEqual({ ...coinAfter.value, lockupTransferRestriction: 0 });
  const profile = codecs.ProfileEntry.encode(sampleOf('ProfileEntry'), { height: proofOfStake1StateSetup });
  const before = codecs.ProfileEntry.encode(sampleOf('ProfileEntry'), { height: proofOfStake1StateSetup - 1 });
  expect([version(profile), version(before)]).toEqual([0, 0]);
  expect(profile.length - before.length).toBe(2);
  expect(codecs.ProfileEntry.decode(before)?.daoCoin.lockupTransferRestriction).toBe(0);
  expect(codecs.ProfileEntry.decode(profile)?.daoCoin.lockupTransferRestriction).toBe(3);
});

test('parameters that a layout lacks are left out, and read as zero', () => {
  const value = sampleOf('GlobalParamsEntry');
  const lengths = [0, balanceModel, proofOfStake1StateSetup].map(
    (height) => codecs.GlobalParamsEntry.encode(value, { height, form: 'checksum' }).length,
  );
  expect(lengths).toEqual([6, 7, 30]);
  const old = codecs.GlobalParamsEntry.decode(codecs.GlobalParamsEntry.encode(value, { height: balanceModel }));
  expect(old).toMatchObject({ maxNonceExpirationBlockHeightOffset: 6n, stakeLockupEpochDuration: 0n });
});

describe('a WireError', () => {
  const coin = spell(coinAfter.parts, 'stored');

  test.each([
    ['another encoder type', coin.replace(/^0112/, '0111'), 'WIRE_INVALID_VALUE'],
    ['an encoder type beyond 32 bits', coin.replace(/^0112/, '01ffffffffff1f'), 'WIRE_INVALID_VALUE'],
    ['a version that the type does not have', coin.replace(/^011204/, '011203'), 'WIRE_INVALID_VALUE'],
    ['a version that nothing has', coin.replace(/^011204/, '011205'), 'WIRE_INVALID_VALUE'],
    ['a version beyond a byte', coin.replace(/^011204/, '01128002'), 'WIRE_LIMIT_EXCEEDED'],
    ['no bytes', '', 'WIRE_TRUNCATED'],
    ['a missing end', coin.slice(0, -2), 'WIRE_TRUNCATED'],
    ['bytes after the end', `${coin}00`, 'WIRE_TRAILING_BYTES'],
    ['bytes after nothing', '0000', 'WIRE_TRAILING_BYTES'],
    ['a number that is missing where there must be one', '0112040102030000', 'WIRE_INVALID_VALUE'],
    ['a number of more than 256 bits', `0112040102030121${'01'.repeat(33)}`, 'WIRE_LIMIT_EXCEEDED'],
  ])('tells of %s', (_what, encoded, code) => {
    expect(thrownBy(() => codecs.CoinEntry.decode(bytes(encoded)))).toMatchObject({ name: 'WireError', code });
  });

  test.each([
    ['a coin that is missing', 'ProfileEntry', `011500${'00'.repeat(5)}00`, 'WIRE_INVALID_VALUE'],
    ['a PKID of another length', 'PKIDEntry', `01140001190020${'00'.repeat(32)}00`, 'WIRE_INVALID_VALUE'],
    ['a hash of another length', 'BlockHash', `011b001f${'00'.repeat(31)}`, 'WIRE_INVALID_VALUE'],
    [
      'a key twice',
      'PostAssociationEntry',
      '011f00000000000000020161000161 0000'.replace(' ', ''),
      'WIRE_INVALID_VALUE',
    ],
    ['a count of items that cannot be there', 'NFTBidEntryBundle', '010b00ffff03', 'WIRE_TRUNCATED'],
    ['a count beyond all numbers', 'NFTBidEntryBundle', `010b00${'ff'.repeat(10)}`, 'WIRE_VARINT_OVERFLOW'],
  ] as const)('tells of %s', (_what, name, encoded, code) => {
    expect(thrownBy(() => codecs[name].decode(bytes(encoded)))).toMatchObject({
      name: 'WireError',
      code,
      details: { reading: name },
    });
  });
});

describe('limits', () => {
  test('bound a value before anything is read of it', () => {
    const small = createEntryCodecs({ params: mainnet, limits: { maxValueBytes: 100 } });
    const post = codecs.PostEntry.encode(sampleOf('PostEntry'), { height: 0 });
    expect(small.PostEntry.maxBytes).toBe(100);
    expect(thrownBy(() => small.PostEntry.decode(post))).toMatchObject({ code: 'WIRE_LIMIT_EXCEEDED' });
    expect(() => small.PostEntry.encode(sampleOf('PostEntry'), { height: 0 })).toThrow(RangeError);
    expect(thrownBy(() => small.MessageEntry.decode(bytes(`010300${'00'.repeat(2)}ff7f`)))).toMatchObject({
      code: 'WIRE_LIMIT_EXCEEDED',
    });
  });

  test('bound the items of a value', () => {
    const small = createEntryCodecs({ params: mainnet, limits: { maxItems: 1 } });
    const bundle = codecs.NFTBidEntryBundle.encode(sampleOf('NFTBidEntryBundle'), { height: 0 });
    expect(thrownBy(() => small.NFTBidEntryBundle.decode(bundle))).toMatchObject({ code: 'WIRE_LIMIT_EXCEEDED' });
  });

  test.each([{ maxValueBytes: 0 }, { maxItems: 1.5 }, { maxItems: 2 ** 32 }])('are positive integers: %p', (limits) => {
    expect(() => createEntryCodecs({ params: mainnet, limits })).toThrow(RangeError);
  });
});

test.each([
  { ...mainnet.migrationHeights, balanceModel: 1 },
  { ...mainnet.migrationHeights, unlimitedDerivedKeys: -1 },
  { ...mainnet.migrationHeights, proofOfStake1StateSetup: 1e300 },
])('migrations come in the order of their versions', (migrationHeights) => {
  expect(() => createEntryCodecs({ params: { migrationHeights } })).toThrow(RangeError);
});

test('a value that a field cannot have is refused', () => {
  const encode = (change: object) => () =>
    codecs.BalanceEntry.encode({ ...(sampleOf('BalanceEntry') as object), ...change } as never, { height: 0 });
  expect(encode({})).not.toThrow();
  expect(encode({ balance: 2n ** 256n })).toThrow(RangeError);
  expect(encode({ balance: -1n })).toThrow(RangeError);
  expect(encode({ balance: undefined })).toThrow(RangeError);
  expect(encode({ holderPkid: new Uint8Array(32) })).toThrow(RangeError);
  const post = { ...(sampleOf('PostEntry') as object) };
  expect(() => codecs.PostEntry.encode({ ...post, confirmationBlockHeight: 2 ** 32 } as never, { height: 0 })).toThrow(
    RangeError,
  );
  expect(() =>
    codecs.PostEntry.encode({ ...post, extraData: new Map([['AA', new Uint8Array(0)]]) } as never, { height: 0 }),
  ).toThrow(TypeError);
  const coin = { ...coinAfter.value, transferRestriction: 256 };
  expect(() => codecs.CoinEntry.encode(coin, { height: 0 })).toThrow(RangeError);
  const limit = { transactionType: 1n, limit: 1n };
  const key = sampleOf('DerivedKeyEntry') as { spendingLimit: object };
  const twice = { ...key, spendingLimit: { ...key.spendingLimit, transactionCounts: [limit, limit] } };
  expect(() => codecs.DerivedKeyEntry.encode(twice as never, { height: 0 })).toThrow(RangeError);
  expect(() => codecs.CoinEntry.encode(coinAfter.value, { height: -1 })).toThrow(RangeError);
  expect(hex(codecs.CoinEntry.encode(coinAfter.value, { height: 0 }))).toBe(spell(coinBefore.parts, 'stored'));
});
