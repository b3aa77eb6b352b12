import { coinEntryEncoding } from '../internal/coin-entry-encoding.js';
import { entryCodec, readEntry, writeEntry } from '../internal/entry-encoding.js';
import { readExtraData, writeExtraData } from '../internal/extra-data.js';
import { requirePublicKeyBytes } from '../public-key.js';
import { type CoinEntry, zeroCoinEntry } from './coin-entry.js';
import type { EntryCodec } from './entry-codec.js';

/** Keys and values as raw bytes; keys are unique, and encoded in byte order. */
export type ExtraData = readonly (readonly [key: Uint8Array, value: Uint8Array])[];

/** The value under prefix 23. Text fields are the raw bytes. */
export interface ProfileEntry {
  /** The owner's current public key. */
  readonly publicKey: Uint8Array;
  readonly username: Uint8Array;
  readonly description: Uint8Array;
  readonly profilePic: Uint8Array;
  readonly isHidden: boolean;
  readonly creatorCoinEntry: CoinEntry;
  readonly daoCoinEntry: CoinEntry;
  readonly extraData: ExtraData;
}

/** Encoder type 21, version 0; the coin entries inside carry their own version. */
export const profileEntryCodec: EntryCodec<ProfileEntry> = /* @__PURE__ */ entryCodec<ProfileEntry>({
  name: 'ProfileEntry',
  type: 21,
  version: () => 0,
  isVersion: (version) => version === 0,
  write(writer, entry, options) {
    writer.byteArray(entry.publicKey).byteArray(entry.username).byteArray(entry.description);
    writer.byteArray(entry.profilePic).bool(entry.isHidden);
    writeEntry(writer, coinEntryEncoding, { entry: entry.creatorCoinEntry, options });
    writeEntry(writer, coinEntryEncoding, { entry: entry.daoCoinEntry, options });
    writeExtraData(writer, entry.extraData);
  },
  read: (reader) => ({
    publicKey: reader.byteArray(),
    username: reader.byteArray(),
    description: reader.byteArray(),
    profilePic: reader.byteArray(),
    isHidden: reader.bool(),
    creatorCoinEntry: readEntry(reader, coinEntryEncoding),
    daoCoinEntry: readEntry(reader, coinEntryEncoding),
    extraData: readExtraData(reader),
  }),
});

/**
 * A new profile: both coins unused, everything not given empty.
 *
 * @throws RangeError if `publicKey` has not 33 bytes
 */
export function newProfileEntry(fields: {
  readonly publicKey: Uint8Array;
  readonly username: Uint8Array;
  readonly description?: Uint8Array;
  readonly profilePic?: Uint8Array;
  readonly isHidden?: boolean;
  /** The creator coin's founder reward. */
  readonly creatorBasisPoints?: bigint;
}): ProfileEntry {
  requirePublicKeyBytes(fields.publicKey, 'publicKey');
  return {
    publicKey: fields.publicKey,
    username: fields.username,
    description: fields.description ?? new Uint8Array(0),
    profilePic: fields.profilePic ?? new Uint8Array(0),
    isHidden: fields.isHidden ?? false,
    creatorCoinEntry: { ...zeroCoinEntry, creatorBasisPoints: fields.creatorBasisPoints ?? 0n },
    daoCoinEntry: zeroCoinEntry,
    extraData: [],
  };
}
