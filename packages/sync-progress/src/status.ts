import type { Amounts } from './range.js';

/** `idle`: no manifest yet; `failed`: local checking or writing failed too often in a row. */
export type SyncPhase = 'idle' | 'syncing' | 'done' | 'failed';

/**
 * What a sync waits for. `manifest`: to be given one; `peers`: nobody is connected; `available-peer`: everybody
 * connected is in a back-off; `answers`: requests are outstanding; `proofs`, `commits`: local work is under way;
 * `memory`: cancelled requests and checks still hold their bytes and their peers; `local-retry`: checking or writing failed
 * and is tried again; `nothing`: the sync is over.
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
  /** 1 for a peer without failures, towards 0 with each one; failures are forgiven with time. */
  readonly score: number;
  /** While requests were outstanding; undefined before the first answer. */
  readonly bytesPerSecond: number | undefined;
  /** Shortest time to an answer, slowly forgotten; undefined before the first answer. */
  readonly roundTripMs: number | undefined;
  /** Requests outstanding, with cancelled ones. */
  readonly requests: number;
  /** Bytes that the wanted ones of these may bring. */
  readonly outstandingBytes: number;
  /** When the oldest wanted one of these was sent. */
  readonly askedAtMs: number | undefined;
  /** Everything it ever sent that was accepted. */
  readonly receivedBytes: number;
  /** Bytes of it that were committed, and that were or may have been sent in vain by its fault. */
  readonly usefulBytes: number;
  readonly wastedBytes: number;
  /** Failures in a row: unavailable, timed out, left with a request outstanding. */
  readonly failures: number;
  /** Asked again at this time; undefined if not in a back-off. */
  readonly retryAtMs: number | undefined;
}

/** The state of a sync at one moment. */
export interface SyncStatus {
  readonly phase: SyncPhase;
  /** One sentence: how far it is, how fast, how long it will take, and what it waits for. */
  readonly text: string;
  readonly manifestId: string | undefined;
  /** A newer snapshot that is on offer. */
  readonly offeredManifestId: string | undefined;
  readonly total: Amounts;
  /** In the store. */
  readonly done: Amounts;
  readonly left: Amounts;
  /** Part of `done` that was in the store when the manifest was adopted. */
  readonly resumed: Amounts;
  readonly inFlight: {
    /** Requests whose answers are wanted, and the ranges that they cover or that are half received. */
    readonly requests: number;
    /** Ranges fully received, whose check is not over. */
    readonly proving: number;
    /** Ranges proved and not in the store yet. */
    readonly committing: number;
    /** Cancelled requests, checks and writes whose last result has not come. */
    readonly cancelled: number;
    /** For all of them; above `limitBytes` only while results of an earlier, larger manifest are outstanding. */
    readonly reservedBytes: number;
    readonly limitBytes: number;
    /** Part of it that is in memory. */
    readonly heldBytes: number;
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
  /** Requests for what a slower peer was still asked for. */
  readonly races: number;
  readonly bans: number;
  /** Accepted bytes that were thrown away: lost races, senders that left, superseded manifests, refuted ranges. */
  readonly wastedBytes: number;
}
