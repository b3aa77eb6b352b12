import { compareBytes } from '@hs/bytes';
import { SyncProgressError } from './errors.js';
import type { PackedRecords } from './range.js';

/** The rule a chunk broke. */
export type ChunkProblem =
  | 'key-order'
  | 'key-before-cursor'
  | 'key-outside-range'
  | 'key-too-long'
  | 'value-too-long'
  | 'too-many-records'
  | 'too-many-bytes'
  | 'cursor-stuck'
  | 'cursor-outside-range'
  | 'cursor-too-long'
  | 'incomplete';

/** What a chunk must fit into. */
export interface ChunkBounds {
  /** The key the request started at, inclusive. */
  readonly startKey: Uint8Array;
  /** The end of the range, exclusive; undefined for the end of the key space. */
  readonly endKey: Uint8Array | undefined;
  /** What the manifest entry still lacks after the chunks before. */
  readonly recordsLeft: number;
  readonly bytesLeft: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
}

/** What {@link checkChunk} found. */
export type ChunkVerdict =
  | {
      readonly isAccepted: true;
      readonly records: number;
      readonly bytes: number;
      /** The entry's count and bytes are reached. */
      readonly isComplete: boolean;
    }
  | {
      readonly isAccepted: false;
      readonly problem: ChunkProblem;
      readonly text: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/**
 * Checks a chunk by its keys, lengths and cursor, without hashing: keys ascend strictly, lie at or after the cursor and
 * inside the range; lengths, count and bytes keep to their limits; the cursor moves on and stays inside the range; an
 * exhausted range has exactly the count and bytes of its entry.
 *
 * @throws SYNC_PROGRESS_INVALID_RECORDS if the offsets do not describe records inside the bytes, which is the decoder's fault
 */
export function checkChunk(
  chunk: { readonly records: PackedRecords; readonly nextKey: Uint8Array | undefined },
  bounds: ChunkBounds,
): ChunkVerdict {
  const { bytes, offsets } = chunk.records;
  if (offsets.length % 4 !== 0) throw invalidRecords('offsets do not come in fours', { offsets: offsets.length });
  const count = offsets.length / 4;
  if (count > bounds.recordsLeft) {
    return refuse('too-many-records', 'holds more records than the range has left', {
      records: count,
      recordsLeft: bounds.recordsLeft,
    });
  }
  let previous: Uint8Array | undefined;
  let total = 0;
  for (let record = 0; record < count; record++) {
    const [keyStart, keyEnd, valueStart, valueEnd] = offsets.subarray(record * 4, record * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    if (keyStart > keyEnd || valueStart > valueEnd || keyEnd > bytes.length || valueEnd > bytes.length) {
      throw invalidRecords('offsets reach outside the bytes', { record, bytes: bytes.length });
    }
    const key = bytes.subarray(keyStart, keyEnd);
    const place = { record, key: Uint8Array.from(key.subarray(0, bounds.maxKeyBytes)) };
    if (key.length > bounds.maxKeyBytes) {
      return refuse('key-too-long', 'has a key over the limit', { ...place, keyBytes: key.length });
    }
    if (valueEnd - valueStart > bounds.maxValueBytes) {
      return refuse('value-too-long', 'has a value over the limit', { ...place, valueBytes: valueEnd - valueStart });
    }
    if (previous === undefined) {
      if (compareBytes(key, bounds.startKey) < 0) {
        return refuse('key-before-cursor', 'starts before the key that was asked for', place);
      }
    } else if (compareBytes(key, previous) <= 0) {
      return refuse('key-order', 'has keys that do not ascend', place);
    }
    if (bounds.endKey !== undefined && compareBytes(key, bounds.endKey) >= 0) {
      return refuse('key-outside-range', 'has a key after the end of the range', place);
    }
    total += key.length + valueEnd - valueStart;
    if (total > bounds.bytesLeft) {
      return refuse('too-many-bytes', 'holds more bytes than the range has left', {
        ...place,
        bytes: total,
        bytesLeft: bounds.bytesLeft,
      });
    }
    previous = key;
  }
  const isComplete = count === bounds.recordsLeft && total === bounds.bytesLeft;
  const cursor = checkCursor(chunk.nextKey, previous, bounds);
  if (cursor !== undefined) return cursor;
  if (chunk.nextKey === undefined && !isComplete) {
    return refuse('incomplete', 'ends the range before its count and bytes are reached', {
      records: count,
      recordsLeft: bounds.recordsLeft,
      bytes: total,
      bytesLeft: bounds.bytesLeft,
    });
  }
  return { isAccepted: true, records: count, bytes: total, isComplete };
}

function checkCursor(
  nextKey: Uint8Array | undefined,
  lastKey: Uint8Array | undefined,
  bounds: ChunkBounds,
): ChunkVerdict | undefined {
  if (nextKey === undefined) return undefined;
  // The successor of the longest key is one byte longer than it.
  if (nextKey.length > bounds.maxKeyBytes + 1) {
    return refuse('cursor-too-long', 'has a cursor over the key limit', { cursorBytes: nextKey.length });
  }
  const cursor = { cursor: Uint8Array.from(nextKey) };
  if (compareBytes(nextKey, lastKey ?? bounds.startKey) <= 0) {
    return refuse('cursor-stuck', 'has a cursor that does not move on', cursor);
  }
  if (bounds.endKey !== undefined && compareBytes(nextKey, bounds.endKey) >= 0) {
    return refuse('cursor-outside-range', 'has a cursor after the end of the range', cursor);
  }
  return undefined;
}

function refuse(problem: ChunkProblem, text: string, details: Readonly<Record<string, unknown>>): ChunkVerdict {
  return { isAccepted: false, problem, text: `The chunk ${text}.`, details };
}

function invalidRecords(message: string, details: Readonly<Record<string, unknown>>): SyncProgressError {
  return new SyncProgressError('SYNC_PROGRESS_INVALID_RECORDS', `Not packed records: ${message}.`, { details });
}
