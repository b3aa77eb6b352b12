import { EllipticSumError } from '../errors.js';
import type { HashBackend } from '../hash-backend.js';
import { invalidPoint } from '../internal/backend-arguments.js';
import { elementOf, readPoint, uncompressedSumBytes } from '../internal/curve.js';
import { completePartialSum, type PartialSum } from './partial-sum.js';
import type { RecordBatch } from './record-batch.js';

/** How far a sum is. */
export interface SumProgress {
  /** Records summed so far. */
  readonly records: number;
  /** Bytes of their keys and values. */
  readonly bytes: number;
  /** Bytes of input that held them. */
  readonly inputBytes: number;
}

/** Options of {@link sumRecords}. */
export interface SumRecordsOptions {
  /** Hashes the records. It stays open. */
  readonly backend: HashBackend;
  /** Batches that the backend works on at the same time; default 1, more for a backend with several threads. */
  readonly maxBatchesInFlight?: number;
  /** Aborts: the sum rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: SumProgress) => void;
}

type Point = NonNullable<ReturnType<typeof readPoint>>;

interface PrefixTally {
  records: number;
  bytes: number;
  point: Point | undefined;
}

/** A batch on its way, with the prefix of each of its groups. */
interface BatchInFlight {
  readonly sums: Promise<Uint8Array>;
  readonly prefixes: readonly number[];
  readonly progress: SumProgress;
}

/**
 * Sums records by prefix and in total. Memory holds the batches in flight and one sum for each prefix.
 *
 * @throws ELLIPTICSUM_EMPTY_KEY if a record has a key without bytes; what `batches` and the backend throw
 */
export async function sumRecords(
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  options: SumRecordsOptions,
): Promise<PartialSum> {
  const { backend, maxBatchesInFlight = 1, signal, onProgress } = options;
  const tallies = new Map<number, PrefixTally>();
  const inFlight: BatchInFlight[] = [];
  let progress: SumProgress = { records: 0, bytes: 0, inputBytes: 0 };

  const finishOldest = async (): Promise<void> => {
    const [oldest] = inFlight;
    if (oldest === undefined) return;
    const sums = await oldest.sums;
    inFlight.shift();
    for (const [group, prefix] of oldest.prefixes.entries()) addPoint(tallies, prefix, sums, group);
    progress = {
      records: progress.records + oldest.progress.records,
      bytes: progress.bytes + oldest.progress.bytes,
      inputBytes: progress.inputBytes + oldest.progress.inputBytes,
    };
    onProgress?.(progress);
  };

  try {
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const { groups, prefixes, bytes } = groupByPrefix(batch, tallies);
      const hashBatch = {
        bytes: batch.bytes,
        offsets: batch.offsets,
        groups,
        groupCount: Math.max(1, prefixes.length),
      };
      const sums = backend.sum(hashBatch, signal === undefined ? {} : { signal });
      // Whoever waits for it gets the error; until then it must not count as unhandled.
      sums.catch(() => {});
      inFlight.push({ sums, prefixes, progress: { records: groups.length, bytes, inputBytes: batch.inputBytes } });
      if (inFlight.length >= maxBatchesInFlight) await finishOldest();
    }
    while (inFlight.length > 0) await finishOldest();
  } finally {
    // The backend borrows what it works on.
    await Promise.allSettled(inFlight.map(({ sums }) => sums));
  }
  return completePartialSum(
    backend.domain,
    [...tallies].map(([prefix, { records, bytes, point }]) => {
      if (point === undefined) throw invalidPoint(prefix);
      return { prefix, records, bytes, sum: elementOf(point).toBytes() };
    }),
  );
}

/** Numbers the prefixes of a batch in the order they appear, and counts records and bytes of each. */
function groupByPrefix(
  { bytes, offsets, firstRecordNumber }: RecordBatch,
  tallies: Map<number, PrefixTally>,
): { groups: Uint32Array; prefixes: readonly number[]; bytes: number } {
  const count = offsets.length / 4;
  const groups = new Uint32Array(count);
  const groupOf = new Int16Array(256).fill(-1);
  const prefixes: number[] = [];
  const records = new Uint32Array(256);
  const sizes = new Float64Array(256);
  let total = 0;
  for (let index = 0, at = 0; index < count; index++, at += 4) {
    const keyStart = offsets[at] as number;
    const keyEnd = offsets[at + 1] as number;
    if (keyStart === keyEnd) {
      const recordNumber = firstRecordNumber + index;
      const message = `record ${recordNumber}: a key without bytes has no prefix`;
      throw new EllipticSumError('ELLIPTICSUM_EMPTY_KEY', message, { details: { recordNumber } });
    }
    const prefix = bytes[keyStart] as number;
    let group = groupOf[prefix] as number;
    if (group < 0) {
      group = prefixes.length;
      groupOf[prefix] = group;
      prefixes.push(prefix);
    }
    const size = keyEnd - keyStart + (offsets[at + 3] as number) - (offsets[at + 2] as number);
    groups[index] = group;
    records[group] = (records[group] as number) + 1;
    sizes[group] = (sizes[group] as number) + size;
    total += size;
  }
  for (const [group, prefix] of prefixes.entries()) {
    const tally = tallies.get(prefix) ?? { records: 0, bytes: 0, point: undefined };
    tally.records += records[group] as number;
    tally.bytes += sizes[group] as number;
    tallies.set(prefix, tally);
  }
  return { groups, prefixes, bytes: total };
}

function addPoint(tallies: Map<number, PrefixTally>, prefix: number, sums: Uint8Array, group: number): void {
  const tally = tallies.get(prefix);
  const point = readPoint(sums, group * uncompressedSumBytes);
  if (tally === undefined || point === undefined) throw invalidPoint(group);
  tally.point = tally.point === undefined ? point : tally.point.add(point);
}
