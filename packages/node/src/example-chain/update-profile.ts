import { equalBytes } from '@hs/bytes';
import { newProfileEntry, type ProfileEntry, profileEntryCodec, profileKey, usernameKey } from '@hs/dao-coin';
import type { ExecutionView } from '../chain/chain.js';
import type { ProfileMetadata } from './profile-metadata.js';
import { transactionRefusal } from './refusal.js';
import { isCompressedPoint } from './secp256k1-noble.js';

/** Limits on profiles, as in the Go node. */
export const profileLimits = {
  maxUsernameBytes: 25,
  maxDescriptionBytes: 20_000,
  maxProfilePicBytes: 20_000,
  maxCreatorBasisPoints: 10_000n,
  /** The stake multiple must be above this. */
  stakeMultipleAbove: 10_000n,
  maxStakeMultipleBasisPoints: 100_000n,
} as const;

/** Checks what can be checked of an update without state. @throws NODE_TRANSACTION_REFUSED */
export function checkProfileMetadata(metadata: ProfileMetadata, signer: Uint8Array): void {
  const { username, profilePublicKey } = metadata;
  if (username.length > profileLimits.maxUsernameBytes) {
    throw transactionRefusal('RuleErrorProfileUsernameTooLong', `the username has ${username.length} bytes`);
  }
  if (metadata.description.length > profileLimits.maxDescriptionBytes) {
    throw transactionRefusal('RuleErrorProfileDescriptionTooLong', 'the description is too long');
  }
  if (metadata.profilePic.length > profileLimits.maxProfilePicBytes) {
    throw transactionRefusal('RuleErrorMaxProfilePicSize', 'the picture is too large');
  }
  if (metadata.creatorBasisPoints > profileLimits.maxCreatorBasisPoints) {
    throw transactionRefusal('RuleErrorProfileCreatorPercentageSize', 'the creator basis points are above 10000');
  }
  const stakeMultiple = metadata.stakeMultipleBasisPoints;
  if (stakeMultiple <= profileLimits.stakeMultipleAbove || stakeMultiple > profileLimits.maxStakeMultipleBasisPoints) {
    throw transactionRefusal('RuleErrorProfileStakeMultipleSize', 'the stake multiple is outside 10001..100000');
  }
  if (!username.every(isUsernameByte)) {
    throw transactionRefusal('RuleErrorInvalidUsername', 'a username has only letters, digits and underscores');
  }
  if (profilePublicKey.length === 0 || equalBytes(profilePublicKey, signer)) return;
  if (profilePublicKey.length !== 33) {
    throw transactionRefusal('RuleErrorProfilePublicKeySize', 'the profile key must have 33 bytes');
  }
  if (!isCompressedPoint(profilePublicKey)) {
    throw transactionRefusal('RuleErrorProfileBadPublicKey', 'the profile key is no curve point');
  }
  throw transactionRefusal('RuleErrorProfilePubKeyNotAuthorized', 'only the owner changes a profile');
}

/** Creates or changes the signer's profile and keeps the username index in step. @throws NODE_TRANSACTION_REFUSED */
export async function updateProfile(
  view: ExecutionView,
  metadata: ProfileMetadata,
  signer: { readonly publicKey: Uint8Array; readonly pkid: Uint8Array },
): Promise<void> {
  const key = profileKey(signer.pkid);
  const stored = await view.get(key);
  const old = stored === undefined ? undefined : profileEntryCodec.decode(stored);
  if (metadata.username.length > 0) {
    const owner = await view.get(usernameKey(metadata.username));
    if (owner !== undefined && !equalBytes(owner, signer.pkid)) {
      throw transactionRefusal('RuleErrorProfileUsernameExists', 'the username is taken');
    }
  } else if (old === undefined) {
    throw transactionRefusal('RuleErrorProfileUsernameTooShort', 'a new profile needs a username');
  }
  const entry = old === undefined ? created(metadata, signer.publicKey) : changed(old, metadata);
  if (old !== undefined && metadata.username.length > 0) view.delete(usernameKey(old.username));
  view.set(usernameKey(entry.username), signer.pkid);
  view.set(key, profileEntryCodec.encode(entry));
}

function created(metadata: ProfileMetadata, publicKey: Uint8Array): ProfileEntry {
  const { username, description, profilePic, isHidden, creatorBasisPoints } = metadata;
  return newProfileEntry({ publicKey, username, description, profilePic, isHidden, creatorBasisPoints });
}

function changed(old: ProfileEntry, metadata: ProfileMetadata): ProfileEntry {
  const { username, description, profilePic, isHidden, creatorBasisPoints } = metadata;
  return {
    ...old,
    username: username.length > 0 ? username : old.username,
    description: description.length > 0 ? description : old.description,
    profilePic: profilePic.length > 0 ? profilePic : old.profilePic,
    isHidden,
    creatorCoinEntry: { ...old.creatorCoinEntry, creatorBasisPoints },
  };
}

function isUsernameByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f
  );
}
