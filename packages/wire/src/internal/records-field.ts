import { type ByteWriter, uvarintLength, writeUvarint } from '@hs/bytes';
import type { PackedRecords } from '../packed-records.js';
import type { Field } from './field.js';
import type { PayloadReader } from './payload-reader.js';

/**
 * A count, then key and value of each record, each after its length.
 *
 * Reading leaves every byte where it is and notes only where keys and values start and end, so a chunk costs its offsets and nothing
 * else. Writing copies straight into the result, and all at once if the records lie like this already. Neither makes an object for a
 * record.
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
      writer.uvarint(count);
      if (count > 0) writeRecords(writer, records, maxKeyBytes);
    },
    read(reader) {
      const count = reader.uvarintNumber(maxRecords);
      if (count * minRecordBytes > reader.remaining) {
        throw reader.error('WIRE_TRUNCATED', `${count} records do not fit ${reader.remaining} bytes`);
      }
      const offsets = new Uint32Array(4 * count);
      const { payload } = reader;
      const end = payload.length;
      let at = reader.offset;
      for (let index = 0; index < offsets.length; index += 4) {
        let keyLength = payload[at++] as number;
        if (!(keyLength < 0x80)) [keyLength, at] = longLength(reader, at - 1);
        if (keyLength === 0) throw reader.error('WIRE_INVALID_VALUE', 'a record has an empty key');
        if (keyLength > maxKeyBytes) throw reader.error('WIRE_LIMIT_EXCEEDED', `a key is longer than ${maxKeyBytes}`);
        if (keyLength > end - at) throw truncated(reader);
        offsets[index] = at;
        offsets[index + 1] = at += keyLength;
        let valueLength = payload[at++] as number;
        if (!(valueLength < 0x80)) [valueLength, at] = longLength(reader, at - 1);
        if (valueLength > end - at) throw truncated(reader);
        offsets[index + 2] = at;
        offsets[index + 3] = at += valueLength;
      }
      reader.bytes(at - reader.offset);
      return { bytes: payload, offsets };
    },
  };
}

/** A length, a key of one byte, a length. */
const minRecordBytes = 3;

/**
 * The unsigned LEB128 length at `start` that has more than one byte, or is not there at all, and the offset after it. Beyond 2^53 it loses
 * digits, but never becomes small.
 */
function longLength(reader: PayloadReader, start: number): readonly [length: number, at: number] {
  const bytes = reader.payload;
  let length = 0;
  for (let index = 0, at = start, scale = 1; ; index++, scale *= 128) {
    const byte = bytes[at++];
    if (byte === undefined) throw truncated(reader);
    if (index === 9 && byte > 1) throw reader.error('WIRE_VARINT_OVERFLOW', 'a length is above 2^64-1');
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return [length, at];
  }
}

function truncated(reader: PayloadReader): Error {
  return reader.error('WIRE_TRUNCATED', 'a record goes past the end of the message');
}

/** Appends key and value of each record, each after its length. */
function writeRecords(writer: ByteWriter, { bytes, offsets }: PackedRecords, maxKeyBytes: number): void {
  const first = (offsets[0] as number) - uvarintLength((offsets[1] as number) - (offsets[0] as number));
  let size = 0;
  let isInPlace = first >= 0;
  let at = first;
  for (let index = 0; index < offsets.length; index += 2) {
    const start = offsets[index] as number;
    const end = offsets[index + 1] as number;
    if (start > end || end > bytes.length) throw new RangeError('the offsets of a record are outside its bytes');
    const length = end - start;
    if (index % 4 === 0 && (length === 0 || length > maxKeyBytes)) {
      throw new RangeError(`a key has 1 to ${maxKeyBytes} bytes`);
    }
    const lengthBytes = uvarintLength(length);
    size += lengthBytes + length;
    isInPlace &&= start === at + lengthBytes;
    at = end;
  }
  const target = writer.space(size);
  if (isInPlace) copyWhole(target, bytes.subarray(first, at), offsets);
  else copyPieces(target, bytes, offsets);
}

/** Records that lie one after the other, with room for the lengths, as they do when they come from a message. */
function copyWhole(target: Uint8Array, bytes: Uint8Array, offsets: Uint32Array): void {
  target.set(bytes);
  let at = 0;
  for (let index = 0; index < offsets.length; index += 2) {
    const length = (offsets[index + 1] as number) - (offsets[index] as number);
    if (length < 0x80) target[at++] = length;
    else at = writeUvarint(target, at, length);
    at += length;
  }
}

/** Records that lie in any order. */
function copyPieces(target: Uint8Array, bytes: Uint8Array, offsets: Uint32Array): void {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let at = 0;
  for (let index = 0; index < offsets.length; index += 2) {
    const end = offsets[index + 1] as number;
    let from = offsets[index] as number;
    at = writeUvarint(target, at, end - from);
    // Four bytes at a time: for lengths like these faster than `set`, which needs a view for each.
    for (; from + 4 <= end; from += 4, at += 4) words.setInt32(at, source.getInt32(from));
    while (from < end) target[at++] = bytes[from++] as number;
  }
}
