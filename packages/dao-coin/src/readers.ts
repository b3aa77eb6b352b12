import { balanceEntryCodec } from './entries/balance-entry.js';
import type { CoinEntry } from './entries/coin-entry.js';
import { pkidEntryCodec } from './entries/pkid-entry.js';
import { type ProfileEntry, profileEntryCodec } from './entries/profile-entry.js';
import { malformed } from './internal/entry-encoding.js';
import { balanceEntryKey, pkidOfPublicKeyKey, profileKey, publicKeyOfPkidKey, usernameKey } from './keys.js';
import { publicKeyBytes } from './public-key.js';
import type { StateReader } from './state-view.js';

/**
 * The PKID of a public key: what its record under prefix 36 says, or the public key itself where there is no record
 * (an identity that was never swapped needs none).
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function pkidOf(view: StateReader, publicKey: Uint8Array): Promise<Uint8Array> {
  const value = await view.get(pkidOfPublicKeyKey(publicKey));
  return value === undefined ? publicKey : pkidEntryCodec.decode(value).pkid;
}

/**
 * The current public key of a PKID: its record under prefix 37, or the PKID itself where there is no record.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function publicKeyOf(view: StateReader, pkid: Uint8Array): Promise<Uint8Array> {
  return requirePkid((await view.get(publicKeyOfPkidKey(pkid))) ?? pkid);
}

/**
 * The profile of a PKID. Byte strings in it are views of the stored value.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function profileOf(view: StateReader, pkid: Uint8Array): Promise<ProfileEntry | undefined> {
  const value = await view.get(profileKey(pkid));
  return value === undefined ? undefined : profileEntryCodec.decode(value);
}

/**
 * The PKID that has a username, whatever the case of its ASCII letters.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function pkidOfUsername(
  view: StateReader,
  username: Uint8Array | string,
): Promise<Uint8Array | undefined> {
  const value = await view.get(usernameKey(username));
  return value === undefined ? undefined : requirePkid(value);
}

/**
 * The DAO coin of a profile: circulation, number of holders, minting and transfer restriction. `undefined` without a
 * profile; a coin that was never minted is all zero.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function daoCoinOf(view: StateReader, creatorPkid: Uint8Array): Promise<CoinEntry | undefined> {
  return (await profileOf(view, creatorPkid))?.daoCoinEntry;
}

/**
 * What a holder has of a creator's DAO coin, in base units; 0 without a record.
 *
 * @throws DAO_COIN_MALFORMED_ENTRY
 */
export async function balanceOf(view: StateReader, holderPkid: Uint8Array, creatorPkid: Uint8Array): Promise<bigint> {
  const value = await view.get(balanceEntryKey(holderPkid, creatorPkid));
  return value === undefined ? 0n : balanceEntryCodec.decode(value).balance;
}

function requirePkid(value: Uint8Array): Uint8Array {
  if (value.length !== publicKeyBytes) throw malformed('PKID', `${value.length} bytes instead of ${publicKeyBytes}`);
  return value;
}
