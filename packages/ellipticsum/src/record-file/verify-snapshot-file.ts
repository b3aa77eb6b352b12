import { blockProblem, equalBytes } from '@hs/bytes';
import { EllipticSumError } from '../errors.js';
import type { HashBackend } from '../hash-backend.js';
import { elementOf, encodedSumBytes, readPoint, uncompressedSumBytes } from '../internal/curve.js';
import type { PackedRecords } from '../packed-records.js';
import { completePartialSum, type PartialSum } from './partial-sum.js';
import {
  readSnapshotFile,
  type SnapshotFileOptions,
  type SnapshotFileRange,
  type SnapshotRangeEntry,
} from './snapshot-file.js';
import type { SumProgress } from './sum-records.js';

/** A range whose records are not those that the file's own list of ranges names. */
export interface DamagedRange {
  /** Its place in the file, counted from 0. */
  readonly index: number;
  /** The keys of its records begin with `depth` bits of these bytes. */
  readonly start: Uint8Array;
  readonly depth: number;
  /** Records that it should have. */
  readonly records: number;
  /** `block`: its lengths make no sense. The others say what its records are. */
  readonly reason: 'block' | 'duplicate' | 'out-of-order' | 'out-of-range' | 'sum';
}

/**
 * What a snapshot file holds. The sums are those of its own list of ranges, which make up its state root and snapshot root;
 * they are those of its records if nothing is damaged.
 */
export interface SnapshotFileReport extends PartialSum {
  /** 32 bytes that name the chain. */
  readonly identity: Uint8Array;
  readonly height: number;
  readonly snapshotRoot: Uint8Array;
  /** How many ranges there are. */
  readonly ranges: number;
  /** Ascending by index; none if every record is as it should be. */
  readonly damaged: readonly DamagedRange[];
}

/** Options of {@link verifySnapshotFile}. */
export interface VerifySnapshotFileOptions extends SnapshotFileOptions {
  /** Hashes the records. It stays open. */
  readonly backend: HashBackend;
  /** Ranges that the backend works on at the same time, at most 32 MiB of them; default 1, more for several threads. */
  readonly maxRangesInFlight?: number;
  /** Called after each range. */
  readonly onProgress?: (progress: SumProgress) => void;
}

/** A range on its way. */
interface RangeInFlight {
  readonly index: number;
  readonly blockBytes: number;
  readonly reason: Promise<DamagedRange['reason'] | undefined>;
}

const maxBytesInFlight = 32 * 1024 * 1024;
/** Sums decoded in one call. */
const decodedAtOnce = 4096;

/**
 * Checks a whole snapshot file from a stream: its list of ranges against its snapshot root and state root, then every range
 * against the list. Goes on after damage. What makes the roots themselves right is the caller's to compare.
 *
 * @throws ELLIPTICSUM_INVALID_SNAPSHOT_FILE, ELLIPTICSUM_SNAPSHOT_FILE_VERSION, ELLIPTICSUM_TRUNCATED_INPUT; what `chunks`
 * and the backend throw
 */
