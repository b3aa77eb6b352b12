import { toHex } from '@hs/bytes';
import {
  AscendingKeyCheck,
  decodePartialSum,
  mergePartialSums,
  type PartialSum,
  type SnapshotFileReport,
  sumRecords,
  verifySnapshotFile,
} from '../../record-file/index.js';
import type { MergeArguments, SumArguments } from './arguments.js';
import { inputFailure, usageFailure } from './exit-codes.js';
import { type Input, inputOf, lookAt, readRecords, readText, totalBytes } from './inputs.js';
import { type OpenBackend, openBackend } from './open-backend.js';
import { ProgressReport } from './progress.js';

/** Sums the records of all files, or verifies a snapshot file if that is what `verify` was given. */
export async function sumFiles(options: SumArguments): Promise<PartialSum | SnapshotFileReport> {
  const inputs = options.files.map(inputOf);
  const [first] = inputs;
  if (options.kind === 'sum' || first === undefined || inputs.length > 1) return sumInputs(inputs, options);
  if (options.format !== undefined && options.format !== 'snapshot') return sumInputs(inputs, options);
  // What is not there is said before anything is read.
  await totalBytes(options.files);
  const { isSnapshot, input } = await lookAt(first);
  if (isSnapshot || options.format === 'snapshot') return verifySnapshot(input, options);
  return sumInputs([input], options);
}

async function sumInputs(inputs: readonly Input[], options: SumArguments): Promise<PartialSum> {
  const { format, maxKeyBytes, maxValueBytes, expectations } = options;
  if (expectations.snapshotRoot !== undefined) {
    throw usageFailure('--expect-snapshot-root: only a snapshot file, alone, has a snapshot root');
  }
  return hashing(options, ({ backend, maxBatchRecords, maxBatchesInFlight }, onProgress) => {
    const ascending = options.isAscending ? new AscendingKeyCheck() : undefined;
    const batches = readRecords(inputs, {
      format: format === 'snapshot' ? undefined : format,
      maxBatchRecords,
      ...(maxKeyBytes === undefined ? {} : { maxKeyBytes }),
      ...(maxValueBytes === undefined ? {} : { maxValueBytes }),
      inspect: (batch) => ascending?.check(batch),
    });
    return sumRecords(batches, { backend, maxBatchesInFlight, onProgress });
  });
}

/** Verifies a snapshot file. Keys in a range that is right ascend, and lie within what its manifest says. */
async function verifySnapshot({ name, open }: Input, options: SumArguments): Promise<SnapshotFileReport> {
  for (const [flag, value] of [
    ['--max-key-bytes', options.maxKeyBytes],
    ['--max-value-bytes', options.maxValueBytes],
  ] as const) {
    if (value !== undefined) throw usageFailure(`${flag} says nothing about a snapshot file`);
  }
  return hashing(options, async ({ backend, maxBatchesInFlight }, onProgress) => {
    try {
      return await verifySnapshotFile(open(), { backend, maxRangesInFlight: maxBatchesInFlight, onProgress });
    } catch (error) {
      throw isInputError(error) ? inputFailure(name, error) : error;
    }
  });
}

/** Errors of the file and of the system that reads it; everything else is a defect. */
function isInputError(error: unknown): boolean {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return syscall !== undefined || (typeof code === 'string' && inputCodes.has(code));
}

const inputCodes: ReadonlySet<string> = new Set([
  'ELLIPTICSUM_INVALID_SNAPSHOT_FILE',
  'ELLIPTICSUM_SNAPSHOT_FILE_VERSION',
  'ELLIPTICSUM_TRUNCATED_INPUT',
]);

/** Does something with a backend of its own, and reports its progress. */
async function hashing<Result>(
  options: SumArguments,
  work: (opened: OpenBackend, onProgress: ProgressReport['update']) => Promise<Result>,
): Promise<Result> {
  const { files, hasProgress = process.stderr.isTTY } = options;
  const inputBytes = await totalBytes(files);
  const opened = await openBackend(options, inputBytes);
  let progress: ProgressReport | undefined;
  let isDone = false;
  try {
    const { selection, threads } = opened;
    if (hasProgress) progress = new ProgressReport(process.stderr, { inputBytes, selection, threads });
    const result = await work(opened, (state) => progress?.update(state));
    isDone = true;
    return result;
  } finally {
    progress?.stop({ isDone });
    await opened.backend.close();
  }
}

/** Adds up partial sums; warns if two are the same. */
export async function mergeFiles({ files }: MergeArguments): Promise<PartialSum> {
  const nameOf = new Map<string, string>();
  let merged: PartialSum | undefined;
  for (const file of files) {
    const { name, text } = await readText(file);
    try {
      const partial = decodePartialSum(text);
      const total = toHex(partial.total);
      const same = nameOf.get(total);
      if (same !== undefined && partial.records > 0) {
        process.stderr.write(`ellipticsum: warning: ${same} and ${name} have the same sum; the records count twice\n`);
      }
      nameOf.set(total, name);
      merged = mergePartialSums(merged === undefined ? [partial] : [merged, partial]);
    } catch (error) {
      throw inputFailure(name, error);
    }
  }
  return merged ?? mergePartialSums([]);
}
