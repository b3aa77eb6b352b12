import { compareBytes } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import { ChunkDraft, type ChunkLimits } from './chunk-draft.js';
import type { StoreContext } from './context.js';
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
import { MergeSource, mergeInto } from './merge.js';
import { decodeTip } from './metadata.js';
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
  /**
   * Called whenever `paceBytes` more database bytes were looked at, for who has other things to do meanwhile: the chunk goes on
   * when it resolves, of the same state whatever was committed in between, and ends there if it gives false.
   */
  readonly pace?: () => Promise<boolean>;
  /** Default 256 KiB. */
  readonly paceBytes?: number;
  readonly signal?: AbortSignal;
}

/** Records of a state, ascending by key. */
export interface Chunk {
  /** Each key and value lies after its length as unsigned LEB128, as in a message, where the record before ends. */
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

const defaultPaceBytes = 256 * 1024;

/** Reads one chunk through one database snapshot, so that blocks committed meanwhile cannot tear it. */
export async function readChunk(context: StoreContext, request: ChunkRequest): Promise<Chunk> {
  const { startKey, endKey = endOfPrefix(startKey), pace, paceBytes = defaultPaceBytes, signal } = request;
  const limits: ChunkLimits = {
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
      return new ChunkDraft(limits).finish(undefined);
    }
    // Smaller groups cost more, larger ones are not read faster, and what is in memory when garbage is collected makes the heap grow.
    const readAhead = Math.min(Math.max(limits.maxBytes, 16 * 1024), 128 * 1024);
    const source = (interval: DatabaseInterval, isAncestral: boolean): MergeSource =>
      new MergeSource(context.disk.iterator(interval, { snapshot, highWaterMarkBytes: readAhead }), {
        keyOffset: isAncestral ? ancestralKeyOffset : recordKeyOffset,
        isAncestral,
        groupSize: Math.max(16, readAhead >> 7),
      });
    const sources = epochs.map((epoch) => source(epochInterval(epoch, startKey, endKey), true));
    sources.push(source(stateInterval(startKey, endKey), false));
    try {
      const draft = new ChunkDraft(limits);
      return draft.finish(await mergeInto(draft, sources, { pace, paceBytes, signal }));
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
