import { compareBytes, manifestEntryProblem, rangeEnd, withoutTrailingZeros } from '@hs/bytes';
import { AncestralRecordsError } from './errors.js';

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

/**
 * The interval of keys that a bit prefix holds. Trailing zero bytes are dropped from both ends, because a shorter key
 * that the zeros would pad out lies in the same range.
 */
export function rangeInterval(range: Pick<RangeEntry, 'start' | 'depth'>): KeyInterval {
  return { startKey: withoutTrailingZeros(range.start), endKey: rangeEnd(range.start, range.depth) };
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
  const reason = manifestEntryProblem(entry, previous);
  if (reason === undefined) return;
  throw new AncestralRecordsError('ANCESTRAL_RECORDS_INVALID_MANIFEST', `manifest entry ${index}: ${reason}`, {
    details: { index, reason },
  });
}
