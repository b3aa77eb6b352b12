/**
 * The pool's calls and its workers.
 *
 * A call passes the gate, which bounds how many are inside; joins the queue, of which the first call is cut into slices as
 * workers have room for them; and settles when all its slices are back, or at once when it is aborted, one of its workers
 * dies, or the pool closes. Slices of a settled call are cancelled, and their answers only give back their buffers.
 */
import { defaultDomain, encodeDomain } from '../domain.js';
import { EllipticSumError } from '../errors.js';
import { type HashBatch, type HashOptions, validateHashBatch } from '../hash-backend.js';
import { validateLists } from '../internal/add-up.js';
import { countOf, requireSameLength } from '../internal/backend-arguments.js';
import { encodedSumBytes, uncompressedSumBytes } from '../internal/curve.js';
import { negateSums } from '../internal/negate-sums.js';
import { AddUpPlan } from './add-up-plan.js';
import { CallGate } from './call-gate.js';
import type { CallPlan } from './call-plan.js';
import { ConversionPlan } from './conversion-plan.js';
import {
  type PoolCallOptions,
  type PoolWorkerInfo,
  requireCount,
  threadCount,
  type WorkerPool,
  type WorkerPoolEvent,
  type WorkerPoolOptions,
} from './pool-options.js';
import { type Answer, type Assignment, PoolWorker } from './pool-worker.js';
import { unpackError, workerFailed } from './protocol.js';
import { SliceBuffers } from './slice-buffers.js';
import { SumPlan } from './sum-plan.js';
import type { ThreadPlatform } from './thread-platform.js';

/** A call inside the gate. */
interface Call {
  readonly plan: CallPlan;
  readonly slices: Set<Assignment<Call>>;
  readonly resolve: (result: Uint8Array) => void;
  readonly reject: (reason: unknown) => void;
  isBegun: boolean;
  isSettled: boolean;
  /** What the first slice failed with that failed; those before it may still fail. */
  failure: { readonly ordinal: number; readonly error: Error } | undefined;
}

/** Opens a pool on the threads of a platform: resolves when all its workers are ready. */
export async function openWorkerPool(platform: ThreadPlatform, options: WorkerPoolOptions): Promise<WorkerPool> {
  options.signal?.throwIfAborted();
  const pool = new Pool(platform, options);
  await pool.open(options.signal);
  return pool;
}

