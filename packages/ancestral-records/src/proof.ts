import { compareBytes, toHex } from '@hs/bytes';
import type { StoreContext } from './context.js';
import { AncestralRecordsError } from './errors.js';
import { type PackedRecords, uncompressedSumBytes } from './hasher.js';
import { keyAt, recordCount } from './packed-records.js';
import { type RangeEntry, rangeInterval } from './range.js';

/** Why records are not the range that the manifest names. */
export type RefutationReason =
  | 'count'
  | 'bytes'
  | 'sum'
  | 'duplicate'
  | 'out-of-order'
  | 'out-of-range'
  | 'key-too-long'
  | 'value-too-long';

/**
 * Checks that records are exactly those of a manifest entry: cheap rules first, then the sum.
 *
 * @throws ANCESTRAL_RECORDS_RANGE_REFUTED
 */
export async function proveRecords(
  context: StoreContext,
  target: { readonly entry: RangeEntry; readonly index: number },
  records: readonly PackedRecords[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { entry, index } = target;
  checkShape(context, target, records);
  const { hasher } = context;
  const options = signal === undefined ? {} : { signal };
  let sum: Uint8Array | undefined;
  for (const packed of records) {
    if (packed.offsets.length === 0) continue;
    signal?.throwIfAborted();
    const part = await hasher.sum(packed, options);
    sum = sum === undefined ? part : await hasher.combine(sum, part, options);
  }
  const encoded = await hasher.encode((sum as Uint8Array).subarray(0, uncompressedSumBytes), options);
  signal?.throwIfAborted();
  if (compareBytes(encoded, entry.sum) !== 0) throw refuted(index, 'sum', toHex(entry.sum), toHex(encoded));
}

function checkShape(
  context: StoreContext,
  { entry, index }: { readonly entry: RangeEntry; readonly index: number },
  records: readonly PackedRecords[],
): void {
  const { maxKeyBytes, maxValueBytes } = context.parameters;
  let count = 0;
  for (const packed of records) count += recordCount(packed);
  if (count !== entry.count) throw refuted(index, 'count', entry.count, count);
  const { startKey, endKey } = rangeInterval(entry);
  let bytes = 0;
  let previous: Uint8Array | undefined;
  for (const packed of records) {
    for (let i = 0; i < packed.offsets.length / 4; i++) {
      const key = keyAt(packed, i);
      const valueBytes = (packed.offsets[4 * i + 3] as number) - (packed.offsets[4 * i + 2] as number);
      if (key.length > maxKeyBytes) throw refuted(index, 'key-too-long', maxKeyBytes, key.length);
      if (valueBytes > maxValueBytes) throw refuted(index, 'value-too-long', maxValueBytes, valueBytes);
      const order = previous === undefined ? -1 : compareBytes(previous, key);
      if (order === 0) throw refuted(index, 'duplicate', 'ascending keys', toHex(key));
      if (order > 0) throw refuted(index, 'out-of-order', 'ascending keys', toHex(key));
      const isBefore = previous === undefined && compareBytes(key, startKey) < 0;
      if (isBefore || (endKey !== undefined && compareBytes(key, endKey) >= 0)) {
        throw refuted(
          index,
          'out-of-range',
          `${toHex(startKey)}..${endKey === undefined ? '' : toHex(endKey)}`,
          toHex(key),
        );
      }
      bytes += key.length + valueBytes;
      previous = key;
    }
  }
  if (bytes !== entry.bytes) throw refuted(index, 'bytes', entry.bytes, bytes);
}

function refuted(
  index: number,
  reason: RefutationReason,
  expected: string | number,
  actual: string | number,
): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_RANGE_REFUTED',
    `these are not the records of range ${index} (${reason}: expected ${expected}, got ${actual}): ` +
      'whoever sent them is wrong; take the range from another source',
    { details: { index, reason, expected, actual } },
  );
}
