import type { EllipticSumError } from '../errors.js';
import type { Slice } from './call-plan.js';
import type { PoolWorkerInfo } from './pool-options.js';
import { type FromWorker, unpackError, workerFailed } from './protocol.js';
import type { Thread, ThreadPlatform } from './thread-platform.js';

/** A slice that a worker has. */
export interface Assignment<Owner> {
  readonly owner: Owner;
  readonly slice: Slice;
}

/** What a worker tells its pool. */
export interface PoolWorkerEvents<Owner> {
  onOpened(worker: PoolWorker<Owner>, info: PoolWorkerInfo): void;
  /** One answer for each slice, unless the worker dies. */
  onAnswer(worker: PoolWorker<Owner>, assignment: Assignment<Owner>, answer: Answer): void;
  onLost(
    worker: PoolWorker<Owner>,
    lost: readonly Assignment<Owner>[],
    error: EllipticSumError,
    isReplaced: boolean,
  ): void;
}

export type Answer = Extract<FromWorker, { readonly type: 'done' | 'failed' }>;

export interface PoolWorkerOptions {
  readonly backend: string;
  readonly domain: string;
  readonly maxRestarts: number;
  readonly startTimeoutMs: number;
}

/** A slice to work on and one to go on with, so that no worker waits for the pool's thread between them. */
const maxLoad = 2;

/**
 * One place in a pool, held by a thread that is replaced when it dies: `starting`, then `ready`, then again, until it dies
 * too often in a row without finishing a slice, or is stopped (`gone`).
 */
export class PoolWorker<Owner> {
  readonly index: number;
  readonly #platform: ThreadPlatform;
  readonly #options: PoolWorkerOptions;
  readonly #events: PoolWorkerEvents<Owner>;
  readonly #assignments = new Map<number, Assignment<Owner>>();
  #state: 'starting' | 'ready' | 'gone' = 'starting';
  #thread: Thread | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #info: PoolWorkerInfo | undefined;
  /** Counts the threads that held this place: messages of earlier ones are not heard. */
  #generation = 0;
  #restarts = 0;
  #nextId = 0;

  constructor(index: number, platform: ThreadPlatform, options: PoolWorkerOptions, events: PoolWorkerEvents<Owner>) {
    this.index = index;
    this.#platform = platform;
    this.#options = options;
    this.#events = events;
  }

  get isGone(): boolean {
    return this.#state === 'gone';
  }

  /** Set while the worker is ready. */
  get info(): PoolWorkerInfo | undefined {
    return this.#info;
  }

  get load(): number {
    return this.#assignments.size;
  }

  get hasRoom(): boolean {
    return this.#state === 'ready' && this.load < maxLoad;
  }

  /** Starts a thread; what becomes of it is an event. */
  start(): void {
    const generation = ++this.#generation;
    const isCurrent = () => this.#generation === generation;
    this.#state = 'starting';
    try {
      const thread = this.#platform.start({
        onMessage: (message) => {
          if (isCurrent()) this.#receive(message);
        },
        onDeath: (cause, details) => {
          if (isCurrent()) this.#die('died', cause, details);
        },
      });
      this.#thread = thread;
      const { backend, domain, startTimeoutMs } = this.#options;
      this.#timer = setTimeout(() => {
        if (isCurrent()) this.#die(`was not ready after ${startTimeoutMs} ms`, undefined, {});
      }, startTimeoutMs);
      thread.post({ type: 'open', backend, domain }, []);
    } catch (cause) {
      this.#die('could not be started', cause, {});
    }
  }

  /** Sends a slice. Throws, and leaves things as they were, if its arrays cannot be sent. */
  run(assignment: Assignment<Owner>): void {
    const id = this.#nextId++;
    const { work, buffer, transfer } = assignment.slice;
    this.#thread?.post({ type: 'run', id, work, buffer }, transfer);
    this.#assignments.set(id, assignment);
    this.#thread?.setBusy(true);
  }

  /** Tells the worker to stop working on these slices; it answers all the same. */
  cancel(isCancelled: (assignment: Assignment<Owner>) => boolean): void {
    for (const [id, assignment] of this.#assignments) {
      if (isCancelled(assignment)) this.#thread?.post({ type: 'cancel', id }, []);
    }
  }

  /** Ends the thread, for good. */
  async stop(): Promise<void> {
    this.#state = 'gone';
    this.#assignments.clear();
    await this.#drop();
  }

  #receive(message: FromWorker): void {
    if (message.type === 'opened') {
      clearTimeout(this.#timer);
      this.#state = 'ready';
      this.#info = { worker: this.index, ...message.selection };
      this.#thread?.setBusy(false);
      this.#events.onOpened(this, this.#info);
    } else if (message.type === 'refused') {
      this.#die('could not open its backend', unpackError(message.failure, this.index), {});
    } else {
      const assignment = this.#assignments.get(message.id);
      if (assignment === undefined) return;
      this.#assignments.delete(message.id);
      if (message.type === 'done') this.#restarts = 0;
      if (this.load === 0) this.#thread?.setBusy(false);
      this.#events.onAnswer(this, assignment, message);
    }
  }

  #die(what: string, cause: unknown, details: Readonly<Record<string, number | string>>): void {
    const lost = [...this.#assignments.values()];
    this.#assignments.clear();
    void this.#drop();
    const isReplaced = this.#restarts < this.#options.maxRestarts;
    this.#state = isReplaced ? 'starting' : 'gone';
    const error = workerFailed(this.index, what, cause, details);
    this.#events.onLost(this, lost, error, isReplaced);
    if (!isReplaced || this.isGone) return;
    this.#restarts++;
    this.start();
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#generation++;
    this.#info = undefined;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}
