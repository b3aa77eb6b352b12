import type { HashBackend } from '@hs/ellipticsum';
import {
  AscendingKeyCheck,
  type PartialSum,
  type RecordBatch,
  readRecordFile,
  type SnapshotFileReport,
  type SumProgress,
  sumRecords,
  verifySnapshotFile,
} from '@hs/ellipticsum/record-file';
import type { FileFormat } from './record-format.js';

/** Large enough to cost nothing, small enough that progress is seen about once a second on the slowest backend. */
const maxBatchRecords = 4096;

/** A set of records in a few numbers: how many, their checksum by prefix and in total, and the state root. */
export interface StateSummary extends PartialSum {
  /** True if every key is above the one before it; then no key comes twice. */
  readonly isAscending: boolean;
  /** What a snapshot file says besides. Its sums are claims where ranges are damaged. */
  readonly snapshot?: SnapshotFileReport;
}

/** Options of {@link summarise}. */
export interface SummariseOptions {
  readonly backend: HashBackend;
  readonly format: FileFormat;
  /** How many threads the backend has; default 1. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: SumProgress) => void;
}

/**
 * Sums the records of a file as they come, batch by batch, and keeps none of them.
 *
 * @throws EllipticSumError whose `code`, message and `details` say what is wrong with the file, and where
 */
export async function summarise(chunks: AsyncIterable<Uint8Array>, options: SummariseOptions): Promise<StateSummary> {
  const { threads = 1, format, ...sumOptions } = options;
  // Two for each thread: one that it works on, one that waits for it.
  const inFlight = threads === 1 ? 1 : 2 * threads;
  if (format === 'snapshot') {
    const report = await verifySnapshotFile(chunks, { ...sumOptions, maxRangesInFlight: inFlight });
    // Ranges ascend and lie apart, and within those that are intact the keys ascend.
    return { ...report, isAscending: report.damaged.length === 0, snapshot: report };
  }
  const order = new KeyOrder();
  const batches = order.watch(readRecordFile(chunks, { format, maxBatchRecords }));
  const sum = await sumRecords(batches, { ...sumOptions, maxBatchesInFlight: inFlight });
  return { ...sum, isAscending: order.isAscending };
}

/** Finds out whether keys ascend, while batches pass. */
class KeyOrder {
  isAscending = true;
  readonly #check = new AscendingKeyCheck();

  async *watch(batches: AsyncIterable<RecordBatch>): AsyncGenerator<RecordBatch> {
    for await (const batch of batches) {
      if (this.isAscending) this.#look(batch);
      yield batch;
    }
  }

  #look(batch: RecordBatch): void {
    try {
      this.#check.check(batch);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'ELLIPTICSUM_KEYS_NOT_ASCENDING') throw error;
      this.isAscending = false;
    }
  }
}
