import { type ByteReader, type ByteWriter, compareBytes, equalBytes } from '@hs/bytes';
import type { ExtraData } from '../entries/profile-entry.js';
import { malformed } from './entry-encoding.js';

/** A count, then keys and values in byte order of the keys. @throws RangeError on equal keys */
export function writeExtraData(writer: ByteWriter, extraData: ExtraData): void {
  const sorted = extraData.toSorted(([left], [right]) => compareBytes(left, right));
  writer.uvarint(sorted.length);
  let previous: Uint8Array | undefined;
  for (const [key, value] of sorted) {
    if (previous !== undefined && equalBytes(previous, key)) throw new RangeError('extraData has two equal keys');
    writer.byteArray(key).byteArray(value);
    previous = key;
  }
}

/** Accepts any order of keys, as the Go node does. @throws DAO_COIN_MALFORMED_ENTRY on equal keys */
export function readExtraData(reader: ByteReader): ExtraData {
  const extraData: [Uint8Array, Uint8Array][] = [];
  for (let left = reader.uvarint(); left > 0n; left--) extraData.push([reader.byteArray(), reader.byteArray()]);
  extraData.sort(([left], [right]) => compareBytes(left, right));
  for (const [index, [key]] of extraData.entries()) {
    const next = extraData[index + 1];
    if (next !== undefined && equalBytes(key, next[0])) throw malformed('ExtraData', 'two equal keys');
  }
  return extraData;
}
