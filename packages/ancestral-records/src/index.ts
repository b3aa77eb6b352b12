export { type Chunk, type ChunkRequest, defaultChunkLimits } from './chunk.js';
export type {
  ByteEncodings,
  DatabaseIterator,
  DatabaseIteratorOptions,
  DatabaseReadOptions,
  DatabaseWrite,
  StateDatabase,
} from './database.js';
export { AncestralRecordsError, type AncestralRecordsErrorCode, type ErrorDetails, errorCodes } from './errors.js';
export type { HashBatch, HashOptions, PackedRecords, StateHasher, StateRootFunction } from './hasher.js';
export { Manifest } from './manifest.js';
export { entriesPerPage, pageHash, snapshotRoot } from './manifest-page.js';
export { defaultCacheBytes, type StateStoreOptions } from './open-store.js';
export { defaultParameters, formatVersion, type StateParameters, withDefaults } from './parameters.js';
export type { RefutationReason } from './proof.js';
export { type KeyInterval, type RangeEntry, rangeInterval } from './range.js';
export type { RecordChange } from './record-change.js';
export {
  type Abortable,
  type DownloadStatus,
  type OtherWrites,
  type PrefixSummary,
  type PreparedBlock,
  type ProvedRange,
  type SnapshotInfo,
  StateStore,
  type StorePhase,
} from './state-store.js';
