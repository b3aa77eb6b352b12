import { compareBytes } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import type { StoreContext } from './context.js';
import { copyBytes } from './copy-bytes.js';
import { AncestralRecordsError } from './errors.js';
import type { PackedRecords } from './hasher.js';
import {
  ancestralKeyOffset,
  type DatabaseInterval,
  epochInterval,
  recordKeyOffset,
  snapshotKey,
  stateInterval,
  tipKey,
} from './layout.js';
import { compareHeads, fillSources, MergeSource } from './merge.js';
import { decodeTip } from './metadata.js';
import { RecordPacker } from './packed-records.js';
import { unavailable } from './snapshots.js';

/** What to read, and when to stop. */
export interface ChunkRequest {
  /** A retained snapshot height, or the height of the tip. */
  readonly height: number;
  /** First key to look at; its first byte is a state prefix. */
  readonly startKey: Uint8Array;
  /** Key to stop before; the end of `startKey`'s prefix if it is left out. */
  readonly endKey?: Uint8Array | undefined;
  /** Key and value bytes of a chunk of more than one record; default 16 MiB. */
  readonly maxBytes?: number;
  /** Database bytes to look at before the chunk ends, possibly empty; default 64 MiB. */
  readonly maxScanBytes?: number;
  /** Time after which the chunk ends, possibly empty; default 1000. */
  readonly maxScanMs?: number;
  readonly signal?: AbortSignal;
}

/** Records of a state, ascending by key. */
export interface Chunk {
  readonly records: PackedRecords;
  /** Where to go on, always after `startKey`; undefined if the interval is exhausted. */
  readonly nextKey: Uint8Array | undefined;
  /** Key and value bytes of the records. */
  readonly recordBytes: number;
}

/** Defaults of {@link ChunkRequest}. */
export const defaultChunkLimits: {
  readonly maxBytes: number;
  readonly maxScanBytes: number;
  readonly maxScanMs: number;
} = { maxBytes: 16 * 1024 * 1024, maxScanBytes: 64 * 1024 * 1024, maxScanMs: 1000 };

/** Reads one chunk through one database snapshot, so that blocks committed meanwhile cannot tear it. */
export async function readChunk(context: StoreContext, request: ChunkRequest): Promise<Chunk> {
  const { startKey, endKey = endOfPrefix(startKey), signal } = request;
  const limits = {
    maxBytes: request.maxBytes ?? defaultChunkLimits.maxBytes,
    maxScanBytes: request.maxScanBytes ?? defaultChunkLimits.maxScanBytes,
    maxScanMs: request.maxScanMs ?? defaultChunkLimits.maxScanMs,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0 && value <= 2 ** 30)) throw new RangeError(`${name} must be from 0 to 2^30, not ${value}`);
  }
  signal?.throwIfAborted();
  const snapshot = context.disk.snapshot();
  try {
    const epochs = await epochsToMerge(context, request.height, snapshot);
    if (endKey !== undefined && compareBytes(startKey, endKey) >= 0) {
      return { records: new RecordPacker().finish(), nextKey: undefined, recordBytes: 0 };
    }
    const readAhead = Math.min(Math.max(limits.maxBytes, 16 * 1024), 256 * 1024);
    const source = (interval: DatabaseInterval, isAncestral: boolean): MergeSource =>
      new MergeSource(context.disk.iterator(interval, { snapshot, highWaterMarkBytes: readAhead }), {
        keyOffset: isAncestral ? ancestralKeyOffset : recordKeyOffset,
        isAncestral,
        groupSize: Math.max(16, readAhead >> 8),
      });
    const sources = epochs.map((epoch) => source(epochInterval(epoch, startKey, endKey), true));
    sources.push(source(stateInterval(startKey, endKey), false));
    try {
      return await merge(sources, limits, signal);
    } finally {
      await Promise.all(sources.map((each) => each.close()));
    }
  } finally {
    await snapshot.close();
  }
}

/** The smallest key after all keys with the first byte of `key`; undefined after prefix 255. */
export function endOfPrefix(key: Uint8Array): Uint8Array | undefined {
  const prefix = key[0] as number;
  return prefix === 255 ? undefined : Uint8Array.of(prefix + 1);
}

/** Epochs whose ancestral records lie between the wanted state and the tip, as this database snapshot sees them. */
async function epochsToMerge(context: StoreContext, height: number, snapshot: AbstractSnapshot): Promise<number[]> {
  const tip = decodeTip(await context.disk.get(tipKey, snapshot));
  if (tip.phase !== 'ready') {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_NOT_READY',
      `the store is ${tip.phase}: there is no state to read`,
    );
  }
  if (height === tip.height) return [];
  const isPast = Number.isSafeInteger(height) && height >= 0 && height < tip.height;
  const record = isPast ? await context.disk.get(snapshotKey(height), snapshot) : undefined;
  if (record === undefined) throw unavailable(height);
  const epochs: number[] = [];
  for (let epoch = height; epoch < tip.height; epoch += context.parameters.snapshotPeriod) epochs.push(epoch);
  return epochs;
}

/**
 * Merges sources of which an earlier one hides what later ones have under the same key. Ends, with at least one key
 * consumed, when the next record does not fit or a scan budget is used up.
 */
async function merge(
  sources: readonly MergeSource[],
  limits: { readonly maxBytes: number; readonly maxScanBytes: number; readonly maxScanMs: number },
  signal: AbortSignal | undefined,
): Promise<Chunk> {
  const packer = new RecordPacker();
  const startedMs = performance.now();
  let scannedBytes = 0;
  let consumed = 0;
  let isLate = false;
  let needsFill = true;
  for (;;) {
    if (needsFill) {
      await fillSources(sources);
      needsFill = false;
      signal?.throwIfAborted();
    }
    const winner = lowest(sources);
    const entry = winner?.head;
    if (winner === undefined || entry === undefined) {
      return { records: packer.finish(), nextKey: undefined, recordBytes: packer.length };
    }
    const [key, value] = entry;
    const { keyOffset, isAncestral } = winner;
    const isRecord = !isAncestral || value[0] === 1;
    const valueOffset = isAncestral ? 1 : 0;
    const size = key.length - keyOffset + value.length - valueOffset;
    const isFull = isRecord && packer.count > 0 && packer.length + size > limits.maxBytes;
    if (consumed % 32 === 1) isLate = performance.now() - startedMs >= limits.maxScanMs;
    const isSpent = consumed > 0 && (isLate || scannedBytes >= limits.maxScanBytes);
    if (isFull || isSpent) {
      return { records: packer.finish(), nextKey: copyBytes(key.subarray(keyOffset)), recordBytes: packer.length };
    }
    if (isRecord) packer.append(key, keyOffset, value, valueOffset);
    for (const source of sources) {
      const head = source.head;
      if (head === undefined) continue;
      if (source !== winner && compareHeads(head[0], source.keyOffset, key, keyOffset) !== 0) continue;
      scannedBytes += head[0].length + head[1].length;
      source.advance();
      needsFill ||= source.needsFill;
    }
    consumed++;
  }
}

/** The first source whose head has the lowest key. */
function lowest(sources: readonly MergeSource[]): MergeSource | undefined {
  let best: MergeSource | undefined;
  let bestKey: Uint8Array | undefined;
  for (const source of sources) {
    const key = source.head?.[0];
    if (key === undefined) continue;
    if (
      best === undefined ||
      bestKey === undefined ||
      compareHeads(key, source.keyOffset, bestKey, best.keyOffset) < 0
    ) {
      best = source;
      bestKey = key;
    }
  }
  return best;
}
