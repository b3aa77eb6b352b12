import { ByteReader } from '@hs/bytes';
import { AncestralRecordsError } from './errors.js';

/** The error for stored data that cannot be what this package wrote. */
export function corrupt(what: string, why: string, cause?: unknown): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_CORRUPT',
    `the stored ${what} is damaged (${why}): restore the database from a copy, or sync again into an empty folder`,
    { details: { what, why }, cause },
  );
}

/** A reader of stored bytes. @throws ANCESTRAL_RECORDS_CORRUPT if there are none, and when they do not hold what is read */
export function readerOf(bytes: Uint8Array | undefined, what: string): ByteReader {
  if (bytes === undefined) throw corrupt(what, 'missing');
  return new ByteReader(bytes, (_problem, detail) => corrupt(what, detail));
}

/** A count or height. @throws ANCESTRAL_RECORDS_CORRUPT */
export function number(reader: ByteReader): number {
  const value = reader.u64be();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt('number', `${value} is too large`);
  return Number(value);
}
