import { availableParallelism } from 'node:os';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { FromWorker } from './protocol.js';
import type { ThreadPlatform } from './thread-platform.js';

/** What a pool needs of a `Worker` of `node:worker_threads`. */
export interface NodePoolWorker {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'messageerror' | 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (exitCode: number) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** Threads of Node. A worker keeps the process alive only while it has work or starts. */
export function nodeThreads(createWorker: () => NodePoolWorker = createNodeWorker): ThreadPlatform {
  return {
    parallelism: availableParallelism,
    start(events) {
      const worker = createWorker();
      worker.on('message', (message) => events.onMessage(message as FromWorker));
      worker.on('messageerror', (cause) => events.onDeath(cause, {}));
      worker.on('error', (cause) => events.onDeath(cause, {}));
      worker.on('exit', (exitCode) => events.onDeath(undefined, { exitCode }));
      return {
        post: (message, transfer) => worker.postMessage(message, transfer),
        setBusy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
        terminate: async () => void (await worker.terminate()),
      };
    },
  };
}

function createNodeWorker(): NodePoolWorker {
  // Workers take over the options of the process, but --input-type, which goes with --eval, allows no files.
  const isEvaluated = process.execArgv.some((argument) => argument.startsWith('--input-type'));
  const options = isEvaluated ? { name: 'ellipticsum', execArgv: [] } : { name: 'ellipticsum' };
  return new Worker(new URL('./node-worker.js', import.meta.url), options);
}
