import type { BanCommand, SyncCommand } from '../commands.js';
import type { SyncEvent } from '../events.js';
import type { HyperSyncProgressOptions } from '../options.js';
import type { SyncStatus } from '../status.js';
import type { PeerBehaviour } from './simulated-peer.js';
import type { SimulatedSnapshot } from './simulated-snapshot.js';

/** What the simulation drives; `HyperSyncProgress` is one. */
export interface SimulatedMachine {
  readonly nextTickMs: number | undefined;
  handle(event: SyncEvent): readonly SyncCommand[];
  status(nowMs: number): SyncStatus;
}

/** A world to sync in. */
export interface SimulatedWorld {
  readonly seed: number;
  /** One per epoch; the newest two that exist are retained. */
  readonly snapshots: readonly SimulatedSnapshot[];
  /** Length of an epoch. Default: one virtual day. */
  readonly epochMs?: number;
  readonly peers: readonly PeerBehaviour[];
  readonly options?: HyperSyncProgressOptions;
  /** Bytes checked per second. Default 20,000,000. */
  readonly provedBytesPerSecond?: number;
  /** Time to write a range. Default 2. */
  readonly commitMs?: number;
  readonly proveFailChance?: number;
  readonly commitFailChance?: number;
  /** Moments at which the process is killed and started again from its durable marks. */
  readonly killsMs?: readonly number[];
  /** The run fails if it takes longer. Default: one virtual day. */
  readonly maxMs?: number;
  /** The run fails if an honest peer with the snapshot was there for so long without any progress. Default: one hour. */
  readonly maxIdleMs?: number;
  /** The machine to test, if it is not `HyperSyncProgress` itself. */
  readonly createMachine?: (options: HyperSyncProgressOptions) => SimulatedMachine;
  /** Sees every event with its commands; `life` counts the processes. */
  readonly onStep?: (event: SyncEvent, commands: readonly SyncCommand[], life: number) => void;
}

/** What a run came to. */
export interface SimulationReport {
  readonly seed: number;
  readonly isDone: boolean;
  readonly endMs: number;
  readonly events: number;
  readonly requests: number;
  readonly requestsByPeer: ReadonlyMap<string, number>;
  /** Key and value bytes that crossed the line, wanted or not, answers that broke off in part. */
  readonly downloadedBytes: number;
  /** The first adopted snapshot and what later ones changed. */
  readonly neededBytes: number;
  /** Wrong answers and floods that peers sent. */
  readonly lies: number;
  readonly adoptions: number;
  readonly lives: number;
  /** Most bytes requested and in memory at the same time. */
  readonly peakBytes: number;
  readonly bans: readonly BanCommand[];
  readonly status: SyncStatus;
}
