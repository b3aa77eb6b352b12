import { u32be } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import type { DatabaseIteratorOptions, DatabaseWrite, StateDatabase } from '../database.js';
import { Disk } from '../disk.js';
import { expectTrue } from './assertions.js';

/** An open database that can be closed. */
export interface OpenStateDatabase extends StateDatabase {
  close(): Promise<void>;
}

/** A place that keeps one database while it is closed: a folder, a server, a cluster. */
export interface DatabasePlace {
  /** Opens the database with whatever was written into this place before; it is empty the first time. */
  open(): Promise<OpenStateDatabase>;
  /** Ends an open database as a crash would, for places that can; then `open` must work again. Default: `close`. */
  crash?(database: OpenStateDatabase): Promise<void>;
  /** Removes the place; its database is closed. */
  remove?(): Promise<void>;
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** All keys that the rules use. */
const allKeys = { gte: new Uint8Array(0), lt: new Uint8Array(70_000).fill(255) };

/** One check at work on one place: what it opened is closed at its end. */
export class DatabaseSession {
  readonly #place: DatabasePlace;
  #database: OpenStateDatabase | undefined;

  constructor(place: DatabasePlace) {
    this.#place = place;
  }

  get database(): OpenStateDatabase {
    if (this.#database === undefined) throw new Error('the check opened no database');
    return this.#database;
  }

  async open(): Promise<OpenStateDatabase> {
    this.#database = await this.#place.open();
    return this.#database;
  }

  /** Closes and opens again. */
  async reopen(): Promise<OpenStateDatabase> {
    await this.#end((database) => database.close());
    return this.open();
  }

  /** Crashes, if the place can, else closes; and opens again. */
  async crash(): Promise<OpenStateDatabase> {
    await this.#end((database) => this.#place.crash?.(database) ?? database.close());
    return this.open();
  }

  async close(): Promise<void> {
    await this.#end((database) => database.close());
  }

  /** Writes as a store does, so that whatever way of writing a batch it chooses is what is checked. */
  batch(writes: readonly DatabaseWrite[], sync = false): Promise<void> {
    return new Disk(this.database, sync).write([...writes]);
  }

  put(entries: readonly Entry[], sync = false): Promise<void> {
    return this.batch(
      entries.map(([key, value]) => ({ type: 'put', key, value })),
      sync,
    );
  }

  get(key: Uint8Array, snapshot?: AbstractSnapshot): Promise<Uint8Array | undefined> {
    return this.database.get(key, snapshot === undefined ? encodings : { ...encodings, snapshot });
  }

  getMany(keys: readonly Uint8Array[], snapshot?: AbstractSnapshot): Promise<(Uint8Array | undefined)[]> {
    return this.database.getMany([...keys], snapshot === undefined ? encodings : { ...encodings, snapshot });
  }

  iterator(options: Partial<DatabaseIteratorOptions> = {}): ReturnType<StateDatabase['iterator']> {
    return this.database.iterator({ ...allKeys, ...encodings, ...options });
  }

  /** All entries of an iteration in calls of `size`, each call checked for its size; `between` runs after each. */
  async entries(
    options: Partial<DatabaseIteratorOptions> = {},
    { size = 7, between }: { readonly size?: number; readonly between?: () => Promise<void> } = {},
  ): Promise<[Uint8Array, Uint8Array][]> {
    const iterator = this.iterator(options);
    const entries: [Uint8Array, Uint8Array][] = [];
    try {
      for (;;) {
        const next = await iterator.nextv(size);
        expectTrue(next.length <= size, `nextv(${size}) gave ${next.length} entries`);
        if (next.length === 0) return entries;
        for (const entry of next) entries.push(entry);
        await between?.();
      }
    } finally {
      await iterator.close();
    }
  }

  async #end(how: (database: OpenStateDatabase) => Promise<void>): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    if (database !== undefined) await how(database);
  }
}

/** A key from numbers. */
export function keyOf(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** A value that names a generation, `length` bytes long. */
export function generationValue(generation: number, length = 24): Uint8Array {
  const value = new Uint8Array(length).fill(generation & 255);
  value.set(u32be(generation));
  return value;
}

/** The generation that {@link generationValue} was given; -1 for no value. */
export function generationOf(value: Uint8Array | undefined): number {
  return value === undefined ? -1 : new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0);
}

/** Lets everything that is due happen `turns` times. */
export async function pass(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
