import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  balanceEntryCodec,
  baseUnitsPerCoin,
  coinEntryCodec,
  daoCoinMetadataCodec,
  daoCoinOperations,
  daoCoinTransactionTypes,
  daoCoinTransferMetadataCodec,
  desoHeights,
  maxUint256,
  pkidEntryCodec,
  profileEntryCodec,
  transferRestrictions,
  zeroCoinEntry,
} from '../src/index.js';
import { fromHex, toHex } from './support/memory-view.js';

interface Vectors {
  p: string;
  metadata: { name: string; operation: number; mint: string; burn: string; restriction: number; bytes: string }[];
  transfer: { amount: string; bytes: string };
  balanceEntry: { balance: string; stored: string; checksum: string };
  uint256: { value: string; bytes: string }[];
  heights: typeof desoHeights;
  transactionTypes: Record<string, number>;
  operations: Record<string, number>;
  restrictions: Record<string, number>;
}

const vectors = JSON.parse(readFileSync(new URL('vectors/deso-bytes.json', import.meta.url), 'utf8')) as Vectors;
const p = fromHex(vectors.p);
const hex = (spelled: string): string => spelled.replaceAll('p', vectors.p).replaceAll(' ', '');

describe('bytes of the Go node', () => {
  test.each(vectors.metadata)('DAO coin metadata: $name', ({ operation, mint, burn, restriction, bytes }) => {
    const metadata = {
      profilePublicKey: p,
      operation,
      coinsToMint: BigInt(mint),
      coinsToBurn: BigInt(burn),
      transferRestriction: restriction,
    };
    expect(toHex(daoCoinMetadataCodec.encode(metadata))).toBe(hex(bytes));
    expect(daoCoinMetadataCodec.decode(fromHex(hex(bytes)))).toEqual(metadata);
  });

  test('DAO coin transfer metadata', () => {
    const metadata = { profilePublicKey: p, amount: BigInt(vectors.transfer.amount), receiverPublicKey: p };
    expect(toHex(daoCoinTransferMetadataCodec.encode(metadata))).toBe(hex(vectors.transfer.bytes));
    expect(daoCoinTransferMetadataCodec.decode(fromHex(hex(vectors.transfer.bytes)))).toEqual(metadata);
  });

  test.each(vectors.uint256)('amount $value is minimal big-endian with a length', ({ value, bytes }) => {
    const metadata = { profilePublicKey: p, amount: BigInt(value), receiverPublicKey: p };
    expect(toHex(daoCoinTransferMetadataCodec.encode(metadata))).toBe(hex(`21 p ${bytes} 21 p`));
    const entry = { holderPkid: p, creatorPkid: p, balance: BigInt(value), hasPurchased: false };
    expect(toHex(balanceEntryCodec.encode(entry, { form: 'checksum' }))).toBe(hex(`01 01 21 p 01 21 p 01 ${bytes} 00`));
  });

  test('balance entry, stored and as it enters the checksum', () => {
    const { stored, checksum, balance } = vectors.balanceEntry;
    const entry = { holderPkid: p, creatorPkid: p, balance: BigInt(balance), hasPurchased: false };
    expect(toHex(balanceEntryCodec.encode(entry))).toBe(hex(stored));
    expect(toHex(balanceEntryCodec.encode(entry, { form: 'checksum' }))).toBe(hex(checksum));
    expect(balanceEntryCodec.decode(fromHex(hex(stored)))).toEqual(entry);
  });

  test('PKID entry: type 20, then the PKID entry inside, then the public key', () => {
    const entry = { pkid: p, publicKey: p };
    expect(toHex(pkidEntryCodec.encode(entry))).toBe(hex('01 14 00 01 19 00 21 p 21 p'));
    expect(toHex(pkidEntryCodec.encode(entry, { form: 'checksum' }))).toBe(hex('01 01 21 p 21 p'));
  });

  test('coin entry: version 4 adds the lockup transfer restriction, version 0 has none', () => {
    const entry = {
      creatorBasisPoints: 300n,
      desoLockedNanos: 1n,
      numberOfHolders: 2n ** 64n - 1n,
      coinsInCirculation: 256n,
      coinWatermarkNanos: 2n,
      isMintingDisabled: true,
      transferRestriction: 2,
      lockupTransferRestriction: 0,
    };
    const body = 'ac02 01 ffffffffffffffffff01 01 02 0100 02 01 02';
    expect(toHex(coinEntryCodec.encode(entry, { coinEntryVersion: 0 }))).toBe(hex(`01 12 00 ${body}`));
    expect(toHex(coinEntryCodec.encode(entry, { coinEntryVersion: 4 }))).toBe(hex(`01 12 04 ${body} 00`));
    expect(toHex(coinEntryCodec.encode(entry))).toBe(hex(`01 12 04 ${body} 00`));
    expect(toHex(coinEntryCodec.encode(entry, { form: 'checksum', coinEntryVersion: 0 }))).toBe(hex(`01 ${body}`));
    expect(coinEntryCodec.decode(fromHex(hex(`01 12 00 ${body}`)))).toEqual(entry);
    expect(coinEntryCodec.decode(fromHex(hex(`01 12 04 ${body} 03`)))).toEqual({
      ...entry,
      lockupTransferRestriction: 3,
    });
  });

  test('profile entry: version 0 around coin entries with a version of their own', () => {
    const zero = '00 00 00 01 00 00 00 00';
    const profile = {
      publicKey: p,
      username: fromHex('4162'),
      description: fromHex(''),
      profilePic: fromHex('ff'),
      isHidden: true,
      creatorCoinEntry: { ...zeroCoinEntry, creatorBasisPoints: 5n },
      daoCoinEntry: zeroCoinEntry,
      extraData: [
        [fromHex('02'), fromHex('')],
        [fromHex('01ff'), fromHex('07')],
      ] as const,
    };
    const start = '21 p 02 4162 00 01 ff 01';
    const extra = '02 02 01ff 01 07 01 02 00';
    expect(toHex(profileEntryCodec.encode(profile))).toBe(
      hex(`01 15 00 ${start} 01 12 04 05${zero.slice(2)} 00 01 12 04 ${zero} 00 ${extra}`),
    );
    expect(toHex(profileEntryCodec.encode(profile, { form: 'checksum', coinEntryVersion: 0 }))).toBe(
      hex(`01 ${start} 01 05${zero.slice(2)} 01 ${zero} ${extra}`),
    );
  });
});

test('numbers of the Go node: fork heights by network, types, operations, restrictions, and how coins are counted', () => {
  expect(desoHeights).toEqual(vectors.heights);
  expect(daoCoinTransactionTypes).toEqual(vectors.transactionTypes);
  expect(daoCoinOperations).toEqual(vectors.operations);
  expect(transferRestrictions).toEqual(vectors.restrictions);
  expect([baseUnitsPerCoin, maxUint256]).toEqual([10n ** 18n, 2n ** 256n - 1n]);
});
