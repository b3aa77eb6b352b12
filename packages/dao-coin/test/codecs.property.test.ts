import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AuthorizeDerivedKeyMetadata,
  atomicMetadataCodec,
  authorizeDerivedKeyMetadataCodec,
  type BalanceEntry,
  balanceEntryCodec,
  type CoinEntry,
  coinEntryCodec,
  type DaoCoinMetadata,
  type DaoCoinTransferMetadata,
  type DaoCoinUndo,
  type DerivedKeyEntry,
  daoCoinMetadataCodec,
  daoCoinTransferMetadataCodec,
  daoCoinUndoCodec,
  derivedKeyEntryCodec,
  maxUint256,
  type PkidEntry,
  type ProfileEntry,
  pkidEntryCodec,
  profileEntryCodec,
  type SpendingLimit,
  spendingLimitCodec,
} from '../src/index.js';
import { toHex } from './support/memory-view.js';

interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const pkid = fc.uint8Array({ minLength: 33, maxLength: 33 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint256 = fc.oneof(fc.bigInt({ min: 0n, max: maxUint256 }), fc.constantFrom(0n, 1n, 255n, 256n, maxUint256));
const byte = fc.integer({ min: 0, max: 255 });

const coinEntry: fc.Arbitrary<CoinEntry> = fc.record({
  creatorBasisPoints: uint64,
  desoLockedNanos: uint64,
  numberOfHolders: uint64,
  coinsInCirculation: uint256,
  coinWatermarkNanos: uint64,
  isMintingDisabled: fc.boolean(),
  transferRestriction: byte,
  lockupTransferRestriction: byte,
});
const balanceEntry: fc.Arbitrary<BalanceEntry> = fc.record({
  holderPkid: pkid,
  creatorPkid: pkid,
  balance: uint256,
  hasPurchased: fc.boolean(),
});
const pkidEntry: fc.Arbitrary<PkidEntry> = fc.record({ pkid, publicKey: bytes(40) });
const extraData = fc
  .uniqueArray(fc.tuple(bytes(5), bytes(5)), { maxLength: 5, selector: ([key]) => toHex(key) })
  .map((pairs) => pairs.sort(([left], [right]) => (toHex(left) < toHex(right) ? -1 : 1)));
const profileEntry: fc.Arbitrary<ProfileEntry> = fc.record({
  publicKey: bytes(40),
  username: bytes(30),
  description: bytes(300),
  profilePic: bytes(300),
  isHidden: fc.boolean(),
  creatorCoinEntry: coinEntry,
  daoCoinEntry: coinEntry,
  extraData,
});
const metadata: fc.Arbitrary<DaoCoinMetadata> = fc.record({
  profilePublicKey: bytes(40),
  operation: byte,
  coinsToMint: uint256,
  coinsToBurn: uint256,
  transferRestriction: byte,
});
const transferMetadata: fc.Arbitrary<DaoCoinTransferMetadata> = fc.record({
  profilePublicKey: bytes(40),
  amount: uint256,
  receiverPublicKey: bytes(40),
});
const authorization: fc.Arbitrary<AuthorizeDerivedKeyMetadata> = fc.record({
  derivedPublicKey: bytes(40),
  expirationBlock: uint64,
  operation: byte,
  accessSignature: bytes(80),
});
const spendingLimit: fc.Arbitrary<SpendingLimit> = fc.record({
  globalDesoLimitNanos: uint64,
  transactionCounts: fc
    .array(fc.tuple(fc.nat(300), uint64), { maxLength: 4 })
    .map((counts) => new Map(counts.sort(([left], [right]) => left - right))),
  daoCoinOperations: fc
    .uniqueArray(fc.record({ creatorPkid: pkid, operation: fc.nat(127), count: uint64 }), {
      maxLength: 4,
      selector: ({ creatorPkid, operation }) => `${toHex(creatorPkid)} ${operation}`,
    })
    .map((limits) => limits.sort((left, right) => (limitName(left) < limitName(right) ? -1 : 1))),
  isUnlimited: fc.boolean(),
  otherLimits: fc.oneof(
    fc.constant({}),
    uint64.map((count) => ({
      creatorCoinOperations: [[Uint8Array.of(1, 7, 2), count]],
      nftOperations: [[Uint8Array.of(1, 7, 0x80, 1, 2), count]],
      daoCoinLimitOrders: [[new Uint8Array(66), count]],
      associations: [[Uint8Array.of(1, 1, 7, ...new Uint8Array(33), 2, 3), count]],
      accessGroups: [[Uint8Array.of(1, 7, 2, 1, 7, 3), count]],
      accessGroupMembers: [[Uint8Array.of(0, 2, 0, 3), count]],
      lockups: [[new Uint8Array(35), count]],
    })),
  ) as fc.Arbitrary<SpendingLimit['otherLimits']>,
});
const derivedKeyEntry: fc.Arbitrary<DerivedKeyEntry> = fc.record({
  ownerPublicKey: pkid,
  derivedPublicKey: pkid,
  expirationBlock: uint64,
  operation: byte,
  extraData,
  spendingLimit: fc.option(spendingLimit, { nil: undefined }),
  memo: bytes(20),
});
const undo: fc.Arbitrary<DaoCoinUndo> = fc.record({
  records: fc.array(
    fc.record({
      key: bytes(70),
      before: fc.option(bytes(20), { nil: undefined }),
      after: fc.option(bytes(20), { nil: undefined }),
    }),
    { maxLength: 5 },
  ),
});

function limitName({ creatorPkid, operation }: { creatorPkid: Uint8Array; operation: number }): string {
  return toHex(Uint8Array.of(...creatorPkid, operation));
}

const codecs: readonly { name: string; codec: Codec<unknown>; values: fc.Arbitrary<unknown>; code: string }[] = [
  { name: 'CoinEntry', codec: coinEntryCodec as Codec<unknown>, values: coinEntry, code: 'ENTRY' },
  { name: 'BalanceEntry', codec: balanceEntryCodec as Codec<unknown>, values: balanceEntry, code: 'ENTRY' },
  { name: 'PKIDEntry', codec: pkidEntryCodec as Codec<unknown>, values: pkidEntry, code: 'ENTRY' },
  { name: 'ProfileEntry', codec: profileEntryCodec as Codec<unknown>, values: profileEntry, code: 'ENTRY' },
  { name: 'metadata', codec: daoCoinMetadataCodec as Codec<unknown>, values: metadata, code: 'METADATA' },
  {
    name: 'transfer metadata',
    codec: daoCoinTransferMetadataCodec as Codec<unknown>,
    values: transferMetadata,
    code: 'METADATA',
  },
  { name: 'DerivedKeyEntry', codec: derivedKeyEntryCodec as Codec<unknown>, values: derivedKeyEntry, code: 'ENTRY' },
  {
    name: 'spending limit',
    codec: spendingLimitCodec as Codec<unknown>,
    values: spendingLimit,
    code: 'SPENDING_LIMIT',
  },
  {
    name: 'authorize derived key metadata',
    codec: authorizeDerivedKeyMetadataCodec as Codec<unknown>,
    values: authorization,
    code: 'METADATA',
  },
  {
    name: 'atomic transactions metadata',
    codec: atomicMetadataCodec as Codec<unknown>,
    values: fc.array(bytes(60), { minLength: 1, maxLength: 32 }),
    code: 'METADATA',
  },
  { name: 'undo data', codec: daoCoinUndoCodec as Codec<unknown>, values: undo, code: 'UNDO' },
];

/** What decoding gives: a value that encodes stably, or the typed error. Anything else is thrown. */
function outcome(codec: Codec<unknown>, input: Uint8Array): string {
  let value: unknown;
  try {
    value = codec.decode(input);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
  const encoded = codec.encode(value);
  expect(toHex(codec.encode(codec.decode(encoded)))).toBe(toHex(encoded));
  return 'decoded';
}

describe.each(codecs)('$name', ({ codec, values, code }) => {
  const malformed = `DAO_COIN_MALFORMED_${code}`;

  test('decode is the inverse of encode', () => {
    fc.assert(fc.property(values, (value) => expect(codec.decode(codec.encode(value))).toEqual(value)));
  });

  test('every truncation and every trailing byte is the typed error', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const encoded = codec.encode(value);
        expect(outcome(codec, encoded.subarray(0, at % encoded.length))).toBe(malformed);
        expect(outcome(codec, Uint8Array.of(...encoded, 0))).toBe(malformed);
      }),
    );
  });

  test('damaged and random bytes decode to something stable or are the typed error', () => {
    const damage = fc.array(fc.tuple(fc.nat(), byte), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, damage, bytes(60), (value, changes, random) => {
        const damaged = codec.encode(value);
        for (const [at, replacement] of changes) damaged[at % damaged.length] = replacement;
        for (const input of [damaged, random]) expect(['decoded', malformed]).toContain(outcome(codec, input));
      }),
      { numRuns: 500 },
    );
  });
});

test('a coin entry written with version 0 decodes with no lockup transfer restriction', () => {
  fc.assert(
    fc.property(coinEntry, (entry) => {
      const old = { ...entry, lockupTransferRestriction: 0 };
      expect(coinEntryCodec.decode(coinEntryCodec.encode(old, { coinEntryVersion: 0 }))).toEqual(old);
    }),
  );
});
