import type { FromWorker, ToWorker } from './protocol.js';

/** What a thread tells the pool. After `onDeath` it says nothing more. */
export interface ThreadEvents {
  onMessage(message: FromWorker): void;
  /** It ended without being told to, or cannot be understood. */
  onDeath(cause: unknown, details: Readonly<Record<string, number | string>>): void;
}

/** A running worker. */
export interface Thread {
  post(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** Keeps the process alive, or no longer. */
  setBusy(isBusy: boolean): void;
  terminate(): Promise<void>;
}

/** Threads of Node or of a browser. */
export interface ThreadPlatform {
  /** How many threads this machine runs at a time. */
  parallelism(): number;
  start(events: ThreadEvents): Thread;
}
