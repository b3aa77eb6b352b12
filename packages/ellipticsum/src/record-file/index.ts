/** Files of records, and what they sum to. Runs in browsers. */
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
export { type SumProgress, type SumRecordsOptions, sumRecords } from './sum-records.js';
