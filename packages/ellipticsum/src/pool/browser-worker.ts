/** The worker of a pool in a browser: what it imports runs in the thread. */
import type { HoldLock, LockHeld, PoolLocks } from './browser-threads.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { WorkerLoop } from './worker-loop.js';

interface WorkerScope {
  readonly navigator: { readonly locks?: PoolLocks };
  postMessage(message: FromWorker | LockHeld, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker | HoldLock }) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const loop = new WorkerLoop((message, transfer) => scope.postMessage(message, transfer));
scope.addEventListener('message', ({ data }) => {
  if (data.type === 'hold-lock') holdLock(data.name);
  else loop.receive(data);
});

/** Holds the lock as long as the worker lives. */
function holdLock(name: string): void {
  const never = new AbortController().signal;
  const held = scope.navigator.locks?.request(name, { signal: never }, () => {
    scope.postMessage({ type: 'lock-held' }, []);
    return new Promise(() => undefined);
  });
  held?.catch(() => undefined);
}
