import { type BrowserPoolWorker, browserThreads } from './browser-threads.js';
import type { WorkerPool, WorkerPoolOptions } from './pool-options.js';
import { openWorkerPool } from './worker-pool.js';

/** Options of {@link createWorkerPool} in browsers. */
export interface BrowserWorkerPoolOptions extends WorkerPoolOptions {
  /**
   * Makes the workers, where a bundler or a content security policy wants it otherwise: a module `Worker` whose module imports
   * `@hs/ellipticsum/browser-worker`.
   */
  readonly createWorker?: () => BrowserPoolWorker;
}

/**
 * Opens a pool of Web Workers: resolves when all of them are ready to hash.
 *
 * Their script is a file next to this one, so a content security policy needs no `blob:` or `data:` source.
 *
 * @throws TypeError, RangeError if an option is out of range
 * @throws ELLIPTICSUM_WORKER_FAILED if a worker cannot be started or cannot open the backend; `cause` says why
 */
export async function createWorkerPool(options: BrowserWorkerPoolOptions = {}): Promise<WorkerPool> {
  return openWorkerPool(browserThreads(options.createWorker), options);
}
