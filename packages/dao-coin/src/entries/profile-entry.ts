import type { CoinEntry } from './coin-entry.js';

/** The value under prefix 23. Text fields are the raw bytes. */
export interface ProfileEntry {
  /** The owner's current public key, 33 bytes. */
  readonly publicKey: Uint8Array;
  readonly username: Uint8Array;
  readonly description: Uint8Array;
  readonly profilePic: Uint8Array;
  readonly isHidden: boolean;
  readonly creatorCoinEntry: CoinEntry;
  readonly daoCoinEntry: CoinEntry;
  /** Keys are unique; encoded in byte order of the keys. */
  readonly extraData: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
}
