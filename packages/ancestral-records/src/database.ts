import type { AbstractSnapshot } from 'abstract-level';

/** Bytes in and out, whatever the default encodings of the database are. */
export interface ByteEncodings {
  readonly keyEncoding: 'view';
  readonly valueEncoding: 'view';
}

/** Options the store passes to reads. */
export interface DatabaseReadOptions extends ByteEncodings {
  /** A consistent view, made by {@link StateDatabase.snapshot} and closed by the store. */
  readonly snapshot?: AbstractSnapshot | undefined;
}

/** Options the store passes to iterators. */
export interface DatabaseIteratorOptions extends DatabaseReadOptions {
  /** First key, inclusive; of no bytes to begin with the first key of the database. */
  readonly gte: Uint8Array;
  /** End, exclusive. An interval whose end is not after its start is empty. */
  readonly lt: Uint8Array;
  /** Descending instead of ascending. */
  readonly reverse?: boolean;
  /** Most entries of the whole iteration; -1 for all. */
  readonly limit?: number;
  /** If false, the values of the entries are never looked at. */
  readonly values?: boolean;
  /** Bytes an iterator may read ahead, for databases that know the option. */
  readonly highWaterMarkBytes?: number;
}

/** One write of a batch. */
export type DatabaseWrite =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** What the store uses of an iterator. The store makes one call at a time, and closes every iterator it opened. */
export interface DatabaseIterator {
  /** The next entries, from 1 to `size` of them; none if and only if the iteration is over. */
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
  /** Goes on at a key that it gave before; optional. Lets databases that keep the last entries of an iterator drop them. */
  seek?(target: Uint8Array, options: { readonly keyEncoding: 'view' }): void;
  close(): Promise<void>;
}

/**
 * What the store relies on: the part of an `AbstractLevel` that it calls. A database of your own needs no more than
 * these members; `stateDatabaseChecks` of the entry `./testing` checks each of the following rules.
 *
 * - **Batches are atomic.** A batch is there as a whole or not at all: for every reader, after a failure, and after the
 *   process or the machine died in the middle of it. Its operations apply in their order, so the last one for a key wins.
 * - **Batches are ordered and durable.** Once a batch has resolved, every later read and snapshot sees it. After a crash
 *   the database holds the batches up to some point in the order in which they were applied, none missing in between, and
 *   at least up to the last one that resolved with `sync: true`. Several batches may be under way at once; these may be
 *   applied in any order.
 * - **Failure is told.** A batch that rejects was written wholly or not at all; the store then refuses work until it is
 *   opened again. A read that cannot give what is stored rejects; it never says that a key is absent or that an
 *   iteration is over.
 * - **Keys are ordered** by their bytes as unsigned numbers, a prefix before what it is a prefix of. Keys have from 1 to
 *   65,544 bytes, values from 0 bytes up to the chain's `maxValueBytes` and one more; one batch may hold a whole range or
 *   block.
 * - **Iterators** give every entry of their interval once and in order. One without a snapshot sees the database as it
 *   was at some moment between its making and its first result, whatever is written while it is open.
 * - **Snapshots are explicit and consistent.** A snapshot holds all batches that resolved before it was made, none that
 *   were called afterwards, and no part of a batch; for `get`, `getMany` and iterators alike, until it is closed. Several
 *   can be open at once. Making one is synchronous: a database behind a network may only send the request then, as long
 *   as nothing that is sent later overtakes it.
 * - **Bytes stay as they are.** Bytes that were returned never change. The store changes neither them nor the bytes and
 *   lists that it passed, so a database may keep and share both.
 * - **There is one writer.** The store cannot tell whether something else writes to the same place. A database that
 *   several processes can reach must let in one of them at a time.
 */
export interface StateDatabase {
  /** `open` when it can be used. */
  readonly status: string;
  readonly supports: { readonly explicitSnapshots?: boolean | undefined };
  /** The value of a key; undefined if there is none. */
  get(key: Uint8Array, options: DatabaseReadOptions): Promise<Uint8Array | undefined>;
  /** One value or undefined for each key, in the order of the keys, which may repeat. */
  getMany(keys: Uint8Array[], options: DatabaseReadOptions): Promise<(Uint8Array | undefined)[]>;
  batch(operations: DatabaseWrite[], options: ByteEncodings & { readonly sync: boolean }): Promise<void>;
  iterator(options: DatabaseIteratorOptions): DatabaseIterator;
  /** A consistent view; of the object that stands for it the store calls `close` alone. */
  snapshot(): AbstractSnapshot;
  /** Rewrites the files that hold an interval; optional. */
  compactRange?(start: Uint8Array, end: Uint8Array, options: { readonly keyEncoding: 'view' }): Promise<void>;
}
