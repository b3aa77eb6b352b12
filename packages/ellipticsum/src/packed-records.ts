import { ByteWriter } from '@hs/bytes';
import { EllipticSumError } from './errors.js';
import { isTypedArray, requireBytes } from './internal/arguments.js';

/**
 * Many records in one byte string, without an object for each: the form in which a chunk lies in memory after decoding.
 *
 * `offsets` has four numbers per record: key start, key end, value start and value end, into `bytes`. Keys and values
 * need not be adjacent, in order or disjoint.
 */
export interface PackedRecords {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/**
 * Copies records into packed form, in the order given.
 *
 * @throws TypeError if a key or value is no Uint8Array
 * @throws RangeError if all of them together exceed 4 GiB - 1, the reach of the offsets
 */
export function packRecords(records: Iterable<readonly [key: Uint8Array, value: Uint8Array]>): PackedRecords {
  const writer = new ByteWriter();
  const offsets: number[] = [];
  for (const [key, value] of records) {
    requireBytes(key, 'key');
    requireBytes(value, 'value');
    const start = writer.length;
    const end = start + key.length + value.length;
    if (end > 0xffff_ffff) throw new RangeError('packed records must be smaller than 4 GiB');
    writer.bytes(key).bytes(value);
    offsets.push(start, start + key.length, start + key.length, end);
  }
  return { bytes: writer.finish(), offsets: Uint32Array.from(offsets) };
}

/**
 * How many records there are.
 *
 * @throws ELLIPTICSUM_INVALID_BATCH if `offsets` does not hold four numbers for each
 */
export function recordCount(packed: PackedRecords): number {
  const count = packed.offsets.length / 4;
  if (!Number.isInteger(count)) throw invalidBatch('offsets must hold four numbers for each record');
  return count;
}

/**
 * The records one by one, as views of `packed.bytes`.
 *
 * @throws ELLIPTICSUM_INVALID_BATCH at the first step, if any offset lies outside `packed.bytes`
 */
export function* unpackRecords(
  packed: PackedRecords,
): Generator<[key: Uint8Array, value: Uint8Array], void, undefined> {
  const count = validatePackedRecords(packed);
  for (let index = 0; index < count; index++) yield [keyAt(packed, index), valueAt(packed, index)];
}

/** View of the key of record `index`. */
export function keyAt({ bytes, offsets }: PackedRecords, index: number): Uint8Array {
  return bytes.subarray(offsets[4 * index], offsets[4 * index + 1]);
}

/** View of the value of record `index`. */
export function valueAt({ bytes, offsets }: PackedRecords, index: number): Uint8Array {
  return bytes.subarray(offsets[4 * index + 2], offsets[4 * index + 3]);
}

/** Checks every offset and returns the number of records. @throws ELLIPTICSUM_INVALID_BATCH */
export function validatePackedRecords(packed: PackedRecords): number {
  const { bytes, offsets } = packed;
  if (!isTypedArray(bytes, 'Uint8Array')) throw invalidBatch('bytes must be a Uint8Array');
  if (!isTypedArray(offsets, 'Uint32Array')) throw invalidBatch('offsets must be a Uint32Array');
  const count = recordCount(packed);
  for (let at = 0; at < offsets.length; at += 2) {
    const start = offsets[at] as number;
    const end = offsets[at + 1] as number;
    if (start > end || end > bytes.length) {
      const record = at >>> 2;
      throw invalidBatch(`record ${record}: ${start}..${end} is no span of ${bytes.length} bytes`, { record });
    }
  }
  return count;
}

/** The error for packed records, signs or groups that do not fit together. */
export function invalidBatch(message: string, details: Readonly<Record<string, number>> = {}): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_INVALID_BATCH', message, { details });
}
