import { describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  balanceByCreatorKey,
  balanceEntryKey,
  balanceOf,
  burnMetadata,
  connectDaoCoin,
  connectDaoCoinTransfer,
  createPublicKeyCheck,
  daoCoinOf,
  disconnectDaoCoin,
  holdersKeyPrefix,
  holdingsKeyPrefix,
  isValidPublicKey,
  mintMetadata,
  pkidEntryCodec,
  pkidOf,
  pkidOfPublicKeyKey,
  pkidOfUsername,
  profileEntryCodec,
  profileKey,
  profileOf,
  publicKeyOf,
  publicKeyOfPkidKey,
  usernameKey,
} from '../src/index.js';
import { account, accounts, notOnCurve, putProfile } from './support/accounts.js';
import { failureOf } from './support/failure.js';
import { MemoryView, toHex } from './support/memory-view.js';
import { putBalance } from './support/scenario.js';

const [a, b] = [account(0), account(1)];
const context = { blockHeight: 0, forkHeight: 0 };

describe('keys', () => {
  test('are a prefix byte and the parts in order', () => {
    const [hexA, hexB] = [toHex(a), toHex(b)];
    expect(toHex(profileKey(a))).toBe(`17${hexA}`);
    expect(toHex(pkidOfPublicKeyKey(a))).toBe(`24${hexA}`);
    expect(toHex(publicKeyOfPkidKey(a))).toBe(`25${hexA}`);
    expect(toHex(balanceEntryKey(a, b))).toBe(`37${hexA}${hexB}`);
    expect(toHex(balanceByCreatorKey(a, b))).toBe(`38${hexA}${hexB}`);
    expect(toHex(holdingsKeyPrefix(a))).toBe(`37${hexA}`);
    expect(toHex(holdersKeyPrefix(a))).toBe(`38${hexA}`);
    expect(() => profileKey(a.subarray(1))).toThrow(expect.objectContaining({ name: 'RangeError' }));
  });

  test('a username key lower-cases ASCII letters and leaves other bytes alone', () => {
    expect(toHex(usernameKey('AZ_az09'))).toBe(toHex(Uint8Array.of(25, ...new TextEncoder().encode('az_az09'))));
    expect(toHex(usernameKey(Uint8Array.of(0x40, 0x5b, 0xc3, 0x84)))).toBe('19405bc384');
  });
});

describe('readers', () => {
  test.each([false, true])(
    'without records: no profile, no coins, and a PKID is its public key (async %s)',
    async (isAsync) => {
      const view = new MemoryView([], { isAsync });
      expect(await pkidOf(view, a)).toEqual(a);
      expect(await publicKeyOf(view, a)).toEqual(a);
      expect(await profileOf(view, a)).toBeUndefined();
      expect(await daoCoinOf(view, a)).toBeUndefined();
      expect(await pkidOfUsername(view, 'alice')).toBeUndefined();
      expect(await balanceOf(view, a, b)).toBe(0n);
    },
  );

  test.each([false, true])('with records: what they say (async %s)', async (isAsync) => {
    const view = new MemoryView([], { isAsync });
    const profile = putProfile(view, a, { pkid: b, daoCoin: { numberOfHolders: 4n } });
    view.set(pkidOfPublicKeyKey(a), pkidEntryCodec.encode({ pkid: b, publicKey: a }));
    view.set(publicKeyOfPkidKey(b), a);
    putBalance(view, a, { creatorPkid: b, balance: 77n });
    expect(await pkidOf(view, a)).toEqual(b);
    expect(await publicKeyOf(view, b)).toEqual(a);
    expect(await profileOf(view, b)).toEqual(profile);
    expect(await pkidOfUsername(view, 'aLICE')).toEqual(b);
    expect((await daoCoinOf(view, b))?.numberOfHolders).toBe(4n);
    expect(await balanceOf(view, a, b)).toBe(77n);
    expect(await balanceOf(view, b, a)).toBe(0n);
  });

  test('a PKID record of the wrong length is malformed', async () => {
    const view = new MemoryView();
    view.set(usernameKey('x'), Uint8Array.of(1));
    expect((await failureOf(() => pkidOfUsername(view, 'x'))).code).toBe('DAO_COIN_MALFORMED_ENTRY');
  });
});

describe('public keys', () => {
  test('only 33 bytes of a compressed point are valid', () => {
    for (const publicKey of accounts) expect(isValidPublicKey(publicKey)).toBe(true);
    const uncompressed = secp256k1.Point.BASE.toBytes(false);
    for (const [index, first] of [0, 1, 4, 5, 6, 7, 255].entries()) {
      expect([index, isValidPublicKey(Uint8Array.of(first, ...a.subarray(1)))]).toEqual([index, false]);
    }
    const outsideField = new Uint8Array(33).fill(0xff);
    outsideField[0] = 2;
    for (const bytes of [
      notOnCurve,
      outsideField,
      uncompressed,
      a.subarray(1),
      new Uint8Array(0),
      new Uint8Array(33),
    ]) {
      expect(isValidPublicKey(bytes)).toBe(false);
    }
  });

  test('the verdict is the same with a cache, a full cache and none', () => {
    const checks = [
      createPublicKeyCheck(),
      createPublicKeyCheck({ maxCachedKeys: 3 }),
      createPublicKeyCheck({ maxCachedKeys: 0 }),
    ];
    for (let round = 0; round < 3; round++) {
      for (const publicKey of [...accounts, notOnCurve, a]) {
        for (const check of checks) expect(check(publicKey)).toBe(publicKey !== notOnCurve);
      }
    }
    expect(() => createPublicKeyCheck({ maxCachedKeys: -1 })).toThrow(expect.objectContaining({ name: 'RangeError' }));
  });

  test('the injected check is the one that decides', async () => {
    const view = new MemoryView();
    putProfile(view, a);
    const isValidPublicKey = (): boolean => false;
    const transaction = { publicKey: a, metadata: mintMetadata(a, 1n) };
    const failure = await failureOf(() => connectDaoCoin(view, transaction, { ...context, isValidPublicKey }));
    expect(failure.code).toBe('DAO_COIN_PROFILE_KEY_INVALID');
  });
});

