import type { DaoCoinContext } from '../context.js';
import type { CoinEntry } from '../entries/coin-entry.js';
import { type ProfileEntry, profileEntryCodec } from '../entries/profile-entry.js';
import { DaoCoinError } from '../error.js';
import { profileKey } from '../keys.js';
import { pkidOf } from '../readers.js';
import type { StateView } from '../state-view.js';
import type { ChangeSet } from './change-set.js';

/** A profile with its record as it is stored. */
export interface LoadedProfile {
  readonly pkid: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly entry: ProfileEntry;
}

/** The profile whose current public key is `publicKey`, if there is one. */
export async function loadProfile(view: StateView, publicKey: Uint8Array): Promise<LoadedProfile | undefined> {
  const pkid = await pkidOf(view, publicKey);
  const key = profileKey(pkid);
  const value = await view.get(key);
  return value === undefined ? undefined : { pkid, key, value, entry: profileEntryCodec.decode(value) };
}

/** Writes the profile with another DAO coin entry; nothing else in it changes. */
export function changeDaoCoin(
  changes: ChangeSet,
  profile: LoadedProfile,
  { daoCoinEntry, context }: { readonly daoCoinEntry: CoinEntry; readonly context: DaoCoinContext },
): void {
  const { coinEntryVersion } = context;
  const options = coinEntryVersion === undefined ? {} : { coinEntryVersion };
  const after = profileEntryCodec.encode({ ...profile.entry, daoCoinEntry }, options);
  changes.add({ key: profile.key, before: profile.value, after });
}

/**
 * The number of holders after a change by `by`. Mode `deso` wraps around at 2^64 as the Go node does; mode `strict`
 * cannot get there from a state that only strict rules have changed.
 *
 * @throws DAO_COIN_CORRUPT_STATE in mode `strict` when the number leaves 0..2^64-1
 */
export function changeHolders(numberOfHolders: bigint, by: bigint, context: DaoCoinContext): bigint {
  const changed = numberOfHolders + by;
  const wrapped = BigInt.asUintN(64, changed);
  if (wrapped !== changed && (context.mode ?? 'strict') === 'strict') {
    throw new DaoCoinError('DAO_COIN_CORRUPT_STATE', `The number of holders would become ${changed}`, {
      details: { numberOfHolders: String(numberOfHolders) },
    });
  }
  return wrapped;
}
