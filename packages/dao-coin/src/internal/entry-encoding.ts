import { type ByteReader, ByteWriter } from '@hs/bytes';
import type { EncodeOptions, EntryCodec } from '../entries/entry-codec.js';
import { DaoCoinError } from '../error.js';
import { decodeAll } from './decoding.js';

/** How one entry type is written: the wrapper's type and version, and the body after it. */
export interface EntryEncoding<Entry> {
  readonly name: string;
  readonly type: number;
  version(options: EncodeOptions): number;
  isVersion(version: number): boolean;
  write(writer: ByteWriter, entry: Entry, options: EncodeOptions): void;
  read(reader: ByteReader, version: number): Entry;
}

const exists = 1;

/** Writes an existence byte, type and version (left out in the checksum form), and the body. */
export function writeEntry<Entry>(
  writer: ByteWriter,
  encoding: EntryEncoding<Entry>,
  { entry, options }: { readonly entry: Entry; readonly options: EncodeOptions },
): void {
  writer.byte(exists);
  if (options.form !== 'checksum') writer.uvarint(encoding.type).uvarint(encoding.version(options));
  encoding.write(writer, entry, options);
}

/** Reads a stored-form entry that must exist and have the expected type and a known version. */
export function readEntry<Entry>(reader: ByteReader, encoding: EntryEncoding<Entry>): Entry {
  const { name } = encoding;
  if (!reader.bool()) throw malformed(name, 'the value is null');
  const type = reader.uvarintNumber();
  if (type !== encoding.type) throw malformed(name, `encoder type ${type} instead of ${encoding.type}`);
  const version = reader.uvarintNumber();
  if (!encoding.isVersion(version)) throw malformed(name, `unknown version ${version}`);
  return encoding.read(reader, version);
}

/** The public codec of an encoding. */
export function entryCodec<Entry>(encoding: EntryEncoding<Entry>): EntryCodec<Entry> {
  return {
    encoderType: encoding.type,
    encode(entry, options = {}) {
      const writer = new ByteWriter();
      writeEntry(writer, encoding, { entry, options });
      return writer.finish();
    },
    decode(bytes) {
      return decodeAll(bytes, {
        code: 'DAO_COIN_MALFORMED_ENTRY',
        what: encoding.name,
        read: (reader) => readEntry(reader, encoding),
      });
    },
  };
}

/** The typed error for an entry of kind `what`. */
export function malformed(what: string, problem: string): DaoCoinError {
  return new DaoCoinError('DAO_COIN_MALFORMED_ENTRY', `Malformed ${what}: ${problem}`, { details: { what, problem } });
}
