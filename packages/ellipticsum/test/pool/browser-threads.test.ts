import { describe, expect, test } from '@jest/globals';
import { type BrowserScope, browserThreads } from '../../src/pool/browser-threads.js';
import { openWorkerPool } from '../../src/pool/worker-pool.js';
import { settle } from './local-threads.js';

type Listener = (event: { readonly data: unknown; readonly message?: string; readonly error?: unknown }) => void;

/** A Web Worker that does what the test says. */
class FakeWorker {
  readonly posted: { readonly type: string; readonly name?: string }[] = [];
  readonly #listeners = new Map<string, Listener>();
  isTerminated = false;

  postMessage(message: unknown): void {
    this.posted.push(message as { readonly type: string });
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  emit(type: string, event: Partial<Parameters<Listener>[0]>): void {
    this.#listeners.get(type)?.({ data: undefined, ...event });
  }

  open(): void {
    this.emit('message', { data: { type: 'opened', selection: { backend: 'noble', refused: [] } } });
  }
}

/** Locks that workers hold until the test frees them. */
class FakeLocks {
  readonly #free = new Map<string, () => void>();

  async request(name: string, { signal }: { readonly signal: AbortSignal }, callback: () => unknown): Promise<unknown> {
    await new Promise<void>((resolve, reject) => {
      this.#free.set(name, resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    return callback();
  }

  get names(): readonly string[] {
    return [...this.#free.keys()];
  }

  free(name: string): void {
    this.#free.get(name)?.();
  }
}

async function openPool(locks?: FakeLocks) {
  const workers: FakeWorker[] = [];
  const createWorker = () => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  };
  const scope: BrowserScope = {
    navigator: { hardwareConcurrency: 2, ...(locks === undefined ? {} : { locks }) },
    crypto: { randomUUID: () => `${workers.length}` },
  };
  const opening = openWorkerPool(browserThreads(createWorker, scope), { threads: 'all', maxRestarts: 1 });
  return { opening, workers };
}

describe('Web Workers', () => {
  test('there are as many as the browser has threads', async () => {
    const { opening, workers } = await openPool();
    for (const worker of workers) worker.open();
    const pool = await opening;
    expect(workers.length).toBe(2);
    expect(workers.map(({ posted }) => posted.map(({ type }) => type))).toEqual([['open'], ['open']]);
    await pool.close();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  });

  test('a script that cannot be loaded fails the opening', async () => {
    const { opening, workers } = await openPool();
    workers[1]?.emit('error', {});
    await expect(opening).rejects.toMatchObject({
      code: 'ELLIPTICSUM_WORKER_FAILED',
      cause: { message: 'the script of the worker could not be loaded' },
    });
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  });

  test.each([
    ['error', { message: 'Uncaught', error: new Error('a defect') }, 'a defect'],
    ['messageerror', {}, 'a message could not be read'],
  ])('an event %s is the end of a worker', async (type, event, message) => {
    const { opening, workers } = await openPool();
    for (const worker of workers) worker.open();
    const pool = await opening;
    const calls = pool.decode(new Uint8Array(32));
    const outcome = expect(calls).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED', cause: { message } });
    await settle();
    workers[0]?.emit(type, event);
    await outcome;
    expect(workers.length).toBe(3);
    expect(workers[0]?.isTerminated).toBe(true);
    await pool.close();
  });

  test('a worker that is gone without a word is noticed, because its lock is free', async () => {
    const locks = new FakeLocks();
    const { opening, workers } = await openPool(locks);
    for (const worker of workers) {
      expect(worker.posted[0]?.type).toBe('hold-lock');
      worker.emit('message', { data: { type: 'lock-held' } });
      worker.open();
    }
    const pool = await opening;
    expect(locks.names).toEqual(workers.map(({ posted }) => posted[0]?.name));
    expect(new Set(locks.names).size).toBe(2);
    const outcome = expect(pool.decode(new Uint8Array(32))).rejects.toMatchObject({
      code: 'ELLIPTICSUM_WORKER_FAILED',
      cause: { message: 'the worker ended' },
    });
    await settle();
    locks.free(locks.names[0] as string);
    await outcome;
    expect(workers.length).toBe(3);
    await pool.close();
    await settle();
    expect(workers.length).toBe(3);
  });
});
