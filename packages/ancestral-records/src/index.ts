export type { StateDatabase } from './database.js';
export { AncestralRecordsError, type AncestralRecordsErrorCode, type ErrorDetails, errorCodes } from './errors.js';
export type { HashBatch, HashOptions, PackedRecords, StateHasher, StateRootFunction } from './hasher.js';
export { Manifest } from './manifest.js';
export { pageHash, snapshotRoot } from './manifest-page.js';
export { defaultParameters, type StateParameters, withDefaults } from './parameters.js';
export type { KeyInterval, RangeEntry } from './range.js';
export {
  type Chunk,
  type ChunkRequest,
  type DownloadStatus,
  type PrefixSummary,
  type PreparedBlock,
  type ProvedRange,
  type RecordChange,
  type SnapshotInfo,
  StateStore,
  type StateStoreOptions,
  type StorePhase,
} from './state-store.js';
