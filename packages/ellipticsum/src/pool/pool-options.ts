import type { BackendName, BackendSelection } from '../create-backend.js';
import type { DomainOptions } from '../domain.js';
import type { EllipticSumError } from '../errors.js';
import type { HashBackend, HashBatch, HashOptions } from '../hash-backend.js';

/** Options of a worker pool, the same in Node and in browsers. */
export interface WorkerPoolOptions extends DomainOptions {
  /** How many workers: a number from 1 to 1024, one for each processor, or one less (but at least one). Default `'all'`. */
  readonly threads?: number | 'all' | 'all-but-one';
  /** What each worker hashes with: one backend and no other, or `auto` (the default), the fastest that works there. */
  readonly backend?: BackendName | 'auto';
  /** Calls that the pool works on or has in its queue; further ones wait and hold nothing but their input. Default 64. */
  readonly maxQueuedCalls?: number;
  /** Bytes of input and result of these calls together; a single larger call is taken when it is alone. Default 256 MiB. */
  readonly maxQueuedBytes?: number;
  /** Calls that wait for a place in the queue; one more is refused. Default 16384. */
  readonly maxWaitingCalls?: number;
  /** How often in a row a worker that died is replaced before it finished a piece of work. Default 3. */
  readonly maxRestarts?: number;
  /** Longest time in milliseconds until a new worker is ready. Default 30000. */
  readonly startTimeoutMs?: number;
  /** Told what happens to the workers. */
  readonly onEvent?: (event: WorkerPoolEvent) => void;
  /** Aborts the opening of the pool. */
  readonly signal?: AbortSignal;
}

/** What happened to a worker of a pool. */
export type WorkerPoolEvent =
  /** A worker is ready: with which backend, and why with no faster one. */
  | ({ readonly type: 'worker-opened' } & PoolWorkerInfo)
  | {
      /** A worker died. Without a replacement the pool goes on with the others, if there are any. */
      readonly type: 'worker-failed';
      readonly worker: number;
      readonly error: EllipticSumError;
      readonly isReplaced: boolean;
    };

/** A worker that is ready, and its backend. */
export interface PoolWorkerInfo extends BackendSelection {
  /** Workers are numbered from 0; one that replaces another takes its number. */
  readonly worker: number;
}

/** Options of each method of a pool. */
export interface PoolCallOptions extends HashOptions {
  /**
   * Gives the input to the pool, which may detach its buffers: what goes to one thread whole is then not copied. A view of a
   * part of a larger buffer is copied all the same. Default false: the input is borrowed until the promise settles.
   */
  readonly transfer?: boolean;
}

/**
 * A backend that spreads its work over threads.
 *
 * Large calls are cut into slices for all threads, small ones go to one thread whole. Calls are worked off in the order they
 * came. An aborted call rejects at once, queued or running.
 *
 * Every method throws ELLIPTICSUM_QUEUE_FULL if too many calls wait, and ELLIPTICSUM_WORKER_FAILED if a worker died that had
 * a part of the call, or none is left; bad input rejects as in every backend.
 */
export interface WorkerPool extends HashBackend {
  readonly name: 'worker-pool';
  /** The workers that are ready. */
  readonly workers: readonly PoolWorkerInfo[];
  sum(batch: HashBatch, options?: PoolCallOptions): Promise<Uint8Array>;
  combine(left: Uint8Array, right: Uint8Array, options?: PoolCallOptions): Promise<Uint8Array>;
  addUp(sums: Uint8Array, sizes: Uint32Array, options?: PoolCallOptions): Promise<Uint8Array>;
  negate(sums: Uint8Array, options?: PoolCallOptions): Promise<Uint8Array>;
  encode(sums: Uint8Array, options?: PoolCallOptions): Promise<Uint8Array>;
  decode(encoded: Uint8Array, options?: PoolCallOptions): Promise<Uint8Array>;
  /**
   * Resolves when the queue has a place, after all calls that wait already: await it before you make the input of a next call.
   *
   * @throws ELLIPTICSUM_QUEUE_FULL, ELLIPTICSUM_WORKER_FAILED, ELLIPTICSUM_BACKEND_CLOSED
   */
  ready(options?: HashOptions): Promise<void>;
  /**
   * Refuses further calls, ends all others with ELLIPTICSUM_BACKEND_CLOSED, or lets them finish first with `drain`, and stops the
   * workers. Idempotent; a second call without `drain` ends the draining.
   */
  close(options?: { readonly drain?: boolean }): Promise<void>;
}

/** Checks a whole number of an option. @throws RangeError */
export function requireCount(value: number, min: number, name: string): void {
  const isCount = Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
  if (!isCount || value < min) throw new RangeError(`${name} must be a whole number from ${min} up`);
}

/** How many workers to start. @throws RangeError */
export function threadCount(threads: number | 'all' | 'all-but-one', parallelism: number): number {
  if (threads === 'all') return Math.max(1, parallelism);
  if (threads === 'all-but-one') return Math.max(1, parallelism - 1);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new RangeError("threads must be 1 to 1024, 'all' or 'all-but-one'");
}
