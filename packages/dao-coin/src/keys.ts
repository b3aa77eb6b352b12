import { concatBytes } from '@hs/bytes';
import { requirePublicKeyBytes } from './public-key.js';

/** Prefixes of the records that this package reads or writes. */
export const daoCoinPrefixes = {
  profile: 23,
  username: 25,
  pkidOfPublicKey: 36,
  publicKeyOfPkid: 37,
  balanceByHolder: 55,
  balanceByCreator: 56,
  derivedKey: 59,
} as const;

/** Prefix 23: PKID to {@link ProfileEntry}. */
export function profileKey(pkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.profile, pkid);
}

/** Prefix 25: username, ASCII letters lower-cased, to the raw PKID. A string is taken as UTF-8. */
export function usernameKey(username: Uint8Array | string): Uint8Array {
  const bytes = typeof username === 'string' ? new TextEncoder().encode(username) : username;
  const key = new Uint8Array(1 + bytes.length);
  key[0] = daoCoinPrefixes.username;
  for (const [index, byte] of bytes.entries()) key[1 + index] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  return key;
}

/** Prefix 36: public key to {@link PkidEntry}. No record: the PKID is the public key. */
export function pkidOfPublicKeyKey(publicKey: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.pkidOfPublicKey, publicKey);
}

/** Prefix 37: PKID to the raw public key. No record: the public key is the PKID. */
export function publicKeyOfPkidKey(pkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.publicKeyOfPkid, pkid);
}

/** Prefix 55: holder and creator to {@link BalanceEntry}. */
export function balanceEntryKey(holderPkid: Uint8Array, creatorPkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.balanceByHolder, holderPkid, creatorPkid);
}

/** Prefix 56: creator and holder to the same {@link BalanceEntry}. */
export function balanceByCreatorKey(creatorPkid: Uint8Array, holderPkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.balanceByCreator, creatorPkid, holderPkid);
}

/** Prefix 59: owner's public key and derived public key to {@link DerivedKeyEntry}. */
export function derivedKeyKey(ownerPublicKey: Uint8Array, derivedPublicKey: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.derivedKey, ownerPublicKey, derivedPublicKey);
}

/** What the keys of all DAO coins of a holder begin with. */
export function holdingsKeyPrefix(holderPkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.balanceByHolder, holderPkid);
}

/** What the keys of all holders of a DAO coin begin with. */
export function holdersKeyPrefix(creatorPkid: Uint8Array): Uint8Array {
  return prefixed(daoCoinPrefixes.balanceByCreator, creatorPkid);
}

function prefixed(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) requirePublicKeyBytes(part, 'Each part of the key');
  return concatBytes(Uint8Array.of(prefix), ...parts);
}
