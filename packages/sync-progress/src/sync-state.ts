import type { Attempt } from './attempt.js';
import { Budget } from './budget.js';
import type { SyncCommand } from './commands.js';
import type { SyncSettings } from './options.js';
import type { Peer } from './peer.js';
import { RangeBoard } from './range-board.js';
import { RateWindow } from './rate.js';
import type { SpanRequest } from './span-request.js';
import type { SyncPhase } from './status.js';
import type { Tally } from './tally.js';
import { Timers } from './timers.js';

/** What is due at some time: the answer to a request, the end of a back-off, or one of the sync's own. */
export type Due = SpanRequest | Peer | 'local-retry' | 'reconsider';

/** What the parts of the machine share. Each field says who changes it. */
export interface SyncState {
  readonly settings: SyncSettings;
  readonly timers: Timers<Due>;
  readonly budget: Budget;
  readonly byteRate: RateWindow;
  readonly recordRate: RateWindow;
  readonly counters: {
    requests: number;
    unavailable: number;
    timeouts: number;
    races: number;
    bans: number;
    wastedBytes: number;
  };
  /** Roster: all that are remembered, and those that are connected. */
  readonly peers: Map<string, Peer>;
  readonly connected: Set<Peer>;
  /** Downloads: outstanding, cancelled ones included. */
  readonly requests: Map<number, SpanRequest>;
  /** Local work: received and not committed, cancelled ones that are busy included. */
  readonly attempts: Map<number, Attempt>;
  /** All parts: what the event at hand leads to. */
  commands: SyncCommand[];
  /** The machine itself. */
  nowMs: number;
  phase: SyncPhase;
  tally: Tally | undefined;
  board: RangeBoard;
  lastAttempt: number;
  lastProgressMs: number | undefined;
  /** Downloads: where the peer that was asked last stood in line. */
  turnMs: number;
  /** Of all peers: what was committed as they sent it, and what they sent or may have sent in vain by their fault. */
  usefulBytes: number;
  wastedBytes: number;
  /** Local work. */
  localFailures: number;
  localFailure: string | undefined;
  localRetryAtMs: number;
}

export function createSyncState(settings: SyncSettings): SyncState {
  return {
    settings,
    timers: new Timers(),
    budget: new Budget(),
    byteRate: new RateWindow(settings.rateWindowMs),
    recordRate: new RateWindow(settings.rateWindowMs),
    counters: { requests: 0, unavailable: 0, timeouts: 0, races: 0, bans: 0, wastedBytes: 0 },
    peers: new Map(),
    connected: new Set(),
    requests: new Map(),
    attempts: new Map(),
    commands: [],
    nowMs: 0,
    phase: 'idle',
    tally: undefined,
    board: new RangeBoard([], () => false),
    lastAttempt: 0,
    lastProgressMs: undefined,
    turnMs: 0,
    usefulBytes: 0,
    wastedBytes: 0,
    localFailures: 0,
    localFailure: undefined,
    localRetryAtMs: 0,
  };
}
