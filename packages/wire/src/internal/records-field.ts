import { uvarintLength, writeUvarint } from '@hs/bytes';
import type { PackedRecords } from '../packed-records.js';
import type { Field } from './field.js';
import type { PayloadReader } from './payload-reader.js';

/**
 * A count, then key and value of each record, each after its length.
 *
 * Reading leaves every byte where it is and notes only where keys and values start and end, so a chunk costs its offsets and nothing
 * else; writing copies straight into the result. Neither makes an object for a record.
 */
export function recordsField(options: {
  readonly maxRecords: number;
  readonly maxKeyBytes: number;
}): Field<PackedRecords> {
  const { maxRecords, maxKeyBytes } = options;
  return {
    minBytes: 1,
    maxBytes: 0xffff_ffff,
    write(writer, records) {
      const count = records.offsets.length / 4;
      if (!Number.isInteger(count)) throw new RangeError('offsets have four numbers per record');
      if (count > maxRecords) throw new RangeError(`${count} records are over ${maxRecords}`);
      writer.uvarint(count).bytes(encodeRecords(records, maxKeyBytes));
    },
    read(reader) {
      const count = reader.uvarintNumber(maxRecords);
      if (count * minRecordBytes > reader.remaining) {
        throw reader.error('WIRE_TRUNCATED', `${count} records do not fit ${reader.remaining} bytes`);
      }
      const offsets = new Uint32Array(4 * count);
      const lengths = new LengthReader(reader);
      for (let index = 0; index < offsets.length; index += 4) {
        const keyLength = lengths.next();
        if (keyLength === 0) throw reader.error('WIRE_INVALID_VALUE', 'a record has an empty key');
        if (keyLength > maxKeyBytes) throw reader.error('WIRE_LIMIT_EXCEEDED', `a key is longer than ${maxKeyBytes}`);
        offsets[index] = lengths.at;
        offsets[index + 1] = lengths.at += keyLength;
        const valueLength = lengths.next();
        offsets[index + 2] = lengths.at;
        offsets[index + 3] = lengths.at += valueLength;
      }
      reader.bytes(lengths.at - reader.offset);
      return { bytes: reader.payload, offsets };
    },
  };
}

/** A length, a key of one byte, a length. */
const minRecordBytes = 3;

/** Reads unsigned LEB128 lengths with plain numbers; each is checked against the bytes that follow it. */
class LengthReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #reader: PayloadReader;

  constructor(reader: PayloadReader) {
    this.at = reader.offset;
    this.#bytes = reader.payload;
    this.#reader = reader;
  }

  next(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.at++];
    if (byte === undefined) throw this.#truncated();
    let length = byte & 0x7f;
    for (let index = 1, scale = 128; byte >= 0x80; index++, scale *= 128) {
      byte = bytes[this.at++];
      if (byte === undefined) throw this.#truncated();
      if (index === 9 && byte > 1) throw this.#reader.error('WIRE_VARINT_OVERFLOW', 'a length is above 2^64-1');
      length += (byte & 0x7f) * scale;
    }
    if (length > bytes.length - this.at) throw this.#truncated();
    return length;
  }

  #truncated(): Error {
    return this.#reader.error('WIRE_TRUNCATED', 'a record goes past the end of the message');
  }
}

function encodeRecords({ bytes, offsets }: PackedRecords, maxKeyBytes: number): Uint8Array {
  let size = 0;
  for (let index = 0; index < offsets.length; index += 2) {
    const start = offsets[index] as number;
    const end = offsets[index + 1] as number;
    if (start > end || end > bytes.length) throw new RangeError('the offsets of a record are outside its bytes');
    const length = end - start;
    if (index % 4 === 0 && (length === 0 || length > maxKeyBytes)) {
      throw new RangeError(`a key has 1 to ${maxKeyBytes} bytes`);
    }
    size += uvarintLength(length) + length;
  }
  const target = new Uint8Array(size);
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new DataView(target.buffer);
  let at = 0;
  for (let index = 0; index < offsets.length; index += 2) {
    const end = offsets[index + 1] as number;
    let from = offsets[index] as number;
    at = writeUvarint(target, at, end - from);
    // Four bytes at a time: for lengths like these faster than `set`, which needs a view for each.
    for (; from + 4 <= end; from += 4, at += 4) words.setInt32(at, source.getInt32(from));
    while (from < end) target[at++] = bytes[from++] as number;
  }
  return target;
}
