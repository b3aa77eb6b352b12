import { describe, expect, test } from '@jest/globals';
import {
  balanceEntryCodec,
  coinEntryCodec,
  coinEntryVersionAt,
  daoCoinMetadataCodec,
  daoCoinUndoCodec,
  desoHeights,
  maxUint256,
  mintMetadata,
  newProfileEntry,
  pkidEntryCodec,
  profileEntryCodec,
  zeroCoinEntry,
} from '../src/index.js';
import { account } from './support/accounts.js';
import { fromHex, toHex } from './support/memory-view.js';

const p = toHex(account(0));
const malformed = expect.objectContaining({ code: 'DAO_COIN_MALFORMED_ENTRY' });

describe('a stored entry is refused', () => {
  const pkid = `011900 21${p}`;
  test.each([
    ['null', balanceEntryCodec, '00'],
    ['of another type', balanceEntryCodec, `011200 ${pkid} ${pkid} 010164 00`],
    ['with a version that does not exist', balanceEntryCodec, `011104 ${pkid} ${pkid} 010164 00`],
    ['with a null PKID', balanceEntryCodec, `011100 00 ${pkid} 010164 00`],
    ['with a PKID of 32 bytes', balanceEntryCodec, `011100 01190020${p.slice(2)} ${pkid} 010164 00`],
    ['with a null amount', balanceEntryCodec, `011100 ${pkid} ${pkid} 00 00`],
    ['with an amount of 33 bytes', balanceEntryCodec, `011100 ${pkid} ${pkid} 0121 ${'00'.repeat(33)} 00`],
    ['as a coin entry of version 3', coinEntryCodec, '011203 00 00 00 0100 00 00 00'],
    ['as a coin entry with a holder count of 2^64', coinEntryCodec, '011200 00 00 80808080808080808002 0100 00 00 00'],
    ['as a coin entry of version 4 without its last byte', coinEntryCodec, '011204 00 00 00 0100 00 00 00'],
  ] as const)('%s', (_name, codec, hex) => {
    expect(() => codec.decode(fromHex(hex.replaceAll(' ', '')))).toThrow(malformed);
  });

  test('when a profile has two equal extra data keys', () => {
    const profile = newProfileEntry({ publicKey: account(0), username: Uint8Array.of(0x61) });
    const stored = toHex(profileEntryCodec.encode({ ...profile, extraData: [[Uint8Array.of(1), Uint8Array.of(2)]] }));
    const twice = `${stored.slice(0, -10)}02${stored.slice(-8).repeat(2)}`;
    expect(() => profileEntryCodec.decode(fromHex(twice))).toThrow(malformed);
  });
});

test('what the Go node tolerates is accepted: leading zeros, long varints, any non-zero boolean, any key order', () => {
  const pkid = `011900 21${p}`;
  const balance = balanceEntryCodec.decode(fromHex(`02118000${pkid}${pkid}0202006407`.replaceAll(' ', '')));
  expect(balance).toMatchObject({ balance: 100n, hasPurchased: true });
  const metadata = daoCoinMetadataCodec.decode(fromHex(`21${p}000300006400 00`.replaceAll(' ', '')));
  expect(metadata.coinsToMint).toBe(100n);
  const profile = newProfileEntry({ publicKey: account(0), username: Uint8Array.of(0x61) });
  const none = toHex(profileEntryCodec.encode(profile)).slice(0, -2);
  expect(profileEntryCodec.decode(fromHex(`${none}02 0102 00 0101 00`.replaceAll(' ', ''))).extraData).toEqual([
    [Uint8Array.of(1), new Uint8Array(0)],
    [Uint8Array.of(2), new Uint8Array(0)],
  ]);
});

test('values that the format cannot hold are a RangeError, not wrong bytes', () => {
  const entry = { holderPkid: account(0), creatorPkid: account(1), balance: 1n, hasPurchased: false };
  const attempts: readonly (() => unknown)[] = [
    () => balanceEntryCodec.encode({ ...entry, balance: maxUint256 + 1n }),
    () => balanceEntryCodec.encode({ ...entry, balance: -1n }),
    () => balanceEntryCodec.encode({ ...entry, holderPkid: account(0).subarray(1) }),
    () => pkidEntryCodec.encode({ pkid: new Uint8Array(32), publicKey: account(0) }),
    () => coinEntryCodec.encode({ ...zeroCoinEntry, numberOfHolders: 2n ** 64n }),
    () => coinEntryCodec.encode({ ...zeroCoinEntry, transferRestriction: 256 }),
    () => coinEntryCodec.encode({ ...zeroCoinEntry, lockupTransferRestriction: 1 }, { coinEntryVersion: 0 }),
    () => daoCoinMetadataCodec.encode(mintMetadata(account(0), maxUint256 + 1n)),
    () =>
      daoCoinUndoCodec.encode({ records: Array(193).fill({ key: account(0), before: undefined, after: undefined }) }),
    () => newProfileEntry({ publicKey: new Uint8Array(32), username: new Uint8Array(1) }),
    () =>
      profileEntryCodec.encode({
        ...newProfileEntry({ publicKey: account(0), username: new Uint8Array(1) }),
        extraData: [
          [Uint8Array.of(1), Uint8Array.of(1)],
          [Uint8Array.of(1), Uint8Array.of(2)],
        ],
      }),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ name: 'RangeError' }));
});

test('undo data of an unknown format version is refused', () => {
  const encoded = daoCoinUndoCodec.encode({ records: [] });
  expect(toHex(encoded)).toBe('0100');
  for (const damaged of ['0200', '01c101', '0101010002', '']) {
    expect(() => daoCoinUndoCodec.decode(fromHex(damaged))).toThrow(
      expect.objectContaining({ code: 'DAO_COIN_MALFORMED_UNDO' }),
    );
  }
});

test('undo data has the committed format', () => {
  const undo = {
    records: [
      { key: Uint8Array.of(55, 1), before: undefined, after: Uint8Array.of(7) },
      { key: Uint8Array.of(23), before: new Uint8Array(0), after: undefined },
    ],
  };
  expect(toHex(daoCoinUndoCodec.encode(undo))).toBe('0102023701000101070117010000');
  expect(daoCoinUndoCodec.decode(fromHex('0102023701000101070117010000'))).toEqual(undo);
});

test('a network writes coin entries of version 4 from its migration height on', () => {
  for (const [name, height] of [
    ['mainnet', 349_167],
    ['testnet', 1_113_866],
    ['regtest', 1],
  ] as const) {
    expect(coinEntryVersionAt(desoHeights[name], height - 1)).toBe(0);
    expect(coinEntryVersionAt(desoHeights[name], height)).toBe(4);
  }
});
