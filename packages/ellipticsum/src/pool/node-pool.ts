import { type NodePoolWorker, nodeThreads } from './node-threads.js';
import type { WorkerPool, WorkerPoolOptions } from './pool-options.js';
import { openWorkerPool } from './worker-pool.js';

/** Options of {@link createWorkerPool} in Node. */
export interface NodeWorkerPoolOptions extends WorkerPoolOptions {
  /**
   * Makes the workers, for applications that are bundled: a `Worker` of `node:worker_threads` whose module imports
   * `@hs/ellipticsum/node-worker`.
   */
  readonly createWorker?: () => NodePoolWorker;
}

/**
 * Opens a pool of worker threads: resolves when all of them are ready to hash.
 *
 * Threads without work do not keep the process alive.
 *
 * @throws TypeError, RangeError if an option is out of range
 * @throws ELLIPTICSUM_WORKER_FAILED if a worker cannot be started or cannot open the backend; `cause` says why
 */
export async function createWorkerPool(options: NodeWorkerPoolOptions = {}): Promise<WorkerPool> {
  return openWorkerPool(nodeThreads(options.createWorker), options);
}
