import type { PackedRecords, RangeSummary } from './range.js';

/**
 * A manifest that was verified and made durable, with the indexes of its ranges that are already in the store. The
 * first one starts the sync, at the beginning or after a restart; a later one supersedes it.
 */
export interface ManifestAdopted {
  readonly type: 'manifest-adopted';
  readonly nowMs: number;
  readonly manifestId: string;
  /** In ascending key order, disjoint. Borrowed: must not change while the manifest is in use. */
  readonly ranges: readonly RangeSummary[];
  readonly proved: Iterable<number>;
}

/** Verified headers vouch for a newer snapshot than the one being downloaded. */
export interface SnapshotOffered {
  readonly type: 'snapshot-offered';
  readonly nowMs: number;
  readonly manifestId: string;
}

/** A peer that can be asked for ranges. Who may join is the caller's decision; banned peers are ignored. */
export interface PeerJoined {
  readonly type: 'peer-joined';
  readonly nowMs: number;
  readonly peer: string;
}

/** The connection to a peer is gone. Its requests will not be answered any more. */
export interface PeerLeft {
  readonly type: 'peer-left';
  readonly nowMs: number;
  readonly peer: string;
}

/** The caller lifted the ban of a peer, which may join again. */
export interface PeerPardoned {
  readonly type: 'peer-pardoned';
  readonly nowMs: number;
  readonly peer: string;
}

/** A peer sent state that was never asked of it. An answer to a cancelled request is no such thing. */
export interface UnrequestedReceived {
  readonly type: 'unrequested-received';
  readonly nowMs: number;
  readonly peer: string;
  readonly bytes: number;
  /** Plain data for the evidence. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The answer to a request: records, and where to go on. Report it for cancelled requests too. */
export interface ChunkReceived {
  readonly type: 'chunk-received';
  readonly nowMs: number;
  readonly request: number;
  /** Borrowed during the call; `keep` commands say which of them to keep. */
  readonly records: PackedRecords;
  /** The next key to ask for; undefined if the sender says that nothing is left up to the end key. */
  readonly nextKey: Uint8Array | undefined;
}

/** The answer to a request: the peer does not have this snapshot, or not now. */
export interface ChunkUnavailable {
  readonly type: 'chunk-unavailable';
  readonly nowMs: number;
  readonly request: number;
}

/** A cancelled request is over, and no answer will come. */
export interface RequestCancelled {
  readonly type: 'request-cancelled';
  readonly nowMs: number;
  readonly request: number;
}

/** The records of an attempt match the manifest entry of its range. */
export interface RangeProved {
  readonly type: 'proved';
  readonly nowMs: number;
  readonly attempt: number;
}

/** The records of an attempt do not match the manifest entry of its range: its one sender lied. */
export interface RangeRefuted {
  readonly type: 'refuted';
  readonly nowMs: number;
  readonly attempt: number;
  /** What did not match, in a few words. */
  readonly reason: string;
  /** Plain data for the evidence: expected and actual sum, digest of the bytes. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The check itself could not be done, which says nothing about the sender. */
export interface ProveFailed {
  readonly type: 'prove-failed';
  readonly nowMs: number;
  readonly attempt: number;
  readonly message: string;
}

/** The range of the attempt and its mark are in the store. */
export interface RangeCommitted {
  readonly type: 'committed';
  readonly nowMs: number;
  readonly attempt: number;
}

/** Nothing of the range was written. The attempt stays proved and is committed again later. */
export interface CommitFailed {
  readonly type: 'commit-failed';
  readonly nowMs: number;
  readonly attempt: number;
  readonly message: string;
}

/** The check or the write of a cancelled attempt has ended, and no result will come. */
export interface AttemptCancelled {
  readonly type: 'cancelled';
  readonly nowMs: number;
  readonly attempt: number;
}

/** Time has passed; send it at `nextTickMs`, earlier does no harm. */
export interface Tick {
  readonly type: 'tick';
  readonly nowMs: number;
}

/** What comes of a request. */
export type RequestEvent = ChunkReceived | ChunkUnavailable | RequestCancelled;

/** What comes of checking and writing. */
export type AttemptEvent = RangeProved | RangeRefuted | ProveFailed | RangeCommitted | CommitFailed | AttemptCancelled;

/**
 * What happens to a sync. `nowMs` is a monotonic clock that starts at 0 or later; a value below an earlier one counts as that
 * earlier one.
 */
export type SyncEvent =
  | ManifestAdopted
  | SnapshotOffered
  | PeerJoined
  | PeerLeft
  | PeerPardoned
  | UnrequestedReceived
  | RequestEvent
  | AttemptEvent
  | Tick;
