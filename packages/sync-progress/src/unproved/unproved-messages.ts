/** The records of one prefix, as they stand in the store. */
export interface UnprovedPrefix {
  readonly prefix: number;
  readonly isWhole: boolean;
  /** Where to go on. */
  readonly nextKey: Uint8Array;
  readonly records: number;
  readonly bytes: number;
  /** What peers say it will hold, if they say so. */
  readonly expected: { readonly records: number; readonly bytes: number } | undefined;
}

interface Timed {
  /** From a monotonic clock. */
  readonly nowMs: number;
}

/** The first event: what is to be downloaded, and what of it is there. */
export interface UnprovedBegan extends Timed {
  readonly type: 'began';
  readonly prefixes: readonly UnprovedPrefix[];
}

/** A peer that serves this state and says of it what everybody says who may take part. */
export interface UnprovedPeerJoined extends Timed {
  readonly type: 'peer-joined';
  readonly peer: string;
}

/** It is gone, or does not serve this state any more. */
export interface UnprovedPeerLeft extends Timed {
  readonly type: 'peer-left';
  readonly peer: string;
}

/** An answer came; keep it until it is to be written or dropped. */
export interface UnprovedChunkReceived extends Timed {
  readonly type: 'chunk-received';
  readonly request: number;
  readonly records: number;
  /** Key and value bytes. */
  readonly bytes: number;
  readonly nextKey: Uint8Array | undefined;
}

/** No answer will come, or one without the state. */
export interface UnprovedChunkUnavailable extends Timed {
  readonly type: 'chunk-unavailable';
  readonly request: number;
}

/** The chunk and where its prefix goes on are in the store. */
export interface UnprovedChunkWritten extends Timed {
  readonly type: 'written';
  readonly request: number;
}

/**
 * The chunk was not written. `chunk`: it breaks a rule by itself, whatever came before. `prefix`: with all that came before, the prefix
 * is not what it is said to be.
 */
export interface UnprovedChunkRefuted extends Timed {
  readonly type: 'refuted';
  readonly request: number;
  readonly scope: 'chunk' | 'prefix';
  readonly reason: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What was written into prefixes is deleted. */
export interface UnprovedCleared extends Timed {
  readonly type: 'cleared';
  readonly prefixes: readonly number[];
}

/** The whole adds up; it is over. */
export interface UnprovedFinished extends Timed {
  readonly type: 'finished';
}

/** The whole does not add up. */
export interface UnprovedWholeRefuted extends Timed {
  readonly type: 'whole-refuted';
  readonly reason: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Time has passed. */
export interface UnprovedTick extends Timed {
  readonly type: 'tick';
}

export type UnprovedEvent =
  | UnprovedBegan
  | UnprovedPeerJoined
  | UnprovedPeerLeft
  | UnprovedChunkReceived
  | UnprovedChunkUnavailable
  | UnprovedChunkWritten
  | UnprovedChunkRefuted
  | UnprovedCleared
  | UnprovedFinished
  | UnprovedWholeRefuted
  | UnprovedTick;

/** Ask `peer` for records of one prefix, from a key on. Answer with `chunk-received` or `chunk-unavailable`. */
export interface UnprovedRequestCommand {
  readonly type: 'request';
  readonly request: number;
  readonly peer: string;
  readonly prefix: number;
  readonly startKey: Uint8Array;
  readonly maxBytes: number;
}

/** The answer is not wanted any more, and nothing that comes of it need be reported. */
export interface UnprovedCancelCommand {
  readonly type: 'cancel-request';
  readonly request: number;
}

/** Write the chunk that answered this request; answer with `written` or `refuted`. */
export interface UnprovedWriteCommand {
  readonly type: 'write';
  readonly request: number;
  readonly prefix: number;
}

/** Drop the chunk that answered this request. */
export interface UnprovedDropCommand {
  readonly type: 'drop';
  readonly request: number;
}

/** Delete what was written into these prefixes; answer with `cleared`. */
export interface UnprovedClearCommand {
  readonly type: 'clear';
  readonly prefixes: readonly number[];
}

/** A lie, and who may have told it. */
export interface UnprovedBlame {
  /** The prefix it was found in; undefined if all is known of is the whole. */
  readonly prefix: number | undefined;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Disconnect the peer, and keep the evidence: nobody else can have told the lie. */
export interface UnprovedBanCommand extends UnprovedBlame {
  readonly type: 'ban';
  readonly peer: string;
}

/** One of several peers lied, and nothing tells which: from now on the records in question come from one peer at a time. */
export interface UnprovedUnnamedCommand extends UnprovedBlame {
  readonly type: 'unnamed';
  /** Peers that sent some of it, ascending. */
  readonly peers: readonly string[];
  /** True if some of it was there when this download began, from nobody knows whom. */
  readonly hasEarlier: boolean;
}

/** Every prefix is whole: compare the whole; answer with `finished` or `whole-refuted`. */
export interface UnprovedFinishCommand {
  readonly type: 'finish';
}

/** Nothing was written for a while: look for another state to download. It goes on all the same. */
export interface UnprovedStuckCommand {
  readonly type: 'stuck';
}

/** It has given up. */
export interface UnprovedFailedCommand {
  readonly type: 'failed';
  readonly reason: 'received-bytes' | 'restarts';
  readonly message: string;
}

export type UnprovedCommand =
  | UnprovedRequestCommand
  | UnprovedCancelCommand
  | UnprovedWriteCommand
  | UnprovedDropCommand
  | UnprovedClearCommand
  | UnprovedBanCommand
  | UnprovedUnnamedCommand
  | UnprovedFinishCommand
  | UnprovedStuckCommand
  | UnprovedFailedCommand;
