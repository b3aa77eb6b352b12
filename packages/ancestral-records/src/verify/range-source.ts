import { compareBytes, equalBytes, toHex } from '@hs/bytes';
import { AncestralRecordsError } from '../errors.js';
import type { PackedRecords } from '../hasher.js';
import type { Manifest } from '../manifest.js';
import { equalEntries, type RangeEntry } from '../range.js';
import type { StateStore } from '../state-store.js';
import type { Abortable } from '../store-types.js';

/**
 * Where the records of ranges can be had: a snapshot file, another store, a peer. Nothing it gives is trusted.
 */
export interface RangeSource {
  /** The manifest that its indexes belong to; left out, it is the one that the ranges are asked for. */
  readonly manifest?: Manifest;
  /** The records of one range, ascending. Rejects if it does not have them. */
  readRange(index: number, options?: Abortable): Promise<PackedRecords | readonly PackedRecords[]>;
}

/** A source over a snapshot that another store (or this one, as far as it is intact) has. */
export function storeSource(store: StateStore, manifest: Manifest): RangeSource {
  return {
    manifest,
    async readRange(index, options = {}) {
      const { startKey, endKey } = manifest.range(index);
      const expected = manifest.entries[index] as RangeEntry;
      const parts: PackedRecords[] = [];
      let bytes = 0;
      for (let cursor: Uint8Array | undefined = startKey; cursor !== undefined; ) {
        const request = { height: manifest.height, startKey: cursor, endKey, ...options };
        const { records, recordBytes, nextKey } = await store.readChunk(request);
        parts.push(records);
        bytes += recordBytes;
        if (bytes > expected.bytes) throw tooMuch(index, expected, bytes);
        cursor = nextKey;
      }
      return parts;
    },
  };
}

/** The error for a range that holds more than its entry says; what is beyond is not read. */
export function tooMuch(index: number, entry: RangeEntry, bytes: number): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_RANGE_REFUTED',
    `range ${index} has more than ${entry.bytes} bytes: take it from another source`,
    { details: { index, reason: 'bytes', expected: entry.bytes, actual: bytes } },
  );
}

/**
 * Asks a source for a range of `manifest`; the source may number its ranges by another manifest, as long as that has an
 * equal entry.
 *
 * @throws ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE if it has none, or what the source throws
 */
export async function rangeFrom(
  source: RangeSource,
  manifest: Manifest,
  index: number,
  options: Abortable,
): Promise<readonly PackedRecords[]> {
  const entry = manifest.entries[index] as RangeEntry;
  const own = source.manifest === undefined ? index : indexOfEqual(source.manifest.entries, entry, index);
  if (own === undefined) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE',
      `the source has no range that equals range ${index} of height ${manifest.height}`,
      { details: { height: manifest.height, index, start: toHex(entry.start), depth: entry.depth } },
    );
  }
  const records = await source.readRange(own, options);
  return 'bytes' in records ? [records] : records;
}

function indexOfEqual(entries: readonly RangeEntry[], entry: RangeEntry, hint: number): number | undefined {
  const guess = entries[hint];
  if (guess !== undefined && equalEntries(guess, entry)) return hint;
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes((entries[middle] as RangeEntry).start, entry.start) < 0) low = middle + 1;
    else high = middle;
  }
  for (; low < entries.length && equalBytes((entries[low] as RangeEntry).start, entry.start); low++) {
    if (equalEntries(entries[low] as RangeEntry, entry)) return low;
  }
  return undefined;
}
