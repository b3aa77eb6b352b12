import type { ChunkProblem } from './check-chunk.js';
import type { WaitKind } from './status.js';

/** Ask `peer` for the records in `[startKey, endKey)`. Answer with `chunk-received` or `chunk-unavailable`. */
export interface RequestCommand {
  readonly type: 'request';
  readonly request: number;
  readonly peer: string;
  /** The span: this many adjacent ranges, from this one on. They have the same first key byte. */
  readonly firstRange: number;
  readonly rangeCount: number;
  /** Inclusive: the start of the first range, or the cursor the peer gave with its last chunk. */
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
  /** Bound for the key and value bytes of the answer; only a single record may be larger. */
  readonly maxBytes: number;
}

/** The answer to the request is not wanted any more: stop it if possible, and still report what comes of it. */
export interface CancelRequestCommand {
  readonly type: 'cancel-request';
  readonly request: number;
}

/**
 * Keep records `fromRecord` to `toRecord` (exclusive) of the chunk that was just reported, under this attempt. Of one chunk
 * several attempts may keep a part; an attempt is made of the parts of one or more chunks, in the order they came.
 */
export interface KeepCommand {
  readonly type: 'keep';
  readonly attempt: number;
  readonly range: number;
  readonly fromRecord: number;
  readonly toRecord: number;
}

/** Check what is kept for the attempt against its manifest entry; answer with `proved`, `refuted` or `prove-failed`. */
export interface ProveCommand {
  readonly type: 'prove';
  readonly attempt: number;
  readonly range: number;
}

/** Write the proved range and its mark in one batch; answer with `committed` or `commit-failed`. */
export interface CommitCommand {
  readonly type: 'commit';
  readonly attempt: number;
  readonly range: number;
}

/**
 * The attempt is being checked or written, and that is not wanted any more: stop it if possible, drop what is kept, and
 * still report the result that comes, or `cancelled` when none will.
 */
export interface CancelCommand {
  readonly type: 'cancel';
  readonly attempt: number;
}

/** Drop what is kept for the attempt: it is over, and no result of it is awaited. */
export interface DiscardCommand {
  readonly type: 'discard';
  readonly attempt: number;
}

/**
 * Why a peer is banned: a rule its chunk broke, `refuted` when the records do not add up to the range's sum, `unrequested`
 * when it sent state that nobody asked for.
 */
export type BanReason = ChunkProblem | 'refuted' | 'unrequested';

/** What a banned peer did, as plain data to keep and to show. */
export interface Evidence {
  readonly manifestId: string;
  /** The request that its chunk answered; undefined for `refuted` and `unrequested`. */
  readonly request: number | undefined;
  /** The attempt that was refuted. */
  readonly attempt: number | undefined;
  /** The range, and what the manifest says about it; undefined for `unrequested`. */
  readonly range: number | undefined;
  readonly startKey: Uint8Array | undefined;
  readonly endKey: Uint8Array | undefined;
  readonly records: number | undefined;
  readonly bytes: number | undefined;
  /** One sentence. */
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Disconnect the peer, which has provably lied or flooded, and do not let it join again. Given once per ban. */
export interface BanCommand {
  readonly type: 'ban';
  readonly peer: string;
  readonly reason: BanReason;
  readonly evidence: Evidence;
}

/**
 * Nothing of this snapshot has come for a while, and nothing is to be expected: adopt the newer one that was offered, if a
 * peer serves it. Repeated after `reconsiderAfterMs` as long as nothing moves.
 */
export interface AdoptNewerCommand {
  readonly type: 'adopt-newer';
  readonly manifestId: string;
}

/** What the sync waits for has changed. For people; nothing needs to be done. */
export interface WaitCommand {
  readonly type: 'wait';
  readonly kind: WaitKind;
  readonly text: string;
  /** When the machine will try something by itself; undefined if only an event can help. */
  readonly untilMs: number | undefined;
}

/** Every range of the manifest is in the store. Given once per manifest. */
export interface DoneCommand {
  readonly type: 'done';
  readonly manifestId: string;
}

/** Checking or writing failed too often in a row; nothing more is tried until a manifest is adopted again. */
export interface FailedCommand {
  readonly type: 'failed';
  readonly message: string;
}

/** What the caller is to do. Commands of one call are to be carried out in order. */
export type SyncCommand =
  | RequestCommand
  | CancelRequestCommand
  | KeepCommand
  | ProveCommand
  | CommitCommand
  | CancelCommand
  | DiscardCommand
  | BanCommand
  | AdoptNewerCommand
  | WaitCommand
  | DoneCommand
  | FailedCommand;
