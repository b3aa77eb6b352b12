import { concatBytes, u64be, writeU64be } from '@hs/bytes';

/** First bytes of the example chain's state records; numbers and layouts are those of the Go node. */
export const examplePrefixes = {
  profileByPkid: 23,
  pkidByUsername: 25,
  followedByFollower: 28,
  followerByFollowed: 29,
  pkidByPublicKey: 36,
  publicKeyByPkid: 37,
  balanceByPublicKey: 52,
  daoCoinBalanceByHolder: 55,
  daoCoinBalanceByCreator: 56,
  derivedKey: 59,
  usedNonce: 77,
} as const;

/** All of them, ascending. */
export const exampleStatePrefixes: readonly number[] = Object.values(examplePrefixes).sort((a, b) => a - b);

/** Longest key of the schema: prefix and two PKIDs. */
export const longestStateKeyBytes = 67;

/** Key of the balance of a public key. */
export function balanceKey(publicKey: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(examplePrefixes.balanceByPublicKey), publicKey);
}

/** Keys of the two records that say that one PKID follows another. */
export function followKeys(follower: Uint8Array, followed: Uint8Array): readonly [Uint8Array, Uint8Array] {
  return [followedByFollowerKey(follower, followed), followerByFollowedKey(followed, follower)];
}

/** Key of the record that says whom a PKID follows. */
export function followedByFollowerKey(follower: Uint8Array, followed: Uint8Array): Uint8Array {
  return pairKey(examplePrefixes.followedByFollower, follower, followed);
}

/** Key of the record that says by whom a PKID is followed. */
export function followerByFollowedKey(followed: Uint8Array, follower: Uint8Array): Uint8Array {
  return pairKey(examplePrefixes.followerByFollowed, followed, follower);
}

function pairKey(prefix: number, first: Uint8Array, second: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + first.length + second.length);
  key[0] = prefix;
  key.set(first, 1);
  key.set(second, 1 + first.length);
  return key;
}

/** Key of the mark that a PKID used a nonce: the expiration first, so that expired marks are neighbours. */
export function usedNonceKey(expirationBlockHeight: bigint, pkid: Uint8Array, partialId: bigint): Uint8Array {
  return concatBytes(Uint8Array.of(examplePrefixes.usedNonce), u64be(expirationBlockHeight), pkid, u64be(partialId));
}

/** Where the marks of nonces that expire at `height` start. */
export function usedNoncesFrom(height: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = examplePrefixes.usedNonce;
  writeU64be(key, 1, height);
  return key;
}
