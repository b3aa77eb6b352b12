import type { HashBackend } from '../hash-backend.js';
import { isShared } from './handover.js';
import { type FromWorker, packError, type ToWorker, type Work } from './protocol.js';
import { type OpenBackend, openWorkerBackend } from './worker-backends.js';

/** A worker's end of its channel to the pool. */
export type PostToPool = (message: FromWorker, transfer: ArrayBuffer[]) => void;

type Run = Extract<ToWorker, { readonly type: 'run' }>;

/**
 * What a worker does: opens the backend that it is told to, then does one piece of work after the other.
 *
 * While it works it hears of cancellations whenever the backend pauses. Every piece of work gets exactly one answer.
 */
export class WorkerLoop {
  readonly #post: PostToPool;
  readonly #openBackend: OpenBackend;
  readonly #queue: Run[] = [];
  #backend: HashBackend | undefined;
  #current: { readonly id: number; readonly controller: AbortController } | undefined;

  constructor(post: PostToPool, openBackend: OpenBackend = openWorkerBackend) {
    this.#post = post;
    this.#openBackend = openBackend;
  }

  /** Takes a message from the pool. */
  receive(message: ToWorker): void {
    if (message.type === 'open') void this.#open(message.backend, message.domain);
    else if (message.type === 'cancel') this.#cancel(message.id);
    else {
      this.#queue.push(message);
      if (this.#current === undefined) void this.#work();
    }
  }

  async #open(name: string, domain: string): Promise<void> {
    try {
      const backend = await this.#openBackend(name, domain);
      this.#backend = backend;
      this.#post({ type: 'opened', selection: backend.selection }, []);
    } catch (error) {
      this.#post({ type: 'refused', failure: packError(error) }, []);
    }
  }

  #cancel(id: number): void {
    if (this.#current?.id === id) this.#current.controller.abort();
    const at = this.#queue.findIndex((run) => run.id === id);
    const [run] = at < 0 ? [] : this.#queue.splice(at, 1);
    if (run !== undefined) this.#fail(run, new Error('cancelled'));
  }

  async #work(): Promise<void> {
    for (let run = this.#queue.shift(); run !== undefined; run = this.#queue.shift()) {
      const controller = new AbortController();
      this.#current = { id: run.id, controller };
      try {
        if (this.#backend === undefined) throw new Error('work arrived before the backend was open');
        const result = ownBytes(await runWork(this.#backend, run.work, controller.signal));
        const { id, buffer } = run;
        this.#post({ type: 'done', id, result, buffer }, buffer ? [result.buffer, buffer] : [result.buffer]);
      } catch (error) {
        this.#fail(run, error);
      }
    }
    this.#current = undefined;
  }

  #fail({ id, buffer }: Run, error: unknown): void {
    this.#post({ type: 'failed', id, failure: packError(error), buffer }, buffer ? [buffer] : []);
  }
}

async function runWork(backend: HashBackend, work: Work, signal: AbortSignal): Promise<Uint8Array> {
  if (work.method === 'sum') return backend.sum(work.batch, { signal });
  if (work.method === 'addUp') return backend.addUp(work.sums, work.sizes, { signal });
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = work.operands;
  if (work.method === 'combine') return backend.combine(first, second, { signal });
  return backend[work.method](first, { signal });
}

/** The same bytes alone in a buffer that can be transferred. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isAlone = bytes.byteLength === bytes.buffer.byteLength && !isShared(bytes);
  return isAlone ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}
