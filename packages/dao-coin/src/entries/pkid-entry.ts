import { entryCodec, readEntry, writeEntry } from '../internal/entry-encoding.js';
import { pkidEncoding } from '../internal/pkid.js';
import type { EntryCodec } from './entry-codec.js';

/** The value under prefix 36: the identity that a public key has now. */
export interface PkidEntry {
  readonly pkid: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Encoder type 20, version 0. */
export const pkidEntryCodec: EntryCodec<PkidEntry> = /* @__PURE__ */ entryCodec<PkidEntry>({
  name: 'PKIDEntry',
  type: 20,
  version: () => 0,
  isVersion: (version) => version === 0,
  write(writer, entry, options) {
    writeEntry(writer, pkidEncoding, { entry: entry.pkid, options });
    writer.byteArray(entry.publicKey);
  },
  read: (reader) => ({ pkid: readEntry(reader, pkidEncoding), publicKey: reader.byteArray() }),
});
