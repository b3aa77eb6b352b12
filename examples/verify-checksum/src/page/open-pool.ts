import { createWorkerPool, type WorkerPool } from '@hs/ellipticsum/browser';

/** Starts one worker for each core. */
export async function openPool(): Promise<WorkerPool> {
  return createWorkerPool({
    createWorker: () => new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module', name: 'hash' }),
  });
}

/** What hashes, and why nothing faster. */
export function poolText({ workers }: WorkerPool): string {
  const [first] = workers;
  if (first === undefined) return 'no worker';
  const refused = first.refused.map(({ backend, reason }) => `; not ${backend}: ${reason}`).join('');
  return `${first.backend} on ${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}${refused}`;
}
