import { encodeBlock, encodeSnapshotFileHead, toHex } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { AncestralRecordsError } from '../errors.js';
import type { PackedRecords } from '../hasher.js';
import type { Manifest } from '../manifest.js';
import type { RangeEntry } from '../range.js';
import { unavailable } from '../snapshots.js';
import { internalsOf, type StateStore } from '../state-store.js';
import { rangeProblem } from './range-check.js';
import { ProgressCount, type SnapshotProgress } from './snapshot-input.js';

/** What to export. */
export interface ExportOptions {
  /** Height of a retained snapshot. */
  readonly height: number;
  /** Also recompute the sum of every range before it is written; default true. Number and bytes are always compared. */
  readonly isProved?: boolean;
  /** Called after each range. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Streams a retained snapshot as a snapshot file, while blocks go on. Holds two ranges at a time: the next one is read while
 * one is written. Each chunk is memory that nothing else uses.
 *
 * @throws ANCESTRAL_RECORDS_NOT_READY, ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE also if the snapshot is retired meanwhile,
 *   ANCESTRAL_RECORDS_CORRUPT with `details.index` if a range of the database is not what its manifest says
 */
export async function* exportSnapshot(
  store: StateStore,
  options: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { height, onProgress, signal } = options;
  signal?.throwIfAborted();
  const info = store.snapshots().find((snapshot) => snapshot.height === height);
  const manifest = await store.manifest(height);
  if (info === undefined) throw unavailable(height);
  const { stateRoot, root: snapshotRoot } = info;
  const { identity } = store.parameters;
  const { pages, entries } = manifest;
  yield encodeSnapshotFileHead({ identity, height, stateRoot, snapshotRoot, pages, entries }, sha256);
  const stopping = new AbortController();
  const running = signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, signal]);
  const begin = (index: number): Promise<Uint8Array> | undefined => {
    if (index >= entries.length) return undefined;
    const block = readBlock(store, manifest, index, { ...options, signal: running });
    // Whoever waits for it gets the error; until then it must not count as unhandled.
    block.catch(() => {});
    return block;
  };
  const progress = new ProgressCount(manifest);
  let current = begin(0);
  let next: Promise<Uint8Array> | undefined;
  try {
    for (let index = 0; current !== undefined; index++) {
      next = begin(index + 1);
      const block = await current;
      signal?.throwIfAborted();
      yield block;
      onProgress?.(progress.add(index));
      current = next;
    }
  } finally {
    stopping.abort();
    await Promise.allSettled([current, next]);
  }
}

async function readBlock(
  store: StateStore,
  manifest: Manifest,
  index: number,
  options: ExportOptions & { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { height, isProved = true, signal } = options;
  const entry = manifest.entries[index] as RangeEntry;
  let chunks: readonly PackedRecords[];
  try {
    chunks = await readRange(store, manifest, index, options);
  } catch (error) {
    signal.throwIfAborted();
    throw readFailure(error, height, index, manifest.entries.length);
  }
  const block = encodeBlock(chunks, entry);
  if (!isProved) return block;
  const packed = chunks.length === 1 ? (chunks[0] as PackedRecords) : viewOf(block, entry, chunks);
  const problem = await rangeProblem(internalsOf(store).context.hasher, entry, packed, { signal });
  if (problem === undefined) return block;
  throw damaged(height, index, problem, { expected: toHex(entry.sum) });
}

/** All records of a range: exactly as many, and as many bytes, as its entry says. */
async function readRange(
  store: StateStore,
  manifest: Manifest,
  index: number,
  { height, signal }: { readonly height: number; readonly signal: AbortSignal },
): Promise<readonly PackedRecords[]> {
  const entry = manifest.entries[index] as RangeEntry;
  const { startKey, endKey } = manifest.range(index);
  const chunks: PackedRecords[] = [];
  let count = 0;
  let bytes = 0;
  for (let cursor: Uint8Array | undefined = startKey; cursor !== undefined; ) {
    const maxBytes = Math.min(entry.bytes, 16 * 1024 * 1024);
    const chunk: Awaited<ReturnType<StateStore['readChunk']>> = await store.readChunk({
      height,
      startKey: cursor,
      endKey,
      maxBytes,
      signal,
    });
    if (chunk.recordBytes > 0) chunks.push(chunk.records);
    count += chunk.records.offsets.length / 4;
    bytes += chunk.recordBytes;
    if (count > entry.count) throw damaged(height, index, 'count', { expected: entry.count, actual: count });
    if (bytes > entry.bytes) throw damaged(height, index, 'bytes', { expected: entry.bytes, actual: bytes });
    cursor = chunk.nextKey;
  }
  if (count !== entry.count) throw damaged(height, index, 'count', { expected: entry.count, actual: count });
  if (bytes !== entry.bytes) throw damaged(height, index, 'bytes', { expected: entry.bytes, actual: bytes });
  return chunks;
}

/** The records of several chunks as they lie one after the other in their block. */
function viewOf(block: Uint8Array, entry: RangeEntry, chunks: readonly PackedRecords[]): PackedRecords {
  const offsets = new Uint32Array(4 * entry.count);
  let row = 0;
  let at = 0;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.offsets.length; i += 2) {
      const length = (chunk.offsets[i + 1] as number) - (chunk.offsets[i] as number);
      offsets[row++] = at;
      at += length;
      offsets[row++] = at;
    }
  }
  return { bytes: block.subarray(8 * entry.count), offsets };
}

/** What a read fails with although the database is intact. */
const notDamage: ReadonlySet<string> = new Set([
  'ANCESTRAL_RECORDS_CLOSED',
  'ANCESTRAL_RECORDS_NOT_READY',
  'ANCESTRAL_RECORDS_WRITE_FAILED',
]);

/** Whatever the database throws in the middle of a range is damage of that range, unless it is known to be something else. */
function readFailure(error: unknown, height: number, index: number, total: number): unknown {
  const code = error instanceof AncestralRecordsError ? error.code : undefined;
  if (code === 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE') {
    return new AncestralRecordsError(
      code,
      `snapshot ${height} was retired while range ${index} of ${total} was exported: export a newer snapshot, ` +
        'or retain more epochs',
      { details: { height, index }, cause: error },
    );
  }
  if (code === 'ANCESTRAL_RECORDS_READ_FAILED') {
    return damaged(height, index, 'unreadable', {}, (error as AncestralRecordsError).cause);
  }
  if (code !== undefined && notDamage.has(code)) return error;
  const isNamed = error instanceof AncestralRecordsError && error.details['index'] === index;
  return isNamed ? error : damaged(height, index, 'unreadable', {}, error);
}

function damaged(
  height: number,
  index: number,
  reason: string,
  values: { readonly expected?: string | number; readonly actual?: string | number },
  cause?: unknown,
): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_CORRUPT',
    `range ${index} of snapshot ${height} is damaged in the database (${reason}): nothing of it was exported; ` +
      'verify the state and repair it',
    { details: { height, index, reason, ...values }, cause },
  );
}
