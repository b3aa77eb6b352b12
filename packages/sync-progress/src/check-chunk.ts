import { compareBytes } from '@hs/bytes';
import { SyncProgressError } from './errors.js';
import type { PackedRecords, RangeSummary } from './range.js';

/** The rule a chunk broke. */
export type ChunkProblem =
  | 'key-order'
  | 'key-before-cursor'
  | 'key-outside-range'
  | 'key-too-long'
  | 'value-too-long'
  | 'too-many-records'
  | 'too-many-bytes'
  | 'oversized'
  | 'cursor-stuck'
  | 'cursor-outside-range'
  | 'cursor-too-long'
  | 'incomplete';

/** What a chunk must fit into. */
export interface ChunkBounds {
  readonly ranges: readonly RangeSummary[];
  /** The span that was asked for: `ranges[firstRange]` up to, not including, `ranges[endRange]`. */
  readonly firstRange: number;
  readonly endRange: number;
  /** The key the request started at, inclusive; in the first range. */
  readonly startKey: Uint8Array;
  /** What chunks before have brought of the first range. */
  readonly receivedRecords: number;
  readonly receivedBytes: number;
  /** A chunk of more than one record holds at most so many key and value bytes. */
  readonly maxBytes: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
}

/** The part of a chunk that lies in one range. */
export interface ChunkPart {
  readonly range: number;
  readonly fromRecord: number;
  /** Exclusive. */
  readonly toRecord: number;
  readonly bytes: number;
  /** With this part, the range has the count and the bytes of its entry. */
  readonly isComplete: boolean;
}

