import { setTimeout as sleep } from 'node:timers/promises';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import type { RedialOptions } from './network-options.js';
import { RedialPolicy } from './redial-policy.js';

/** A connection as the dialler sees it. */
export interface DialledSession {
  readonly isClosed: boolean;
  readonly whenClosed: Promise<NodeError>;
}

/** How a {@link Dialler} is made. */
export interface DiallerOptions<Session> {
  /** One attempt, from the first packet to the end of the handshake. May give an older connection to the same node. */
  readonly dial: (address: string, signal: AbortSignal) => Promise<Session>;
  readonly maxAddresses: number;
  readonly redial: RedialOptions;
  readonly random: () => number;
  readonly clock: Clock;
  /** A dial of a persistent address failed and will be repeated. */
  readonly onFailed: (address: string, error: NodeError) => void;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

interface Entry<Session> {
  readonly abort: AbortController;
  isPersistent: boolean;
  /** The last connection, which may be closed by now. */
  current: Session | undefined;
  next: Deferred<Session>;
  task: Promise<void>;
}

/** The addresses that this node dials: once, or again and again. */
export class Dialler<Session extends DialledSession> {
  readonly #options: DiallerOptions<Session>;
  readonly #entries = new Map<string, Entry<Session>>();

  constructor(options: DiallerOptions<Session>) {
    this.#options = options;
  }

  /**
   * Dials an address, or joins what is under way for it. A persistent address stays until it is dropped.
   *
   * @throws NODE_PEER_LIMIT if no more addresses are dialled
   */
  connect(address: string, options: { readonly isPersistent: boolean }): Promise<Session> {
    const known = this.#entries.get(address);
    if (known !== undefined && !isOver(known)) {
      known.isPersistent ||= options.isPersistent;
      const { current, next } = known;
      return current === undefined || current.isClosed ? next.promise : Promise.resolve(current);
    }
    this.#entries.delete(address);
    const { maxAddresses } = this.#options;
    if (this.#entries.size >= maxAddresses) {
      const message = `${maxAddresses} addresses are dialled already`;
      return Promise.reject(new NodeError('NODE_PEER_LIMIT', message, { details: { address, maxAddresses } }));
    }
    const entry: Entry<Session> = {
      abort: new AbortController(),
      current: undefined,
      next: deferred(),
      isPersistent: options.isPersistent,
      task: Promise.resolve(),
    };
    this.#entries.set(address, entry);
    const { promise } = entry.next;
    entry.task = this.#keep(address, entry)
      .catch((error: unknown) => entry.next.reject(error))
      .finally(() => {
        if (this.#entries.get(address) === entry) this.#entries.delete(address);
      });
    return promise;
  }

  /** Stops dialling an address. Gives the connection that stands for it, which is the caller's to close. */
  drop(address: string, reason: NodeError): Session | undefined {
    const entry = this.#entries.get(address);
    if (entry === undefined) return undefined;
    this.#entries.delete(address);
    entry.abort.abort(reason);
    return entry.current;
  }

  /** Resolves when nothing is dialled any more. Connections that exist must be closed first. */
  async close(reason: NodeError): Promise<void> {
    const tasks = [...this.#entries.values()].map((entry) => entry.task);
    for (const address of [...this.#entries.keys()]) this.drop(address, reason);
    await Promise.all(tasks);
  }

  async #keep(address: string, entry: Entry<Session>): Promise<void> {
    const { clock, dial, onFailed, random, redial } = this.#options;
    const policy = new RedialPolicy(redial, random);
    const { signal } = entry.abort;
    for (;;) {
      let lastedMs = 0;
      try {
        const session = await dial(address, signal);
        const connectedAtMs = clock.monotonicMs();
        entry.current = session;
        entry.next.resolve(session);
        entry.next = deferred();
        await session.whenClosed;
        lastedMs = clock.monotonicMs() - connectedAtMs;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!entry.isPersistent) throw error;
        onFailed(address, error as NodeError);
      }
      if (signal.aborted) throw signal.reason;
      if (!entry.isPersistent) return;
      await sleep(policy.nextDelayMs(lastedMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw signal.reason;
    }
  }
}

/** The one connection that was wanted has been, and is closed. */
function isOver<Session extends DialledSession>(entry: Entry<Session>): boolean {
  return !entry.isPersistent && entry.current?.isClosed === true;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = ignore;
  let reject: (reason: unknown) => void = ignore;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  // Whoever wants to know awaits it; a rejection that nobody awaits is no fault of the process.
  promise.catch(ignore);
  return { promise, resolve, reject };
}

function ignore(): void {}
