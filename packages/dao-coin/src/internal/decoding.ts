import { ByteReader, bigintFromBytes } from '@hs/bytes';
import { DaoCoinError, type DaoCoinErrorCode } from '../error.js';

type MalformedCode = Extract<DaoCoinErrorCode, `DAO_COIN_MALFORMED_${string}`>;

/** Decodes all of `bytes` with `read`; whatever is wrong with them is a typed error under `code`. */
export function decodeAll<T>(
  bytes: Uint8Array,
  options: { readonly code: MalformedCode; readonly what: string; readonly read: (reader: ByteReader) => T },
): T {
  const { code, what, read } = options;
  const reader = new ByteReader(
    bytes,
    (problem, detail) => new DaoCoinError(code, `Malformed ${what}: ${detail}`, { details: { problem, what } }),
  );
  const value = read(reader);
  reader.end();
  return value;
}

/** A length of at most 32 and that many big-endian bytes; leading zeros are accepted, as in the Go node. */
export function readUint256(reader: ByteReader): bigint {
  return bigintFromBytes(reader.byteArray(32));
}
