import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { AbstractSnapshot } from 'abstract-level';
import type { DatabaseIterator, DatabaseReadOptions, DatabaseWrite, StateDatabase } from '../../src/index.js';
import type { DatabasePlace, OpenStateDatabase } from '../../src/testing.js';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A snapshot that another process holds under a number. */
class RemoteSnapshot implements AbstractSnapshot {
  readonly id: number;
  readonly #release: () => Promise<void>;

  constructor(id: number, release: () => Promise<void>) {
    this.id = id;
    this.#release = release;
  }

  ref(): void {}
  unref(): void {}

  close(): Promise<void> {
    return this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * The members that a store needs, each a message to another process that has the database. One connection keeps all
 * messages in order, so making a snapshot or an iterator is sending its message.
 */
class SocketDatabase implements OpenStateDatabase {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #lastId = 0;
  #status = 'open';

  constructor(socket: Socket) {
    this.#socket = socket;
    let buffered = Buffer.alloc(0);
    socket.on('data', (data) => {
      buffered = Buffer.concat([buffered, data]);
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32BE()) {
        const end = 4 + buffered.readUInt32BE();
        this.#settle(deserialize(buffered.subarray(4, end)));
        buffered = buffered.subarray(end);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#status = 'closed';
      for (const { reject } of this.#waiting.values()) reject(new Error('the connection to the database is gone'));
      this.#waiting.clear();
    });
  }

  get status(): string {
    return this.#status;
  }

  readonly supports: StateDatabase['supports'] = { explicitSnapshots: true };

  get(key: Uint8Array, options: DatabaseReadOptions): Promise<Uint8Array | undefined> {
    return this.#call('get', [key, remote(options)]);
  }

  getMany(keys: Uint8Array[], options: DatabaseReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#call('getMany', [keys, remote(options)]);
  }

  batch(writes: DatabaseWrite[], options: Parameters<StateDatabase['batch']>[1]): Promise<void> {
    return this.#call('batch', [writes, options]);
  }

  iterator(options: Parameters<StateDatabase['iterator']>[0]): DatabaseIterator {
    const id = this.#nextId();
    const made = this.#call<void>('iterator', [id, remote(options)]);
    made.catch(() => {});
    return {
      nextv: async (size) => {
        await made;
        return this.#call('nextv', [id, size]);
      },
      close: () => this.#release('closeIterator', id),
    };
  }

  snapshot(): AbstractSnapshot {
    const id = this.#nextId();
    this.#call('snapshot', [id]).catch(() => {});
    return new RemoteSnapshot(id, () => this.#release('closeSnapshot', id));
  }

  async close(): Promise<void> {
    if (this.#status === 'closed') return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.end();
    await closed;
  }

  /** What is released together with the connection needs no release any more. */
  async #release(operation: string, id: number): Promise<void> {
    await this.#call(operation, [id]).catch((error: unknown) => {
      if (this.#status === 'open') throw error;
    });
  }

  #nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  #call<T>(operation: string, args: readonly unknown[]): Promise<T> {
    if (this.#status !== 'open') return Promise.reject(new Error('the database is closed'));
    return new Promise<T>((resolve, reject) => {
      const id = this.#nextId();
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      const body = serialize({ id, operation, args });
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      this.#socket.write(Buffer.concat([head, body]));
    });
  }

  #settle({ id, result, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}

/** Options as they go over the wire: a snapshot is its number there. */
function remote(options: DatabaseReadOptions): object {
  const { snapshot } = options;
  return { ...options, snapshot: snapshot instanceof RemoteSnapshot ? snapshot.id : undefined };
}

/** A place behind a process of its own: closing ends the connection, a crash kills the process. */
export async function socketPlace(): Promise<DatabasePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-socket-'));
  const socketPath = join(folder, 'socket');
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const script = join(import.meta.dirname, 'database-server.mjs');
    await rm(socketPath, { force: true });
    const child = spawn(process.execPath, [script, join(folder, 'db'), socketPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', () => reject(new Error('the database server did not start')));
    });
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = server;
    server = undefined;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  return {
    async open() {
      if (server === undefined) await start();
      const socket = connect(socketPath);
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', () => resolve());
        socket.once('error', reject);
      });
      return new SocketDatabase(socket);
    },
    async crash(database) {
      await stop('SIGKILL');
      await database.close();
    },
    async remove() {
      await stop('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
