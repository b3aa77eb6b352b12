import type { AbstractSnapshot } from 'abstract-level';

/** Bytes in and out, whatever the default encodings of the database are. */
export interface ByteEncodings {
  readonly keyEncoding: 'view';
  readonly valueEncoding: 'view';
}

/** Options the store passes to reads. */
export interface DatabaseReadOptions extends ByteEncodings {
  readonly snapshot?: AbstractSnapshot | undefined;
}

/** Options the store passes to iterators. */
export interface DatabaseIteratorOptions extends DatabaseReadOptions {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly values?: boolean;
  /** Bytes an iterator may read ahead, for databases that know the option. */
  readonly highWaterMarkBytes?: number;
}

/** One write of a batch. */
export type DatabaseWrite =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** What the store uses of an iterator. */
export interface DatabaseIterator {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
  close(): Promise<void>;
}

/**
 * What the store relies on: the part of an `AbstractLevel` that it calls. A batch is atomic, also when the process dies
 * in it, and batches survive in the order they were written; iterators go by byte order; explicit snapshots are
 * consistent views.
 */
export interface StateDatabase {
  readonly status: string;
  readonly supports: { readonly explicitSnapshots?: boolean | undefined };
  get(key: Uint8Array, options: DatabaseReadOptions): Promise<Uint8Array | undefined>;
  getMany(keys: Uint8Array[], options: DatabaseReadOptions): Promise<(Uint8Array | undefined)[]>;
  batch(operations: DatabaseWrite[], options: ByteEncodings & { readonly sync: boolean }): Promise<void>;
  iterator(options: DatabaseIteratorOptions): DatabaseIterator;
  snapshot(): AbstractSnapshot;
}
