export { type Chunk, type ChunkRequest, defaultChunkLimits } from './chunk.js';
export { computeManifest } from './compute-manifest.js';
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
export {
  defaultCacheBytes,
  defaultMaxHeldSnapshots,
  defaultMaxLedgerRanges,
  type StateStoreOptions,
} from './open-store.js';
export { defaultParameters, formatVersion, type StateParameters, withDefaults } from './parameters.js';
export type { RangeLimits } from './partition.js';
export type { RefutationReason } from './proof.js';
export { type KeyInterval, type RangeEntry, rangeInterval } from './range.js';
export type { RecordChange } from './record-change.js';
export { type ExportOptions, exportSnapshot } from './snapshot-file/export-snapshot.js';
export {
  type HttpBodyReader,
  type HttpFetch,
  type HttpResponse,
  type HttpSourceOptions,
  httpSource,
} from './snapshot-file/http-source.js';
export { type ImportOptions, type ImportTrust, importSnapshot } from './snapshot-file/import-snapshot.js';
export type { RangeProblem } from './snapshot-file/range-check.js';
export { SnapshotFile } from './snapshot-file/snapshot-file.js';
export type {
  SnapshotFileOptions,
  SnapshotHead,
  SnapshotInput,
  SnapshotProgress,
  SnapshotRange,
  SnapshotRangesOptions,
} from './snapshot-file/snapshot-input.js';
export { type BlobLike, blobSource, type SnapshotSource } from './snapshot-file/snapshot-source.js';
export { readSnapshotStream, type SnapshotStream } from './snapshot-file/snapshot-stream.js';
export {
  type SnapshotFileDamage,
  type SnapshotFileReport,
  type VerifySnapshotFileOptions,
  verifySnapshotFile,
} from './snapshot-file/verify-snapshot-file.js';
export { StateStore } from './state-store.js';
export type {
  Abortable,
  DownloadStatus,
  OtherWrites,
  PrefixSummary,
  PreparedBlock,
  ProvedRange,
  SnapshotInfo,
  StorePhase,
} from './store-types.js';
export { totalChecksum } from './total-checksum.js';
export type {
  ChunkRefutationReason,
  UnprovedChunk,
  UnprovedDownloadStatus,
  UnprovedInterval,
  UnprovedIntervalState,
  UnprovedPart,
  UnprovedTarget,
} from './unproved/unproved-types.js';
export { type RangeSource, storeSource } from './verify/range-source.js';
export { rawDatabaseSource } from './verify/raw-database-source.js';
export { type RebuildOptions, type RebuildProgress, rebuildState } from './verify/rebuild-state.js';
export { type RepairOptions, type RepairReport, repairState } from './verify/repair-state.js';
export { defaultScrub, type Scrub, type ScrubOptions, startScrub } from './verify/scrub.js';
export type {
  Damage,
  DamagedBookkeeping,
  DamagedGap,
  DamagedPrefix,
  DamagedRange,
  DamageReason,
  VerifyProgress,
  VerifyReport,
} from './verify/verify-report.js';
export { type VerifyOptions, verifyState } from './verify/verify-state.js';
