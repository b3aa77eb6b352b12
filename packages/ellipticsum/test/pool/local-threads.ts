/** Threads that are none: workers of a pool in this thread, which tests can look at, hold up and kill. */
import { setImmediate } from 'node:timers/promises';
import { createBackend, createNobleBackend, type HashBatch, packRecords } from '../../src/index.js';
import type { FromWorker, ToWorker } from '../../src/pool/protocol.js';
import type { ThreadEvents, ThreadPlatform } from '../../src/pool/thread-platform.js';
import type { OpenBackend } from '../../src/pool/worker-backends.js';
import { WorkerLoop } from '../../src/pool/worker-loop.js';

export class LocalThread {
  readonly posted: ToWorker[] = [];
  readonly #events: ThreadEvents;
  readonly #loop: WorkerLoop;
  #held: ToWorker[] | undefined;
  isBusy = true;
  isTerminated = false;
  /** Buffers of slices that came for the first time, and those that came again. */
  newBuffers = 0;
  usedBuffers = 0;

  constructor(events: ThreadEvents, openBackend: OpenBackend | undefined) {
    this.#events = events;
    this.#loop = new WorkerLoop((message, transfer) => this.#answer(message, transfer), openBackend);
  }

  /** Number of slices it was given. */
  get runs(): number {
    return this.posted.filter(({ type }) => type === 'run').length;
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[]): void {
    const clone = structuredClone(message, { transfer: [...transfer] });
    this.posted.push(clone);
    if (clone.type === 'run') this.#mark(clone.buffer);
    if (this.#held !== undefined && message.type === 'run') this.#held.push(clone);
    else queueMicrotask(() => this.#receive(clone));
  }

  /** Starts no slice from now on, until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#receive(message);
  }

  kill(cause?: unknown): void {
    if (!this.isTerminated) this.#events.onDeath(cause, { exitCode: 1 });
  }

  /** An answer that the worker did not give. */
  forge(message: FromWorker): void {
    this.#events.onMessage(message);
  }

  /** The last byte of a buffer is not used by small slices. */
  #mark(buffer: ArrayBuffer | undefined): void {
    if (buffer === undefined) return;
    const last = new Uint8Array(buffer, buffer.byteLength - 1);
    if (last[0] === 0xab) this.usedBuffers++;
    else this.newBuffers++;
    last[0] = 0xab;
  }

  #receive(message: ToWorker): void {
    if (!this.isTerminated) this.#loop.receive(message);
  }

  #answer(message: FromWorker, transfer: ArrayBuffer[]): void {
    if (!this.isTerminated) this.#events.onMessage(structuredClone(message, { transfer }));
  }
}

export class LocalThreads implements ThreadPlatform {
  /** All that were ever started, in this order. */
  readonly threads: LocalThread[] = [];
  readonly #openBackend: OpenBackend | undefined;

  constructor(openBackend?: OpenBackend) {
    this.#openBackend = openBackend;
  }

  parallelism(): number {
    return 3;
  }

  start(events: ThreadEvents): ReturnType<ThreadPlatform['start']> {
    const thread = new LocalThread(events, this.#openBackend);
    this.threads.push(thread);
    return {
      post: (message, transfer) => thread.post(message, transfer),
      setBusy: (isBusy) => {
        thread.isBusy = isBusy;
      },
      terminate: async () => {
        thread.isTerminated = true;
      },
    };
  }

  get running(): readonly LocalThread[] {
    return this.threads.filter(({ isTerminated }) => !isTerminated);
  }

  /** Number of slices that all of them were given. */
  get runs(): number {
    return this.threads.reduce((sum, { runs }) => sum + runs, 0);
  }

  thread(index: number): LocalThread {
    const thread = this.threads[index];
    if (thread === undefined) throw new Error(`no thread ${index}`);
    return thread;
  }
}

/** One instance for all workers of a test, to save starting each. */
export function sharedWasm(): OpenBackend {
  const opened = createBackend({ backend: 'wasm' });
  return () => opened;
}

/** Lets everything happen that can. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

/** Records of unequal lengths, all different. */
export function sampleBatch(count: number, seed = 0): HashBatch {
  return packRecords(
    Array.from({ length: count }, (_, index) => {
      const length = (index * 37 + seed * 11) % 120;
      const key = Uint8Array.of(index >> 16, index >> 8, index, seed);
      return [key, Uint8Array.from({ length }, (_, at) => at * index)] as const;
    }),
  );
}

/** The encoded sums of the batch by the reference backend. */
export async function reference(batch: HashBatch): Promise<string> {
  await using noble = createNobleBackend();
  return Buffer.from(await noble.encode(await noble.sum(batch))).toString('hex');
}
