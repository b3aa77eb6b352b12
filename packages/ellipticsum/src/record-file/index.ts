/** Files of records, and what they sum to; snapshot files, and whether they are intact. Runs in browsers. */
export { AscendingKeyCheck } from './ascending-keys.js';
export {
  decodePartialSum,
  encodePartialSum,
  mergePartialSums,
  type PartialSum,
  type PrefixSum,
} from './partial-sum.js';
export {
  type RecordBatch,
  type RecordFileFormat,
  type RecordFileOptions,
  recordFileDefaults,
} from './record-batch.js';
export { createRecordParser, type RecordParser, readRecordFile } from './record-parser.js';
export {
  isSnapshotFile,
  readSnapshotFile,
  type SnapshotFileHead,
  type SnapshotFileOptions,
  type SnapshotFileRange,
  type SnapshotFileReader,
  type SnapshotRangeEntry,
} from './snapshot-file.js';
export { type SumProgress, type SumRecordsOptions, sumRecords } from './sum-records.js';
export {
  type DamagedRange,
  type SnapshotFileReport,
  type VerifySnapshotFileOptions,
  verifySnapshotFile,
} from './verify-snapshot-file.js';
