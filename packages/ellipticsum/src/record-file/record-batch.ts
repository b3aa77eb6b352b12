import type { PackedRecords } from '../packed-records.js';

/**
 * `binary`: `uvarint(key length) key uvarint(value length) value` for each record, nothing between.
 * `jsonl`: a line `{"key":HEX,"value":HEX}` for each record.
 */
export type RecordFileFormat = 'binary' | 'jsonl';

/** Some records of a file, in its order. Nothing else uses the memory behind `bytes` and `offsets`. */
export interface RecordBatch extends PackedRecords {
  /** Number of its first record in the file, counted from 1. */
  readonly firstRecordNumber: number;
  /** Bytes of the file from the end of the batch before to the end of this one's last record. */
  readonly inputBytes: number;
}

/** How to read a record file. */
export interface RecordFileOptions {
  /** Default `binary`. */
  readonly format?: RecordFileFormat;
  /** Longest key accepted; default 64 KiB. */
  readonly maxKeyBytes?: number;
  /** Longest value accepted; default 32 MiB. */
  readonly maxValueBytes?: number;
  /** Most bytes in a batch, unless it is one record that is larger; default 1 MiB. */
  readonly maxBatchBytes?: number;
  /** Most records in a batch; default 16384. */
  readonly maxBatchRecords?: number;
}

/** What the options of a record file are when they are not given. */
export const recordFileDefaults: Required<RecordFileOptions> = {
  format: 'binary',
  maxKeyBytes: 65_536,
  maxValueBytes: 33_554_432,
  maxBatchBytes: 1_048_576,
  maxBatchRecords: 16_384,
};

const maxOfAny = 2 ** 30;

/** All options, checked. @throws TypeError, RangeError */
export function resolveRecordFileOptions(options: RecordFileOptions): Required<RecordFileOptions> {
  const resolved = { ...recordFileDefaults };
  for (const name of ['maxKeyBytes', 'maxValueBytes', 'maxBatchBytes', 'maxBatchRecords'] as const) {
    const value = options[name] ?? resolved[name];
    if (!Number.isInteger(value) || value < 1 || value > maxOfAny) {
      throw new RangeError(`${name} must be an integer from 1 to ${maxOfAny}`);
    }
    resolved[name] = value;
  }
  const format = options.format ?? resolved.format;
  if (format !== 'binary' && format !== 'jsonl') throw new TypeError('format must be binary or jsonl');
  return { ...resolved, format };
}
