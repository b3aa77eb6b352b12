import { entryCodec, readEntry, writeEntry } from '../internal/entry-encoding.js';
import { pkidEncoding } from '../internal/pkid.js';
import { readUint256Field, writeUint256Field } from '../internal/uint256-field.js';
import type { EntryCodec } from './entry-codec.js';

/** The value under prefixes 55 and 56. */
export interface BalanceEntry {
  readonly holderPkid: Uint8Array;
  readonly creatorPkid: Uint8Array;
  /** uint256, in base units. */
  readonly balance: bigint;
  /** Always false for DAO coins. */
  readonly hasPurchased: boolean;
}

/** Encoder type 17, version 0. */
export const balanceEntryCodec: EntryCodec<BalanceEntry> = /* @__PURE__ */ entryCodec<BalanceEntry>({
  name: 'BalanceEntry',
  type: 17,
  version: () => 0,
  isVersion: (version) => version === 0,
  write(writer, entry, options) {
    writeEntry(writer, pkidEncoding, { entry: entry.holderPkid, options });
    writeEntry(writer, pkidEncoding, { entry: entry.creatorPkid, options });
    writeUint256Field(writer, entry.balance, 'balance');
    writer.bool(entry.hasPurchased);
  },
  read: (reader) => ({
    holderPkid: readEntry(reader, pkidEncoding),
    creatorPkid: readEntry(reader, pkidEncoding),
    balance: readUint256Field(reader, 'balance'),
    hasPurchased: reader.bool(),
  }),
});
