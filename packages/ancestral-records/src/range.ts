import { compareBytes } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import { AncestralRecordsError } from './errors.js';
import { encodedSumBytes } from './hasher.js';

/** One range of a manifest: the records whose keys, read as bits padded with zeros, begin with the first `depth` bits of `start`. */
export interface RangeEntry {
  /** `ceil(depth / 8)` bytes; bits after `depth` are zero. */
  readonly start: Uint8Array;
  /** Length of the bit prefix, at least 8. */
  readonly depth: number;
  /** Records in the range, at least 1. */
  readonly count: number;
  /** Key and value bytes of these records. */
  readonly bytes: number;
  /** Encoded sum of these records. */
  readonly sum: Uint8Array;
}

/** A half-open interval of keys; without `endKey` it reaches to the end of all keys. */
export interface KeyInterval {
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
}

/** Most bits a range can fix: no key is longer than 65,535 bytes. */
export const maxDepth: number = 8 * 65_535;

/**
 * The interval of keys that a bit prefix holds. Trailing zero bytes are dropped from both ends, because a shorter key
 * that the zeros would pad out lies in the same range.
 */
export function rangeInterval(range: Pick<RangeEntry, 'start' | 'depth'>): KeyInterval {
  return { startKey: withoutTrailingZeros(range.start), endKey: keyAfter(range.start, range.depth) };
}

function keyAfter(start: Uint8Array, depth: number): Uint8Array | undefined {
  const end = copyBytes(start);
  let carry = 1 << (7 - ((depth - 1) & 7));
  for (let i = end.length - 1; i >= 0 && carry !== 0; i--) {
    const sum = (end[i] as number) + carry;
    end[i] = sum & 0xff;
    carry = sum >> 8;
  }
  return carry === 0 ? withoutTrailingZeros(end) : undefined;
}

function withoutTrailingZeros(key: Uint8Array): Uint8Array {
  let length = key.length;
  while (length > 1 && key[length - 1] === 0) length--;
  return copyBytes(key.subarray(0, length));
}

/** True if both entries name the same interval with the same content. */
export function equalEntries(a: RangeEntry, b: RangeEntry): boolean {
  return (
    a.depth === b.depth &&
    a.count === b.count &&
    a.bytes === b.bytes &&
    compareBytes(a.start, b.start) === 0 &&
    compareBytes(a.sum, b.sum) === 0
  );
}

/**
 * Checks one entry by itself and against the one before it.
 *
 * @throws ANCESTRAL_RECORDS_INVALID_MANIFEST
 */
export function checkEntry(entry: RangeEntry, index: number, previous: RangeEntry | undefined): void {
  const { start, depth, count, bytes, sum } = entry;
  if (!Number.isSafeInteger(depth) || depth < 8 || depth > maxDepth) throw invalid(index, 'depth out of range');
  if (start.length !== Math.ceil(depth / 8)) throw invalid(index, 'start and depth do not fit');
  const unused = 8 * start.length - depth;
  if (((start[start.length - 1] as number) & ((1 << unused) - 1)) !== 0) throw invalid(index, 'bits after the depth');
  if (!Number.isSafeInteger(count) || count < 1) throw invalid(index, 'a range without records');
  if (!Number.isSafeInteger(bytes) || bytes < count) throw invalid(index, 'fewer bytes than records');
  if (sum.length !== encodedSumBytes) throw invalid(index, 'a sum that is not 32 bytes');
  if (previous === undefined) return;
  const previousEnd = keyAfter(previous.start, previous.depth);
  if (previousEnd === undefined || compareBytes(previousEnd, withoutTrailingZeros(start)) > 0) {
    throw invalid(index, 'it overlaps or precedes the range before it');
  }
}

function invalid(index: number, reason: string): AncestralRecordsError {
  return new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `manifest entry ${index}: ${reason}`, {
    details: { index, reason },
  });
}
