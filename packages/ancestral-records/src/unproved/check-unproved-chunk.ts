import { compareBytes, toHex } from '@hs/bytes';
import type { StoreContext } from '../context.js';
import { AncestralRecordsError } from '../errors.js';
import { keyAt, recordBytes, recordCount } from '../packed-records.js';
import type { StoredInterval } from './unproved-download.js';
import type { ChunkRefutationReason, UnprovedChunk, UnprovedPart } from './unproved-types.js';

/**
 * Checks what can be checked of a chunk by itself: its keys ascend from where the interval goes on, under its prefix; nothing is over
 * the limits of the chain or over what the prefix is said to hold; and it brings the interval on. Gives its totals.
 *
 * @throws ANCESTRAL_RECORDS_CHUNK_REFUTED
 */
export function checkUnprovedChunk(
  { parameters: { maxKeyBytes, maxValueBytes } }: StoreContext,
  { interval, expected }: { readonly interval: StoredInterval; readonly expected: UnprovedPart | undefined },
  { records: packed, nextKey }: UnprovedChunk,
): { readonly records: number; readonly bytes: number } {
  const { prefix } = interval;
  const refute = (reason: ChunkRefutationReason, message: string): AncestralRecordsError =>
    new AncestralRecordsError(
      'ANCESTRAL_RECORDS_CHUNK_REFUTED',
      `this chunk is no part of prefix ${prefix} (${message}): whoever sent it is wrong; take it from another source`,
      { details: { prefix, reason } },
    );
  const count = recordCount(packed);
  let bytes = 0;
  let last: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const key = keyAt(packed, i);
    const size = recordBytes(packed, i);
    if (key[0] !== prefix) throw refute('out-of-prefix', `key ${shown(key)}`);
    if (key.length > maxKeyBytes) throw refute('key-too-long', `a key of ${key.length} bytes`);
    if (size - key.length > maxValueBytes) throw refute('value-too-long', `a value of ${size - key.length} bytes`);
    const isAfter = last === undefined ? compareBytes(key, interval.nextKey) >= 0 : compareBytes(key, last) > 0;
    if (!isAfter) throw refute('out-of-order', `key ${shown(key)} is not after what came before`);
    bytes += size;
    last = key;
  }
  if (nextKey !== undefined) {
    // A server that stopped behind a key of the greatest length goes on at that key and a zero byte.
    const isUnder = nextKey[0] === prefix && nextKey.length <= maxKeyBytes + 1;
    if (!isUnder || compareBytes(nextKey, last ?? interval.nextKey) <= 0) {
      throw refute('next-key', `it goes on at ${shown(nextKey)}`);
    }
  }
  if (expected !== undefined) {
    const [records, size] = [interval.records + count, interval.bytes + bytes];
    if (records > expected.records) throw refute('too-many-records', `${records}, not ${expected.records} records`);
    if (size > expected.bytes) throw refute('too-many-bytes', `${size}, not ${expected.bytes} bytes`);
  }
  return { records: count, bytes };
}

function shown(key: Uint8Array): string {
  return toHex(key.subarray(0, 64));
}
