export { type ChunkBounds, type ChunkPart, type ChunkProblem, type ChunkVerdict, checkChunk } from './check-chunk.js';
export type {
  AdoptNewerCommand,
  BanCommand,
  BanReason,
  CancelCommand,
  CancelRequestCommand,
  CommitCommand,
  DiscardCommand,
  DoneCommand,
  Evidence,
  FailedCommand,
  KeepCommand,
  ProveCommand,
  RequestCommand,
  SyncCommand,
  WaitCommand,
} from './commands.js';
export { SyncProgressError, type SyncProgressErrorCode, syncProgressErrorCodes } from './errors.js';
export type {
  AttemptCancelled,
  AttemptEvent,
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
  RequestCancelled,
  RequestEvent,
  SnapshotOffered,
  SyncEvent,
  Tick,
  UnrequestedReceived,
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
export {
  type ClaimBasis,
  type ClaimDecision,
  type ClaimPolicy,
  chooseClaim,
  type PinnedChecksum,
  type StateClaim,
} from './unproved/claims.js';
export type {
  UnprovedBanCommand,
  UnprovedBegan,
  UnprovedBlame,
  UnprovedCancelCommand,
  UnprovedChunkReceived,
  UnprovedChunkRefuted,
  UnprovedChunkUnavailable,
  UnprovedChunkWritten,
  UnprovedClearCommand,
  UnprovedCleared,
  UnprovedCommand,
  UnprovedDropCommand,
  UnprovedEvent,
  UnprovedFailedCommand,
  UnprovedFinishCommand,
  UnprovedFinished,
  UnprovedPeerJoined,
  UnprovedPeerLeft,
  UnprovedPrefix,
  UnprovedRequestCommand,
  UnprovedStuckCommand,
  UnprovedTick,
  UnprovedUnnamedCommand,
  UnprovedWholeRefuted,
  UnprovedWriteCommand,
} from './unproved/unproved-messages.js';
export type { UnprovedProgressOptions } from './unproved/unproved-options.js';
export { UnprovedProgress } from './unproved/unproved-progress.js';
export type {
  UnprovedPeerStatus,
  UnprovedPhase,
  UnprovedPrefixStatus,
  UnprovedStatus,
  UnprovedWaitKind,
} from './unproved/unproved-status.js';
