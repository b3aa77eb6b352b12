import { toHex } from '@hs/bytes';
import {
  AscendingKeyCheck,
  decodePartialSum,
  mergePartialSums,
  type PartialSum,
  sumRecords,
} from '../../record-file/index.js';
import type { MergeArguments, SumArguments } from './arguments.js';
import { inputFailure } from './exit-codes.js';
import { readRecords, readText, totalBytes } from './inputs.js';
import { openBackend } from './open-backend.js';
import { ProgressReport } from './progress.js';

/** Sums the records of all files. */
export async function sumFiles(options: SumArguments): Promise<PartialSum> {
  const { files, format, maxKeyBytes, maxValueBytes, hasProgress = process.stderr.isTTY } = options;
  const inputBytes = await totalBytes(files);
  const { backend, threads, selection, maxBatchRecords, maxBatchesInFlight } = await openBackend(options, inputBytes);
  let progress: ProgressReport | undefined;
  let isDone = false;
  try {
    if (hasProgress) progress = new ProgressReport(process.stderr, { inputBytes, selection, threads });
    const ascending = options.isAscending ? new AscendingKeyCheck() : undefined;
    const batches = readRecords(files, {
      format,
      maxBatchRecords,
      ...(maxKeyBytes === undefined ? {} : { maxKeyBytes }),
      ...(maxValueBytes === undefined ? {} : { maxValueBytes }),
      inspect: (batch) => ascending?.check(batch),
    });
    const onProgress: ProgressReport['update'] = (state) => progress?.update(state);
    const sum = await sumRecords(batches, { backend, maxBatchesInFlight, onProgress });
    isDone = true;
    return sum;
  } finally {
    progress?.stop({ isDone });
    await backend.close();
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
