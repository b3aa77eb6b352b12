import type { FromWorker } from './protocol.js';
import type { ThreadPlatform } from './thread-platform.js';

/** What a pool needs of a Web Worker. */
export interface BrowserPoolWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'messageerror', listener: () => void): void;
  addEventListener(
    type: 'error',
    listener: (event: { readonly message?: string; readonly error?: unknown }) => void,
  ): void;
  terminate(): void;
}

/** The part of the Web Locks interface that is needed. */
export interface PoolLocks {
  request(name: string, options: { readonly signal: AbortSignal }, callback: () => unknown): Promise<unknown>;
}

/** What a worker is asked in the beginning, and what it answers while it holds the lock. */
export interface HoldLock {
  readonly type: 'hold-lock';
  readonly name: string;
}
export interface LockHeld {
  readonly type: 'lock-held';
}

/** What a browser offers a pool. */
export interface BrowserScope {
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly locks?: PoolLocks };
  readonly crypto?: { randomUUID?(): string };
}

declare const Worker: new (url: URL, options: { type: 'module'; name: string }) => BrowserPoolWorker;

/**
 * Web Workers.
 *
 * A browser does not say when a worker ended by itself or was killed. But it frees the worker's locks then: so each worker holds
 * one, which the pool waits for. Without Web Locks (pages that are no secure context) such a death stays unnoticed.
 */
export function browserThreads(
  createWorker: () => BrowserPoolWorker = createBrowserWorker,
  scope: BrowserScope = globalThis as BrowserScope,
): ThreadPlatform {
  return {
    parallelism: () => scope.navigator?.hardwareConcurrency ?? 1,
    start(events) {
      const worker = createWorker();
      const locks = scope.navigator?.locks;
      const name = `ellipticsum-worker-${scope.crypto?.randomUUID?.() ?? ''}`;
      const controller = new AbortController();
      worker.addEventListener('message', (event) => {
        const data = event.data as FromWorker | LockHeld;
        if (data.type !== 'lock-held') events.onMessage(data);
        else {
          const ended = locks?.request(name, { signal: controller.signal }, () => undefined);
          ended?.then(
            () => events.onDeath(new Error('the worker ended'), {}),
            () => undefined,
          );
        }
      });
      worker.addEventListener('messageerror', () => events.onDeath(new Error('a message could not be read'), {}));
      worker.addEventListener('error', (event) => {
        // A script that cannot be loaded gives an event without a message.
        events.onDeath(event.error ?? new Error(event.message ?? 'the script of the worker could not be loaded'), {});
      });
      if (locks !== undefined) worker.postMessage({ type: 'hold-lock', name } satisfies HoldLock, []);
      return {
        post: (message, transfer) => worker.postMessage(message, [...transfer]),
        setBusy: () => undefined,
        terminate: async () => {
          controller.abort();
          worker.terminate();
        },
      };
    },
  };
}

function createBrowserWorker(): BrowserPoolWorker {
  return new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module', name: 'ellipticsum' });
}
