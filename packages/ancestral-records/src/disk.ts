import type { AbstractSnapshot } from 'abstract-level';
import type { DatabaseIterator, DatabaseWrite, StateDatabase } from './database.js';
import { AncestralRecordsError } from './errors.js';
import type { DatabaseInterval } from './layout.js';

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** Entries and bytes of one bounded step of a scan or of a background deletion. */
export const stepEntries = 2048;
const stepBytes = 1024 * 1024;

/** How an interval is read. */
export interface ScanOptions {
  readonly snapshot?: AbstractSnapshot | undefined;
  readonly isReverse?: boolean;
  readonly hasValues?: boolean;
  readonly limit?: number;
  readonly highWaterMarkBytes?: number;
}

/** The database in bytes, with typed write errors. Knows nothing of what is stored. */
export class Disk {
  readonly #database: StateDatabase;
  readonly #isSynced: boolean;

  constructor(database: StateDatabase, isSynced: boolean) {
    this.#database = database;
    this.#isSynced = isSynced;
  }

  snapshot(): AbstractSnapshot {
    return this.#database.snapshot();
  }

  get(key: Uint8Array, snapshot?: AbstractSnapshot): Promise<Uint8Array | undefined> {
    return this.#database.get(key, snapshot === undefined ? encodings : { ...encodings, snapshot });
  }

  getMany(keys: Uint8Array[], snapshot?: AbstractSnapshot): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    return this.#database.getMany(keys, snapshot === undefined ? encodings : { ...encodings, snapshot });
  }

  iterator(interval: DatabaseInterval, options: ScanOptions = {}): DatabaseIterator {
    const { snapshot, isReverse = false, hasValues = true, limit = -1, highWaterMarkBytes = stepBytes } = options;
    return this.#database.iterator({
      ...interval,
      ...encodings,
      snapshot,
      reverse: isReverse,
      values: hasValues,
      limit,
      highWaterMarkBytes,
    });
  }

  /** Entries of an interval in bounded groups. */
  async *scan(interval: DatabaseInterval, options: ScanOptions = {}): AsyncGenerator<[Uint8Array, Uint8Array][]> {
    const iterator = this.iterator(interval, options);
    try {
      for (;;) {
        const entries = await iterator.nextv(stepEntries);
        if (entries.length === 0) return;
        yield entries;
      }
    } finally {
      await iterator.close();
    }
  }

  /**
   * Writes one atomic batch. `isStep` marks a bounded step whose loss in a power failure costs nothing, because it would
   * be done again; it is never synced by itself.
   *
   * @throws ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async write(writes: DatabaseWrite[], options: { readonly isStep?: boolean } = {}): Promise<void> {
    try {
      await this.#database.batch(writes, { ...encodings, sync: this.#isSynced && options.isStep !== true });
    } catch (cause) {
      throw new AncestralRecordsError(
        'ANCESTRAL_RECORDS_WRITE_FAILED',
        `the database refused a write (${cause instanceof Error ? cause.message : String(cause)}): ` +
          'nothing was half-written; free the disk or repair the database, then open the store again',
        { cause },
      );
    }
  }

  /** Has the database rewrite the files that hold an interval, if it can do so. */
  async compact({ gte, lt }: DatabaseInterval): Promise<void> {
    await this.#database.compactRange?.(gte, lt, encodings);
  }

  /** Deletes an interval in bounded steps; stops early when `shouldStop` says so. */
  async clear(interval: DatabaseInterval, shouldStop: () => boolean = () => false): Promise<void> {
    let gte = interval.gte;
    while (!shouldStop()) {
      const iterator = this.iterator({ gte, lt: interval.lt }, { hasValues: false, limit: stepEntries });
      const keys: Uint8Array[] = [];
      try {
        for (;;) {
          const entries = await iterator.nextv(stepEntries);
          if (entries.length === 0) break;
          for (const [key] of entries) keys.push(key);
        }
      } finally {
        await iterator.close();
      }
      const last = keys[keys.length - 1];
      if (last === undefined) return;
      await this.write(
        keys.map((key) => ({ type: 'del', key })),
        { isStep: true },
      );
      gte = last;
    }
  }
}
