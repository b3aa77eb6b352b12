/**
 * Ends the process if one input takes it more processor time than any can need, and says which: nothing in the process itself could. Started
 * as a worker with shared memory: a beat that changes with every input, the length of the input, and the input.
 */
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { cpuMs } from './cpu-time.mjs';

const headWords = 2;

/** Watches from now on; call what it returns with every input before it runs. */
export function startWatchdog({ maxSeconds, maxBytes }) {
  const shared = new SharedArrayBuffer(4 * headWords + maxBytes);
  const worker = new Worker(new URL(import.meta.url), { execArgv: [], workerData: { shared, maxSeconds } });
  worker.unref();
  const head = new Int32Array(shared, 0, headWords);
  const content = new Uint8Array(shared, 4 * headWords);
  return (input) => {
    content.set(input.subarray(0, maxBytes));
    head[1] = input.length;
    Atomics.add(head, 0, 1);
  };
}

if (!isMainThread && workerData?.shared !== undefined) {
  const head = new Int32Array(workerData.shared, 0, headWords);
  let last = Atomics.load(head, 0);
  let since = cpuMs();
  setInterval(() => {
    const beat = Atomics.load(head, 0);
    if (beat !== last) since = cpuMs();
    last = beat;
    if (beat === 0 || cpuMs() - since < 1_000 * workerData.maxSeconds) return;
    const input = Buffer.from(new Uint8Array(workerData.shared, 4 * headWords, head[1]).slice());
    writeSync(2, `\nhang: more than ${workerData.maxSeconds} s for the input ${input.toString('hex')}\n`);
    process.kill(process.pid, 'SIGKILL');
  }, 1_000);
}