describe('disconnect', () => {
  async function minted(): Promise<{ view: MemoryView; undo: Awaited<ReturnType<typeof connectDaoCoin>> }> {
    const view = new MemoryView();
    putProfile(view, a);
    const undo = await connectDaoCoin(view, { publicKey: a, metadata: mintMetadata(a, 5n) }, context);
    return { view, undo };
  }

  test('out of order is refused and changes nothing', async () => {
    const { view, undo } = await minted();
    await connectDaoCoin(view, { publicKey: a, metadata: burnMetadata(a, 5n) }, context);
    const before = view.dump();
    expect((await failureOf(() => disconnectDaoCoin(view, undo))).code).toBe('DAO_COIN_UNDO_MISMATCH');
    expect(view.dump()).toEqual(before);
  });

  test('twice is refused', async () => {
    const { view, undo } = await minted();
    await disconnectDaoCoin(view, undo);
    expect((await failureOf(() => disconnectDaoCoin(view, undo))).code).toBe('DAO_COIN_UNDO_MISMATCH');
  });

  test('restores stored bytes that our encoder would write differently', async () => {
    const view = new MemoryView();
    putProfile(view, a);
    const stored = await view.get(profileKey(a));
    if (stored === undefined) throw new Error('no profile');
    const profile = profileEntryCodec.decode(stored);
    const old = profileEntryCodec.encode(profile, { coinEntryVersion: 0 });
    // The last byte of the profile is the length of the last extra data value: spell it with one byte more.
    const spelledLong = Uint8Array.of(...old.subarray(0, -2), 0x81, 0x00, ...old.subarray(-1));
    view.set(profileKey(a), spelledLong);
    const before = view.dump();
    const undo = await connectDaoCoin(view, { publicKey: a, metadata: mintMetadata(a, 1n) }, context);
    expect((await profileOf(view, a))?.extraData).toEqual(profile.extraData);
    await disconnectDaoCoin(view, undo);
    expect(view.dump()).toEqual(before);
  });
});

describe('a state that no rules lead to is an error, not more damage', () => {
  const transfer = { publicKey: a, metadata: { profilePublicKey: a, amount: 1n, receiverPublicKey: b } };

  test('two public keys with one PKID cannot transfer to each other', async () => {
    const view = new MemoryView();
    putProfile(view, a);
    putBalance(view, a, { creatorPkid: a, balance: 5n });
    view.set(pkidOfPublicKeyKey(b), pkidEntryCodec.encode({ pkid: a, publicKey: b }));
    const before = view.dump();
    expect((await failureOf(() => connectDaoCoinTransfer(view, transfer, context))).code).toBe(
      'DAO_COIN_CORRUPT_STATE',
    );
    expect(view.dump()).toEqual(before);
  });

  test('a balance entry under the key of another', async () => {
    const view = new MemoryView();
    putProfile(view, a);
    putBalance(view, b, { creatorPkid: a, balance: 5n });
    view.set(balanceEntryKey(a, a), view.records.get(toHex(balanceEntryKey(b, a))) ?? new Uint8Array(0));
    expect((await failureOf(() => connectDaoCoinTransfer(view, transfer, context))).code).toBe(
      'DAO_COIN_CORRUPT_STATE',
    );
  });

  test('a value that does not decode', async () => {
    for (const key of [profileKey(a), balanceEntryKey(a, a), balanceEntryKey(b, a), pkidOfPublicKeyKey(b)]) {
      const view = new MemoryView();
      putProfile(view, a);
      putBalance(view, a, { creatorPkid: a, balance: 5n });
      view.set(key, Uint8Array.of(1, 2, 3));
      const before = view.dump();
      expect((await failureOf(() => connectDaoCoinTransfer(view, transfer, context))).code).toBe(
        'DAO_COIN_MALFORMED_ENTRY',
      );
      expect(view.dump()).toEqual(before);
    }
  });

  test('a view whose read fails: the error passes through and nothing is written', async () => {
    const view = new MemoryView();
    putProfile(view, a);
    const before = view.dump();
    const failing = {
      get: (key: Uint8Array) => (key[0] === 55 ? Promise.reject(new Error('disk')) : view.get(key)),
      set: view.set.bind(view),
      delete: view.delete.bind(view),
    };
    await expect(connectDaoCoinTransfer(failing, transfer, context)).rejects.toThrow('disk');
    expect(view.dump()).toEqual(before);
  });
});

test('the version of coin entries follows the context', async () => {
  for (const coinEntryVersion of [0, 4] as const) {
    const view = new MemoryView();
    const profile = putProfile(view, a);
    const transaction = { publicKey: a, metadata: mintMetadata(a, 1n) };
    await connectDaoCoin(view, transaction, { ...context, coinEntryVersion });
    const daoCoinEntry = { ...profile.daoCoinEntry, numberOfHolders: 1n, coinsInCirculation: 1n };
    expect(view.records.get(toHex(profileKey(a)))).toEqual(
      profileEntryCodec.encode({ ...profile, daoCoinEntry }, { coinEntryVersion }),
    );
  }
});
