import type { ChunkProblem } from './check-chunk.js';
import type { WaitKind } from './status.js';

/**
 * Ask `peer` for records of a range, from `startKey` on. Answer with `chunk-received` or `chunk-unavailable`. An
 * attempt has one request outstanding at a time, so its id can serve as the request id.
 */
export interface RequestCommand {
  readonly type: 'request';
  readonly attempt: number;
  readonly peer: string;
  readonly range: number;
  /** Inclusive: the start of the range, or the cursor the peer gave with its last chunk. */
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
  /** Bound for the key and value bytes of the answer (a single record may be larger). */
  readonly maxBytes: number;
}

/** Check the chunks kept for the attempt against the manifest entry; answer with `proved`, `refuted` or `prove-failed`. */
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
 * The result of the attempt is not wanted any more: drop its chunks, stop its request or its check if possible, and
 * still report the result that comes, or `cancelled` when none will.
 */
export interface CancelCommand {
  readonly type: 'cancel';
  readonly attempt: number;
}

/** Drop the chunks kept for the attempt: it is over, and no result of it is awaited. */
export interface DiscardCommand {
  readonly type: 'discard';
  readonly attempt: number;
}

/** Why a peer is banned: a rule its chunk broke, or `refuted` when the records do not add up to the range's sum. */
export type BanReason = ChunkProblem | 'refuted';

/** What a banned peer did, as plain data to keep and to show. */
export interface Evidence {
  readonly manifestId: string;
  readonly attempt: number;
  readonly range: number;
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array | undefined;
  /** What the manifest says. */
  readonly records: number;
  readonly bytes: number;
  /** One sentence. */
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Disconnect the peer, which has provably lied, and do not let it join again. Given once per peer. */
export interface BanCommand {
  readonly type: 'ban';
  readonly peer: string;
  readonly reason: BanReason;
  readonly evidence: Evidence;
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
  | ProveCommand
  | CommitCommand
  | CancelCommand
  | DiscardCommand
  | BanCommand
  | WaitCommand
  | DoneCommand
  | FailedCommand;