export async function verifySnapshotFile(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: VerifySnapshotFileOptions,
): Promise<SnapshotFileReport> {
  const { backend, maxRangesInFlight = 1, onProgress, signal, ...limits } = options;
  const abortable = signal === undefined ? {} : { signal };
  const file = await readSnapshotFile(chunks, { ...limits, ...abortable });
  const { identity, height, stateRoot, snapshotRoot, entries, fileBytes } = file;
  const damaged: DamagedRange[] = [];
  let sums: PartialSum;
  const inFlight: RangeInFlight[] = [];
  let bytesInFlight = 0;
  const blocks = entries.reduce((sum, { count, bytes }) => sum + 8 * count + bytes, 0);
  let progress: SumProgress = { records: 0, bytes: 0, inputBytes: fileBytes - blocks };
  const finishOldest = async (): Promise<void> => {
    const [oldest] = inFlight;
    if (oldest === undefined) return;
    const { index, blockBytes } = oldest;
    const reason = await oldest.reason;
    inFlight.shift();
    bytesInFlight -= blockBytes;
    const { start, depth, count, bytes } = entries[index] as SnapshotRangeEntry;
    if (reason !== undefined) damaged.push({ index, start, depth, records: count, reason });
    progress = {
      records: progress.records + count,
      bytes: progress.bytes + bytes,
      inputBytes: progress.inputBytes + blockBytes,
    };
    onProgress?.(progress);
  };
  try {
    sums = await sumEntries(entries, backend, abortable);
    if (!equalBytes(sums.stateRoot, stateRoot)) {
      throw invalid('its ranges do not add up to its state root', 'state-root');
    }
    for await (const range of file.ranges(abortable)) {
      const { index, blockBytes } = range;
      while (inFlight.length > 0 && bytesInFlight + blockBytes > maxBytesInFlight) await finishOldest();
      const reason = damageOf(range, entries[index] as SnapshotRangeEntry, backend, abortable);
      // Whoever waits for it gets the error; until then it must not count as unhandled.
      reason.catch(() => {});
      inFlight.push({ index, blockBytes, reason });
      bytesInFlight += blockBytes;
      if (inFlight.length >= maxRangesInFlight) await finishOldest();
    }
    while (inFlight.length > 0) await finishOldest();
  } finally {
    // The backend borrows what it works on.
    await Promise.allSettled(inFlight.map(({ reason }) => reason));
    await file.close();
  }
  return { ...sums, identity, height, snapshotRoot, ranges: entries.length, damaged };
}

type Abortable = { readonly signal?: AbortSignal };

async function damageOf(
  range: SnapshotFileRange,
  entry: SnapshotRangeEntry,
  backend: HashBackend,
  options: Abortable,
): Promise<DamagedRange['reason'] | undefined> {
  let records: PackedRecords;
  try {
    records = range.records();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ELLIPTICSUM_INVALID_SNAPSHOT_FILE') throw error;
    return 'block';
  }
  const problem = blockProblem(records, entry);
  if (problem !== undefined) return problem;
  const sum = await backend.encode(await backend.sum(records, options), options);
  return equalBytes(sum, entry.sum) ? undefined : 'sum';
}

/** Adds the sums of the ranges up by prefix. */
async function sumEntries(
  entries: readonly SnapshotRangeEntry[],
  backend: HashBackend,
  options: Abortable,
): Promise<PartialSum> {
  const tallies = new Map<
    number,
    { records: number; bytes: number; point: NonNullable<ReturnType<typeof readPoint>> }
  >();
  for (let from = 0; from < entries.length; from += decodedAtOnce) {
    const part = entries.slice(from, from + decodedAtOnce);
    const encoded = new Uint8Array(part.length * encodedSumBytes);
    for (const [i, { sum }] of part.entries()) encoded.set(sum, i * encodedSumBytes);
    let sums: Uint8Array;
    try {
      sums = await backend.decode(encoded, options);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'ELLIPTICSUM_INVALID_ENCODING') throw error;
      throw invalid('the sum of a range is no encoding of a sum', 'page', error);
    }
    for (const [i, { start, count, bytes }] of part.entries()) {
      const point = readPoint(sums, i * uncompressedSumBytes);
      if (point === undefined) throw invalid('the sum of a range is no sum', 'page');
      const prefix = start[0] as number;
      const before = tallies.get(prefix);
      tallies.set(prefix, {
        records: (before?.records ?? 0) + count,
        bytes: (before?.bytes ?? 0) + bytes,
        point: before === undefined ? point : before.point.add(point),
      });
    }
  }
  const prefixes = [...tallies].map(([prefix, { records, bytes, point }]) => {
    return { prefix, records, bytes, sum: elementOf(point).toBytes() };
  });
  try {
    return completePartialSum(backend.domain, prefixes);
  } catch (cause) {
    throw invalid('the sums of its ranges are no sums of records', 'page', cause);
  }
}

function invalid(what: string, reason: string, cause?: unknown): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_INVALID_SNAPSHOT_FILE', `no good snapshot file: ${what}`, {
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
