import type { CoinEntryVersion } from './coin-entry.js';
import type { SpendingLimitVersion } from './spending-limit.js';

/**
 * `stored`: as in the database, with the encoder type and version of every nested entry. `checksum`: without them, as
 * a record's value enters the state checksum.
 */
export type EntryForm = 'stored' | 'checksum';

/** How to encode an entry; nothing is taken from global settings. */
export interface EncodeOptions {
  /** Default `stored`. */
  readonly form?: EntryForm;
  /** Version of every {@link CoinEntry} inside; default 4. */
  readonly coinEntryVersion?: CoinEntryVersion;
  /** Version of a {@link DerivedKeyEntry} and of the spending limit in it; default 4. */
  readonly spendingLimitVersion?: SpendingLimitVersion;
}

/** Encoder and decoder of one entry type, byte for byte as in the Go node. */
export interface EntryCodec<Entry> {
  /** The Go node's number for this type. */
  readonly encoderType: number;
  /** @throws RangeError if a field is out of its range */
  encode(entry: Entry, options?: EncodeOptions): Uint8Array;
  /**
   * Decodes the stored form and nothing after it. Byte strings in the result are views of `bytes`.
   *
   * @throws DAO_COIN_MALFORMED_ENTRY
   */
  decode(bytes: Uint8Array): Entry;
}
