import type { Amounts } from '../range.js';

export type UnprovedPhase = 'downloading' | 'finishing' | 'done' | 'failed';

/** What an unproved download waits for. */
export type UnprovedWaitKind = 'peers' | 'answers' | 'writing' | 'clearing' | 'comparing' | 'nothing';

export interface UnprovedPrefixStatus {
  readonly prefix: number;
  readonly state: 'open' | 'clearing' | 'whole';
  readonly done: { readonly records: number; readonly bytes: number };
  /** What peers say there will be; undefined if they do not. */
  readonly total: { readonly records: number; readonly bytes: number } | undefined;
  /** Who sends it now. */
  readonly peer: string | undefined;
  /** True if all of it has to come from one peer, so that a lie has a name. */
  readonly isAlone: boolean;
}

export interface UnprovedPeerStatus {
  readonly peer: string;
  readonly isConnected: boolean;
  readonly isBanned: boolean;
  readonly prefixes: readonly number[];
  readonly records: number;
  readonly bytes: number;
  readonly bytesPerSecond: number | undefined;
}

/** Where an unproved download stands. Nothing in it is proved before the phase is `done`. */
export interface UnprovedStatus {
  readonly phase: UnprovedPhase;
  /** One sentence. */
  readonly text: string;
  /** Written. `ranges` are prefixes. */
  readonly done: Amounts;
  /** What peers say there will be; undefined if they do not. */
  readonly total: Amounts | undefined;
  readonly bytesPerSecond: number;
  readonly etaMs: number | undefined;
  /** Received since this began, what was thrown away included. */
  readonly receivedBytes: number;
  readonly restarts: number;
  readonly inFlight: { readonly requests: number; readonly reservedBytes: number; readonly limitBytes: number };
  readonly prefixes: readonly UnprovedPrefixStatus[];
  readonly peers: readonly UnprovedPeerStatus[];
  readonly waitingFor: { readonly kind: UnprovedWaitKind; readonly text: string; readonly sinceMs: number };
}
