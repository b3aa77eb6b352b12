import type { ByteReader, ByteWriter } from '@hs/bytes';
import { requireUint256 } from '../uint256.js';
import { readUint256 } from './decoding.js';
import { malformed } from './entry-encoding.js';

/** A uint256 inside an entry: an existence byte, then the length and the minimal big-endian bytes. */
export function writeUint256Field(writer: ByteWriter, value: bigint, name: string): void {
  requireUint256(value, name);
  writer.bool(true).minimalBigint(value);
}

/** @throws DAO_COIN_MALFORMED_ENTRY if it is null or longer than 32 bytes */
export function readUint256Field(reader: ByteReader, name: string): bigint {
  if (!reader.bool()) throw malformed(name, 'the amount is null');
  return readUint256(reader);
}
