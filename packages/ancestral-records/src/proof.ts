import { compareBytes, toHex } from '@hs/bytes';
import type { StoreContext } from './context.js';
import { AncestralRecordsError } from './errors.js';
import { type PackedRecords, uncompressedSumBytes } from './hasher.js';
import { comparePieces, recordCount } from './packed-records.js';
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
  let previous: Uint8Array = startKey;
  let previousStart = 0;
  let previousEnd = startKey.length;
  let isFirst = true;
  for (const packed of records) {
    const { bytes: own, offsets } = packed;
    for (let at = 0; at < offsets.length; at += 4) {
      const start = offsets[at] as number;
      const end = offsets[at + 1] as number;
      const valueBytes = (offsets[at + 3] as number) - (offsets[at + 2] as number);
      if (end - start > maxKeyBytes) throw refuted(index, 'key-too-long', maxKeyBytes, end - start);
      if (valueBytes > maxValueBytes) throw refuted(index, 'value-too-long', maxValueBytes, valueBytes);
      const order = comparePieces(previous, previousStart, previousEnd, own, start, end);
      const isAfter = endKey !== undefined && comparePieces(own, start, end, endKey, 0, endKey.length) >= 0;
      if (!isFirst && order === 0) throw refuted(index, 'duplicate', 'ascending keys', toHex(own.subarray(start, end)));
      if (!isFirst && order > 0)
        throw refuted(index, 'out-of-order', 'ascending keys', toHex(own.subarray(start, end)));
      if ((isFirst && order > 0) || isAfter) {
        const interval = `${toHex(startKey)}..${endKey === undefined ? '' : toHex(endKey)}`;
        throw refuted(index, 'out-of-range', interval, toHex(own.subarray(start, end)));
      }
      bytes += end - start + valueBytes;
      previous = own;
      previousStart = start;
      previousEnd = end;
      isFirst = false;
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
