import { secp256k1 } from '@noble/curves/secp256k1.js';
import {
  type CoinEntry,
  newProfileEntry,
  type ProfileEntry,
  profileEntryCodec,
  profileKey,
  usernameKey,
  zeroCoinEntry,
} from '../../src/index.js';
import type { MemoryView } from './memory-view.js';

/** The private keys 1, 2, 3, ... */
export function privateKeyOf(index: number): Uint8Array {
  const privateKey = new Uint8Array(32);
  privateKey[31] = index + 1;
  return privateKey;
}

/** Their public keys. */
export const accounts: readonly Uint8Array[] = Array.from({ length: 10 }, (_, index) =>
  secp256k1.getPublicKey(privateKeyOf(index)),
);

export function account(index: number): Uint8Array {
  const publicKey = accounts[index];
  if (publicKey === undefined) throw new RangeError('no such account');
  return publicKey;
}

/** 33 bytes that look like a compressed key, but x = 5 is on no point of the curve. */
export const notOnCurve: Uint8Array = Uint8Array.from(
  { length: 33 },
  (_, index) => [2][index] ?? (index === 32 ? 5 : 0),
);

/** A creator coin that is in use, so that a change to it would show. */
export const busyCreatorCoin: CoinEntry = {
  ...zeroCoinEntry,
  creatorBasisPoints: 1000n,
  desoLockedNanos: 123_456_789n,
  numberOfHolders: 7n,
  coinsInCirculation: 55_555n,
  coinWatermarkNanos: 66_666n,
};

/** Puts a profile with a busy creator coin under `pkid` (default: its public key). */
export function putProfile(
  view: MemoryView,
  publicKey: Uint8Array,
  options: { pkid?: Uint8Array; daoCoin?: Partial<CoinEntry>; username?: string } = {},
): ProfileEntry {
  const { pkid = publicKey, daoCoin = {}, username = 'Alice' } = options;
  const profile: ProfileEntry = {
    ...newProfileEntry({ publicKey, username: new TextEncoder().encode(username) }),
    description: Uint8Array.of(1, 2, 3),
    creatorCoinEntry: busyCreatorCoin,
    daoCoinEntry: { ...zeroCoinEntry, ...daoCoin },
    extraData: [[Uint8Array.of(9), Uint8Array.of(8)]],
  };
  view.set(profileKey(pkid), profileEntryCodec.encode(profile));
  view.set(usernameKey(username), pkid);
  view.flush();
  return profile;
}
