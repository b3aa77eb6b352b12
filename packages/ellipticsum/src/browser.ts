export { type BrowserWorkerPoolOptions, createWorkerPool } from './pool/browser-pool.js';
export type { BrowserPoolWorker } from './pool/browser-threads.js';
export type {
  PoolCallOptions,
  PoolWorkerInfo,
  WorkerPool,
  WorkerPoolEvent,
  WorkerPoolOptions,
} from './pool/pool-options.js';