class Pool implements WorkerPool {
  readonly name = 'worker-pool';
  readonly domain: string;
  readonly #gate: CallGate;
  readonly #buffers: SliceBuffers;
  readonly #onEvent: ((event: WorkerPoolEvent) => void) | undefined;
  readonly #workers: readonly PoolWorker<Call>[];
  /** Calls inside the gate that are not settled, in the order they came. */
  readonly #calls = new Set<Call>();
  #opening: { readonly resolve: () => void; readonly reject: (reason: unknown) => void } | undefined;
  #isClosed = false;
  /** Set when no worker is left. */
  #failure: EllipticSumError | undefined;
  #stopped: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(platform: ThreadPlatform, options: WorkerPoolOptions) {
    const { domain = defaultDomain, backend = 'auto', threads = 'all', onEvent } = options;
    const { maxQueuedCalls = 64, maxQueuedBytes = 256 * 1024 * 1024, maxWaitingCalls = 16_384 } = options;
    const { maxRestarts = 3, startTimeoutMs = 30_000 } = options;
    encodeDomain(domain);
    requireCount(maxQueuedCalls, 1, 'maxQueuedCalls');
    requireCount(maxQueuedBytes, 1, 'maxQueuedBytes');
    requireCount(maxWaitingCalls, 0, 'maxWaitingCalls');
    requireCount(maxRestarts, 0, 'maxRestarts');
    if (!(startTimeoutMs > 0 && startTimeoutMs < 2 ** 31)) throw new RangeError('startTimeoutMs must be above 0');
    const count = threadCount(threads, platform.parallelism());
    this.domain = domain;
    this.#onEvent = onEvent;
    this.#gate = new CallGate({ maxQueuedCalls, maxQueuedBytes, maxWaitingCalls });
    this.#buffers = new SliceBuffers(2 * count + 1);
    const workerOptions = { backend, domain, maxRestarts, startTimeoutMs };
    this.#workers = Array.from({ length: count }, (_, index) => {
      return new PoolWorker<Call>(index, platform, workerOptions, {
        onOpened: (_, info) => this.#opened(info),
        onAnswer: (worker, assignment, answer) => this.#answered(worker, assignment, answer),
        onLost: (worker, lost, error, isReplaced) => this.#lost(worker, lost, error, isReplaced),
      });
    });
  }

  /** Starts all workers. If one fails, or the signal aborts, all are stopped. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const onAbort = () => this.#opening?.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#opening = { resolve, reject };
        for (const worker of this.#workers) worker.start();
      });
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#opening = undefined;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  get workers(): readonly PoolWorkerInfo[] {
    return this.#workers.map(({ info }) => info).filter((info) => info !== undefined);
  }

  async sum(batch: HashBatch, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    const { count, groupCount } = validateHashBatch(batch);
    return this.#run(new SumPlan(batch, count, groupCount, options.transfer === true), options);
  }

  async combine(left: Uint8Array, right: Uint8Array, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(left, uncompressedSumBytes, 'left');
    countOf(right, uncompressedSumBytes, 'right');
    requireSameLength(left, right);
    return this.#run(new ConversionPlan('combine', [left, right], count, options.transfer === true), options);
  }

  async addUp(sums: Uint8Array, sizes: Uint32Array, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    validateLists(sums, sizes);
    return this.#run(new AddUpPlan(sums, sizes), options);
  }

  async negate(sums: Uint8Array, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    return negateSums(sums);
  }

  async encode(sums: Uint8Array, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(sums, uncompressedSumBytes, 'sums');
    return this.#run(new ConversionPlan('encode', [sums], count, options.transfer === true), options);
  }

  async decode(encoded: Uint8Array, options: PoolCallOptions = {}): Promise<Uint8Array> {
    this.#check(options);
    const count = countOf(encoded, encodedSumBytes, 'encoded');
    return this.#run(new ConversionPlan('decode', [encoded], count, options.transfer === true), options);
  }

  async ready(options: HashOptions = {}): Promise<void> {
    this.#check(options);
    await this.#gate.enter(0, options.signal);
    this.#leave(0);
  }

  async close({ drain = false }: { readonly drain?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    if (drain && !this.#gate.isEmpty) {
      await new Promise<void>((resolve) => {
        const before = this.#onIdle;
        this.#onIdle = () => {
          before?.();
          resolve();
        };
      });
    }
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #check({ signal }: HashOptions): void {
    if (this.#isClosed) throw closedError();
    if (this.#failure !== undefined) throw this.#failure;
    signal?.throwIfAborted();
  }

  async #run(plan: CallPlan, { signal }: HashOptions): Promise<Uint8Array> {
    // At once if possible: a caller that has more to do before it waits finds the workers busy with this meanwhile.
    if (!this.#gate.tryEnter(plan.bytes)) await this.#gate.enter(plan.bytes, signal);
    let call: Call | undefined;
    const onAbort = () => {
      if (call !== undefined) this.#reject(call, signal?.reason);
    };
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        call = {
          plan,
          slices: new Set(),
          resolve,
          reject,
          isBegun: false,
          isSettled: false,
          failure: undefined,
        };
        this.#calls.add(call);
        signal?.addEventListener('abort', onAbort, { once: true });
        if (signal?.aborted === true) onAbort();
        else if (this.#stopped !== undefined) this.#reject(call, closedError());
        else if (this.#failure !== undefined) this.#reject(call, this.#failure);
        else this.#dispatch();
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Gives slices to workers as long as there are both. */
  #dispatch(): void {
    for (const call of this.#calls) {
      if (call.failure !== undefined) continue;
      try {
        if (!call.isBegun) {
          // A worker must have room first: by then it is known what else waits.
          if (!this.#workers.some((worker) => worker.hasRoom)) return;
          const threads = this.#workers.filter((worker) => !worker.isGone).length;
          call.plan.begin(Math.max(1, Math.ceil(threads / this.#calls.size)));
          call.isBegun = true;
        }
        while (call.plan.hasNext) {
          const worker = this.#leastLoaded();
          if (worker === undefined) return;
          const assignment = { owner: call, slice: call.plan.next(this.#buffers) };
          worker.run(assignment);
          call.slices.add(assignment);
        }
        this.#finishIfDone(call);
      } catch (error) {
        this.#reject(call, error);
      }
    }
  }

  #leastLoaded(): PoolWorker<Call> | undefined {
    let best: PoolWorker<Call> | undefined;
    for (const worker of this.#workers) {
      if (worker.hasRoom && (best === undefined || worker.load < best.load)) best = worker;
    }
    return best;
  }

  #answered(worker: PoolWorker<Call>, assignment: Assignment<Call>, answer: Answer): void {
    this.#buffers.give(answer.buffer);
    const { owner: call, slice } = assignment;
    call.slices.delete(assignment);
    if (!call.isSettled) {
      if (answer.type === 'done') {
        try {
          call.plan.accept(slice, answer.result);
          this.#finishIfDone(call);
        } catch (cause) {
          this.#reject(call, workerFailed(worker.index, 'gave no result', cause));
        }
      } else {
        this.#failed(call, slice.ordinal, unpackError(answer.failure, worker.index, slice.first));
      }
    }
    this.#dispatch();
  }

  /** Of several slices that fail, the call names the first, as a backend on one thread would: so wait for those before. */
  #failed(call: Call, ordinal: number, error: Error): void {
    if (call.failure === undefined || ordinal < call.failure.ordinal) call.failure = { ordinal, error };
    this.#finishIfDone(call);
  }

  #finishIfDone(call: Call): void {
    if (call.isSettled) return;
    const { failure, plan, slices } = call;
    if (failure !== undefined) {
      if (![...slices].some(({ slice }) => slice.ordinal < failure.ordinal)) this.#reject(call, failure.error);
    } else if (slices.size === 0 && !plan.hasNext) {
      const result = plan.finish();
      this.#settle(call);
      call.resolve(result);
    }
  }

  #reject(call: Call, reason: unknown): void {
    if (call.isSettled) return;
    this.#settle(call);
    if (call.slices.size > 0) for (const worker of this.#workers) worker.cancel(({ owner }) => owner === call);
    call.reject(reason);
  }

  #settle(call: Call): void {
    call.isSettled = true;
    this.#calls.delete(call);
    this.#leave(call.plan.bytes);
  }

  #leave(bytes: number): void {
    this.#gate.leave(bytes);
    if (this.#gate.isEmpty) this.#onIdle?.();
  }

  #opened(info: PoolWorkerInfo): void {
    this.#emit({ type: 'worker-opened', ...info });
    if (this.#workers.every((worker) => worker.info !== undefined)) this.#opening?.resolve();
    this.#dispatch();
  }

  #lost(
    worker: PoolWorker<Call>,
    lost: readonly Assignment<Call>[],
    error: EllipticSumError,
    isReplaced: boolean,
  ): void {
    const isOpening = this.#opening !== undefined;
    this.#emit({ type: 'worker-failed', worker: worker.index, error, isReplaced: isReplaced && !isOpening });
    for (const assignment of lost) assignment.owner.slices.delete(assignment);
    for (const { owner } of lost) this.#reject(owner, error);
    if (isOpening) {
      this.#opening?.reject(error);
      void worker.stop();
    } else if (this.#workers.every(({ isGone }) => isGone) && this.#stopped === undefined) {
      this.#failure = error;
      this.#gate.refuseAll(error);
      for (const call of [...this.#calls]) this.#reject(call, error);
    }
  }

  async #stop(): Promise<void> {
    const reason = closedError();
    this.#gate.refuseAll(reason);
    const stopped = this.#workers.map((worker) => worker.stop());
    for (const call of [...this.#calls]) this.#reject(call, reason);
    this.#onIdle?.();
    await Promise.all(stopped);
  }

  /** In a task of its own, so that what the listener throws does not come back here. */
  #emit(event: WorkerPoolEvent): void {
    const onEvent = this.#onEvent;
    if (onEvent !== undefined) queueMicrotask(() => onEvent(event));
  }
}

function closedError(): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_BACKEND_CLOSED', 'the worker pool is closed');
}
