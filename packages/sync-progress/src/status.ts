import type { Amounts } from './range.js';

/** `idle`: no manifest yet; `failed`: local checking or writing failed too often in a row. */
export type SyncPhase = 'idle' | 'syncing' | 'done' | 'failed';

/**
 * What a sync waits for. `manifest`: to be given one; `peers`: nobody is connected; `available-peer`: everybody
 * connected is in a back-off; `answers`: requests are outstanding; `proofs`, `commits`: local work is under way;
 * `memory`: cancelled attempts still hold their bytes and their peers; `local-retry`: checking or writing failed and is tried
 * again; `nothing`: the sync is over.
 */
export type WaitKind =
  | 'manifest'
  | 'peers'
  | 'available-peer'
  | 'answers'
  | 'proofs'
  | 'commits'
  | 'memory'
  | 'local-retry'
  | 'nothing';

/** What a sync waits for, as data and in words. */
export interface Waiting {
  readonly kind: WaitKind;
  readonly text: string;
  /** When this kind of waiting began. */
  readonly sinceMs: number;
  /** When the machine will try something by itself; undefined if only an event can help. */
  readonly untilMs: number | undefined;
}

/** Progress of the ranges under one prefix. */
export interface PrefixStatus {
  readonly prefix: number;
  readonly total: Amounts;
  readonly done: Amounts;
}

/** One peer, connected or not. */
export interface PeerStatus {
  readonly peer: string;
  readonly isConnected: boolean;
  readonly isBanned: boolean;
  /** Ranges of this manifest that were committed as this peer sent them. */
  readonly done: Amounts;
  /** Part of everything committed from peers for this manifest, 0 to 1. */
  readonly share: number;
  /** While requests were outstanding; undefined before the first answer. */
  readonly bytesPerSecond: number | undefined;
  /** Requests outstanding, with those of cancelled attempts. */
  readonly requests: number;
  /** Everything it ever sent that was accepted. */
  readonly receivedBytes: number;
  /** Failures in a row: unavailable, timed out, left with a request outstanding. */
  readonly failures: number;
  /** Asked again at this time; undefined if not in a back-off. */
  readonly retryAtMs: number | undefined;
}

/** The state of a sync at one moment. */
export interface SyncStatus {
  readonly phase: SyncPhase;
  readonly manifestId: string | undefined;
  readonly total: Amounts;
  /** In the store. */
  readonly done: Amounts;
  readonly left: Amounts;
  /** Part of `done` that was in the store when the manifest was adopted. */
  readonly resumed: Amounts;
  readonly inFlight: {
    readonly downloading: number;
    readonly proving: number;
    readonly committing: number;
    /** Cancelled attempts whose last result has not come. */
    readonly cancelled: number;
    /** Reserved for all of them, never above `limitBytes`. */
    readonly reservedBytes: number;
    readonly limitBytes: number;
    /** Received for ranges that are not in the store yet. */
    readonly receivedBytes: number;
  };
  /** Accepted bytes and records, over the last `rateWindowMs`. */
  readonly bytesPerSecond: number;
  readonly recordsPerSecond: number;
  /** Undefined while nothing arrives. */
  readonly etaMs: number | undefined;
  /** Ascending. */
  readonly prefixes: readonly PrefixStatus[];
  /** In the order they first joined. */
  readonly peers: readonly PeerStatus[];
  readonly waitingFor: Waiting;
  /** When a chunk was last accepted or a range committed; undefined before. */
  readonly lastProgressMs: number | undefined;
  readonly counters: SyncCounters;
}

/** Counted since the machine was made. */
export interface SyncCounters {
  readonly requests: number;
  readonly unavailable: number;
  readonly timeouts: number;
  /** Second attempts at a range that a slower peer was still sending. */
  readonly races: number;
  /** Ranges taken from a slow peer because they did not fit into the byte budget twice. */
  readonly takeovers: number;
  readonly bans: number;
  /** Accepted bytes that were thrown away: lost races, senders that left, superseded manifests, refuted ranges. */
  readonly wastedBytes: number;
}