/** What {@link checkChunk} found. */
export type ChunkVerdict =
  | {
      readonly isAccepted: true;
      readonly records: number;
      readonly bytes: number;
      /** In key order; only the last one can be incomplete. A range without a record in the chunk has no part. */
      readonly parts: readonly ChunkPart[];
    }
  | {
      readonly isAccepted: false;
      readonly problem: ChunkProblem;
      /** The range whose rule was broken. */
      readonly range: number;
      readonly text: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/**
 * Splits a chunk at the bounds of ranges and checks it by its keys, lengths and cursor, without hashing: keys ascend strictly
 * and lie at or after the cursor, inside the ranges that were asked for; lengths, count and bytes keep to their limits; a
 * range that is passed has exactly the count and bytes of its entry; the cursor moves on and stays inside the span.
 *
 * @throws SYNC_PROGRESS_INVALID_RECORDS if the offsets do not describe records inside the bytes, which is the decoder's fault
 */
export function checkChunk(
  chunk: { readonly records: PackedRecords; readonly nextKey: Uint8Array | undefined },
  bounds: ChunkBounds,
): ChunkVerdict {
  const { bytes, offsets } = chunk.records;
  checkOffsets(chunk.records);
  const { ranges, endRange, maxKeyBytes, maxValueBytes } = bounds;
  const count = offsets.length / 4;
  const parts: ChunkPart[] = [];
  let range = bounds.firstRange;
  let summary = ranges[range] as RangeSummary;
  let earlierRecords = bounds.receivedRecords;
  let earlierBytes = bounds.receivedBytes;
  let partStart = 0;
  let partBytes = 0;
  let total = 0;
  let previousStart = 0;
  let previousEnd = 0;
  const isComplete = (record: number): boolean =>
    earlierRecords + record - partStart === summary.records && earlierBytes + partBytes === summary.bytes;
  const endPart = (record: number): void => {
    if (record > partStart) {
      parts.push({ range, fromRecord: partStart, toRecord: record, bytes: partBytes, isComplete: isComplete(record) });
    }
  };
  const moveOn = (record: number): void => {
    endPart(record);
    range++;
    summary = ranges[range] as RangeSummary;
    earlierRecords = 0;
    earlierBytes = 0;
    partStart = record;
    partBytes = 0;
  };
  const refuse = (problem: ChunkProblem, text: string, details: Readonly<Record<string, unknown>>): ChunkVerdict => ({
    isAccepted: false,
    problem,
    range,
    text: `The chunk ${text}.`,
    details,
  });
  const lacking = (record: number): Readonly<Record<string, unknown>> => ({
    expected: { records: summary.records, bytes: summary.bytes },
    actual: { records: earlierRecords + record - partStart, bytes: earlierBytes + partBytes },
  });

  for (let record = 0; record < count; record++) {
    const keyStart = offsets[4 * record] as number;
    const keyEnd = offsets[4 * record + 1] as number;
    const valueBytes = (offsets[4 * record + 3] as number) - (offsets[4 * record + 2] as number);
    const keyBytes = keyEnd - keyStart;
    const place = (): Readonly<Record<string, unknown>> => ({
      record,
      key: bytes.slice(keyStart, Math.min(keyEnd, keyStart + maxKeyBytes)),
    });
    if (keyBytes > maxKeyBytes) return refuse('key-too-long', 'has a key over the limit', { ...place(), keyBytes });
    if (valueBytes > maxValueBytes) {
      return refuse('value-too-long', 'has a value over the limit', { ...place(), valueBytes });
    }
    if (record > 0) {
      if (compareParts(bytes, keyStart, keyEnd, bytes, previousStart, previousEnd) <= 0) {
        return refuse('key-order', 'has keys that do not ascend', place());
      }
    } else if (compareToKey(bytes, keyStart, keyEnd, bounds.startKey) < 0) {
      return refuse('key-before-cursor', 'starts before the key that was asked for', place());
    }
    while (summary.endKey !== undefined && compareToKey(bytes, keyStart, keyEnd, summary.endKey) >= 0) {
      if (range + 1 === endRange) return refuse('key-outside-range', 'has a key after the end of the span', place());
      if (!isComplete(record)) {
        return refuse('incomplete', 'leaves a range before its count and bytes are reached', lacking(record));
      }
      moveOn(record);
    }
    if (record === partStart && compareToKey(bytes, keyStart, keyEnd, summary.startKey) < 0) {
      return refuse('key-outside-range', 'has a key between two ranges', place());
    }
    if (earlierRecords + record - partStart === summary.records) {
      return refuse('too-many-records', 'holds more records than the range', { ...place(), ...lacking(record + 1) });
    }
    partBytes += keyBytes + valueBytes;
    total += keyBytes + valueBytes;
    if (earlierBytes + partBytes > summary.bytes) {
      return refuse('too-many-bytes', 'holds more bytes than the range', { ...place(), ...lacking(record + 1) });
    }
    if (record > 0 && total > bounds.maxBytes) {
      return refuse('oversized', 'is larger than what was asked for', { ...place(), maxBytes: bounds.maxBytes });
    }
    previousStart = keyStart;
    previousEnd = keyEnd;
  }

  const { nextKey } = chunk;
  if (nextKey !== undefined) {
    // The successor of the longest key is one byte longer than it.
    if (nextKey.length > maxKeyBytes + 1) {
      return refuse('cursor-too-long', 'has a cursor over the key limit', { cursorBytes: nextKey.length });
    }
    const cursor = { cursor: Uint8Array.from(nextKey) };
    const isStuck =
      count > 0
        ? compareToKey(bytes, previousStart, previousEnd, nextKey) >= 0
        : compareBytes(nextKey, bounds.startKey) <= 0;
    if (isStuck) return refuse('cursor-stuck', 'has a cursor that does not move on', cursor);
    const endKey = ranges[endRange - 1]?.endKey;
    if (endKey !== undefined && compareBytes(nextKey, endKey) >= 0) {
      return refuse('cursor-outside-range', 'has a cursor after the end of the span', cursor);
    }
  }
  // A cursor behind a range claims that nothing more of it is to come.
  for (;;) {
    const isPassed =
      nextKey === undefined || (summary.endKey !== undefined && compareBytes(nextKey, summary.endKey) >= 0);
    if (!isPassed) break;
    if (!isComplete(count)) {
      return refuse('incomplete', 'ends a range before its count and bytes are reached', lacking(count));
    }
    if (range + 1 === endRange) break;
    moveOn(count);
  }
  endPart(count);
  return { isAccepted: true, records: count, bytes: total, parts };
}

function checkOffsets({ bytes, offsets }: PackedRecords): void {
  if (offsets.length % 4 !== 0) throw invalidRecords('offsets do not come in fours', { offsets: offsets.length });
  for (let at = 0; at < offsets.length; at += 2) {
    const start = offsets[at] as number;
    const end = offsets[at + 1] as number;
    if (start > end || end > bytes.length) {
      throw invalidRecords('offsets reach outside the bytes', { record: at >> 2, bytes: bytes.length });
    }
  }
}

function compareToKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): number {
  return compareParts(bytes, start, end, key, 0, key.length);
}

function compareParts(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

function invalidRecords(message: string, details: Readonly<Record<string, unknown>>): SyncProgressError {
  return new SyncProgressError('SYNC_PROGRESS_INVALID_RECORDS', `Not packed records: ${message}.`, { details });
}
