export { type ChunkBounds, type ChunkProblem, type ChunkVerdict, checkChunk } from './check-chunk.js';
export type {
  BanCommand,
  BanReason,
  CancelCommand,
  CommitCommand,
  DiscardCommand,
  DoneCommand,
  Evidence,
  FailedCommand,
  ProveCommand,
  RequestCommand,
  SyncCommand,
  WaitCommand,
} from './commands.js';
export { SyncProgressError, type SyncProgressErrorCode, syncProgressErrorCodes } from './errors.js';
export type {
  AttemptCancelled,
  ChunkReceived,
  ChunkUnavailable,
  CommitFailed,
  ManifestAdopted,
  PeerJoined,
  PeerLeft,
  PeerPardoned,
  ProveFailed,
  RangeCommitted,
  RangeProved,
  RangeRefuted,
  SyncEvent,
  Tick,
} from './events.js';
export { HyperSyncProgress } from './hyper-sync-progress.js';
export type { HyperSyncProgressOptions } from './options.js';
export type { Amounts, PackedRecords, RangeSummary } from './range.js';
export type {
  PeerStatus,
  PrefixStatus,
  SyncCounters,
  SyncPhase,
  SyncStatus,
  Waiting,
  WaitKind,
} from './status.js';
