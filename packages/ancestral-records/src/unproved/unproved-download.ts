import { ByteWriter } from '@hs/bytes';
import type { StoreContext } from '../context.js';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseWrite } from '../database.js';
import { encodedSumBytes } from '../hasher.js';
import { unprovedIntervalKey, unprovedIntervals, unprovedKey, unprovedPagesOf } from '../layout.js';
import { decodePage } from '../manifest-page.js';
import type { RangeEntry } from '../range.js';
import { corrupt, number, readerOf } from '../stored-bytes.js';
import type { UnprovedDownloadStatus, UnprovedIntervalState, UnprovedPart, UnprovedTarget } from './unproved-types.js';

/*
 * A download that proves nothing until its last record is there: each state prefix is an interval, marked dirty before anything
 * is written into it. A chunk, the place where the interval goes on, and the ranges that the chunk completes are one batch. The
 * ranges, with their sums, are those of the snapshot's manifest; records after the last complete one are read back from the
 * disk when the interval goes on after a restart. So each record is hashed once, and what is summed is what is written.
 */

/** An unproved download in memory: always what the last completed batch wrote. */
export interface UnprovedDownload {
  readonly target: UnprovedTarget;
  /** Per state prefix, ascending; entries are replaced as wholes. */
  readonly intervals: Map<number, StoredInterval>;
}

/** One interval as it stands on disk. */
export interface StoredInterval {
  readonly prefix: number;
  readonly state: UnprovedIntervalState;
  readonly nextKey: Uint8Array;
  readonly records: number;
  readonly bytes: number;
  /** Batches that completed ranges so far, a page each. */
  readonly pages: number;
  /** Complete ranges, ascending. Grows in place: a later state of the interval has the same ones and more. */
  readonly ranges: RangeEntry[];
}

const states = ['dirty', 'whole', 'clearing'] as const satisfies readonly UnprovedIntervalState[];

/** What the store tells of an unproved download. */
export function unprovedStatus({ target, intervals }: UnprovedDownload): UnprovedDownloadStatus {
  return {
    ...target,
    intervals: [...intervals.values()].map(({ prefix, state, nextKey, records, bytes }) => {
      return { prefix, state, nextKey: copyBytes(nextKey), records, bytes, expected: expectedOf(target, prefix) };
    }),
  };
}

/** An interval without records. */
export function emptyInterval(prefix: number, state: UnprovedIntervalState): StoredInterval {
  return { prefix, state, nextKey: Uint8Array.of(prefix), records: 0, bytes: 0, pages: 0, ranges: [] };
}

/** The write of an interval's record; its pages are another matter. */
export function intervalWrite(interval: StoredInterval): Extract<DatabaseWrite, { type: 'put' }> {
  const { prefix, state, nextKey, records, bytes, pages } = interval;
  const value = new ByteWriter()
    .byte(states.indexOf(state))
    .byteArray(nextKey)
    .u64be(records)
    .u64be(bytes)
    .u32be(pages);
  return { type: 'put', key: unprovedIntervalKey(prefix), value: value.finish() };
}

/** The write of the record of a whole download. */
export function targetWrite({ height, checksum, parts }: UnprovedTarget): DatabaseWrite {
  const writer = new ByteWriter()
    .u64be(height)
    .bytes(checksum)
    .bool(parts !== undefined)
    .u32be(parts?.length ?? 0);
  for (const part of parts ?? []) {
    writer.byte(part.prefix).u64be(part.records).u64be(part.bytes).bytes(part.checksum);
  }
  return { type: 'put', key: unprovedKey, value: writer.finish() };
}

/** What a prefix is said to be: undefined if nothing is said, else its part, which may be that of no records. */
export function expectedOf({ parts }: UnprovedTarget, prefix: number): UnprovedPart | undefined {
  if (parts === undefined) return undefined;
  const none = { prefix, records: 0, bytes: 0, checksum: new Uint8Array(encodedSumBytes) };
  return parts.find((part) => part.prefix === prefix) ?? none;
}

/** Reads an unproved download back from disk. @throws ANCESTRAL_RECORDS_CORRUPT */
export async function loadUnproved(context: StoreContext): Promise<UnprovedDownload> {
  const target = decodeTarget(await context.disk.get(unprovedKey));
  const intervals = new Map<number, StoredInterval>();
  for await (const entries of context.disk.scan(unprovedIntervals)) {
    for (const [key, value] of entries) {
      const prefix = key[2] as number;
      intervals.set(prefix, await decodeInterval(context, prefix, value));
    }
  }
  const { statePrefixes } = context.parameters;
  if (intervals.size !== statePrefixes.length || statePrefixes.some((prefix) => !intervals.has(prefix))) {
    throw corrupt('unproved download', 'its intervals are not the state prefixes');
  }
  return { target, intervals };
}

function decodeTarget(bytes: Uint8Array | undefined): UnprovedTarget {
  const reader = readerOf(bytes, 'unproved download');
  const height = number(reader);
  const checksum = copyBytes(reader.bytes(encodedSumBytes));
  const hasParts = reader.byte() === 1;
  const parts: UnprovedPart[] = [];
  for (let left = reader.u32be(); left > 0; left--) {
    const [prefix, records, size] = [reader.byte(), number(reader), number(reader)];
    parts.push({ prefix, records, bytes: size, checksum: copyBytes(reader.bytes(encodedSumBytes)) });
  }
  reader.end();
  return hasParts ? { height, checksum, parts } : { height, checksum };
}

async function decodeInterval(context: StoreContext, prefix: number, bytes: Uint8Array): Promise<StoredInterval> {
  const what = `interval of prefix ${prefix}`;
  const reader = readerOf(bytes, what);
  const state = states[reader.byte()];
  const nextKey = copyBytes(reader.byteArray());
  const [records, size, pages] = [number(reader), number(reader), reader.u32be()];
  reader.end();
  if (state === undefined || nextKey[0] !== prefix) throw corrupt(what, 'unknown state, or a key of another prefix');
  const ranges: RangeEntry[] = [];
  let found = 0;
  for await (const entries of context.disk.scan(unprovedPagesOf(prefix))) {
    for (const [, page] of entries) {
      for (const range of decoded(page, what)) ranges.push(range);
      found++;
    }
  }
  if (state !== 'clearing' && found !== pages) throw corrupt(what, `it has ${found} pages instead of ${pages}`);
  return { prefix, state, nextKey, records, bytes: size, pages, ranges };
}

function decoded(page: Uint8Array, what: string): RangeEntry[] {
  try {
    return decodePage(copyBytes(page), 0);
  } catch (cause) {
    throw corrupt(what, 'a page cannot be decoded', cause);
  }
}
