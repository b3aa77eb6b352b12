import type { ByteReader, ByteWriter } from '@hs/bytes';
import { publicKeyBytes, requirePublicKeyBytes } from '../public-key.js';
import { type EntryEncoding, malformed } from './entry-encoding.js';

/** A PKID inside an entry. */
export const pkidEncoding: EntryEncoding<Uint8Array> = {
  name: 'PKID',
  type: 25,
  version: () => 0,
  isVersion: (version) => version === 0,
  write(writer: ByteWriter, pkid: Uint8Array) {
    requirePublicKeyBytes(pkid, 'PKID');
    writer.byteArray(pkid);
  },
  read(reader: ByteReader) {
    const pkid = reader.byteArray();
    if (pkid.length !== publicKeyBytes) throw malformed('PKID', `${pkid.length} bytes instead of ${publicKeyBytes}`);
    return pkid;
  },
};
