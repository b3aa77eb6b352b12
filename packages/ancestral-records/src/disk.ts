import type { AbstractSnapshot } from 'abstract-level';
import {
  areManyAndSmall,
  BatchDraft,
  ByteBatch,
  type ChainedBatchSource,
  WriteList,
  type WriteSink,
  writeChained,
} from './batch-draft.js';
import type { DatabaseIterator, DatabaseWrite, StateDatabase } from './database.js';
import { AncestralRecordsError } from './errors.js';
import type { DatabaseInterval } from './layout.js';
import { ReleasingIterator } from './releasing-iterator.js';

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

/** The database in bytes, with typed errors. Knows nothing of what is stored. */
export class Disk {
  readonly #database: StateDatabase;
  readonly #isSynced: boolean;

  readonly #startBatch: (() => ByteBatch) | undefined;

  constructor(database: StateDatabase, isSynced: boolean) {
    this.#database = database;
    this.#startBatch = chainedBatches(database);
    this.#isSynced = isSynced;
  }

  /** @throws ANCESTRAL_RECORDS_READ_FAILED */
  snapshot(): AbstractSnapshot {
    try {
      return this.#database.snapshot();
    } catch (cause) {
      throw readFailed(cause);
    }
  }

  /** @throws ANCESTRAL_RECORDS_READ_FAILED */
  get(key: Uint8Array, snapshot?: AbstractSnapshot): Promise<Uint8Array | undefined> {
    const options = snapshot === undefined ? encodings : { ...encodings, snapshot };
    return reading(() => this.#database.get(key, options));
  }

  /** @throws ANCESTRAL_RECORDS_READ_FAILED */
  async getMany(keys: Uint8Array[], snapshot?: AbstractSnapshot): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const options = snapshot === undefined ? encodings : { ...encodings, snapshot };
    return reading(() => this.#database.getMany(keys, options));
  }

  /** An iterator of the database. @throws ANCESTRAL_RECORDS_READ_FAILED, also from its `nextv` */
  iterator(interval: DatabaseInterval, options: ScanOptions = {}): DatabaseIterator {
    const { snapshot, isReverse = false, hasValues = true, limit = -1, highWaterMarkBytes = stepBytes } = options;
    let iterator: DatabaseIterator;
    try {
      iterator = this.#database.iterator({
        ...interval,
        ...encodings,
        snapshot,
        reverse: isReverse,
        values: hasValues,
        limit,
        highWaterMarkBytes,
      });
    } catch (cause) {
      throw readFailed(cause);
    }
    const releasing = new ReleasingIterator(iterator);
    return { nextv: (size) => reading(() => releasing.nextv(size)), close: () => releasing.close() };
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
    const sync = this.#isSynced && options.isStep !== true;
    await writing(async () => {
      const startBatch = areManyAndSmall(writes) ? this.#startBatch : undefined;
      if (startBatch === undefined) await this.#database.batch(writes, { ...encodings, sync });
      else await writeChained(startBatch(), writes, sync);
    });
  }

  /**
   * Writes what `fill` hands over in one atomic batch. Small writes go to the database one by one, so that none is kept in memory
   * until the last is there; `fill` is called again, for a list, if that does not pay.
   *
   * @throws ANCESTRAL_RECORDS_WRITE_FAILED
   */
  async writeFilled(
    fill: (sink: WriteSink) => void,
    { isStep = false }: { readonly isStep?: boolean } = {},
  ): Promise<void> {
    const draft = this.draft();
    try {
      if (draft !== undefined) fill(draft);
    } catch (error) {
      draft?.discard();
      throw error;
    }
    const batch = draft?.take();
    if (batch !== undefined) return writing(() => writeChained(batch, [], this.#isSynced && !isStep));
    const list = new WriteList();
    fill(list);
    await this.write(list.writes, { isStep });
  }

  /** True if the database takes batches piece by piece, and thus copies what it is given. */
  get hasChainedBatches(): boolean {
    return this.#startBatch !== undefined;
  }

  /** Starts a batch that is written later; undefined if the database takes whole batches only, or none now. */
  draft(): BatchDraft | undefined {
    try {
      return this.#startBatch && new BatchDraft(this.#startBatch());
    } catch {
      // It is not open, as reading and writing tell.
      return undefined;
    }
  }

  /** Writes what a draft collected and some more in one atomic batch. @throws ANCESTRAL_RECORDS_WRITE_FAILED */
  async writeDrafted(batch: ByteBatch, writes: readonly DatabaseWrite[]): Promise<void> {
    await writing(() => writeChained(batch, writes, this.#isSynced));
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

async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw readFailed(cause);
  }
}

async function writing(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new AncestralRecordsError(
      'ANCESTRAL_RECORDS_WRITE_FAILED',
      `the database refused a write (${cause instanceof Error ? cause.message : String(cause)}): ` +
        'nothing was half-written; free the disk or repair the database, then open the store again',
      { cause },
    );
  }
}

function readFailed(cause: unknown): AncestralRecordsError {
  return new AncestralRecordsError(
    'ANCESTRAL_RECORDS_READ_FAILED',
    `the database could not be read (${cause instanceof Error ? cause.message : String(cause)}): if it is open and stays so, ` +
      'check the disk, then verify the state and repair it, or rebuild it into a fresh database',
    { cause },
  );
}

/**
 * How to start a chained batch, if `batch` is that of `abstract-level` itself, which does so when it gets no arguments: it
 * stands beside the `_chainedBatch` that implementations override. A database that has a `batch` of its own, or no chained batches
 * of its own (then they are lists, too), gets arrays.
 */
function chainedBatches(database: StateDatabase): (() => ByteBatch) | undefined {
  let owner: LevelPart | null = database as LevelPart;
  while (owner !== null && !Object.hasOwn(owner, 'batch')) owner = Object.getPrototypeOf(owner);
  if (owner === null || !Object.hasOwn(owner, '_chainedBatch')) return undefined;
  const { batch, _chainedBatch } = database as LevelPart;
  if (owner.batch !== batch || owner._chainedBatch === _chainedBatch) return undefined;
  const level = database as unknown as ChainedBatchSource;
  return () => new ByteBatch(level);
}

/** What tells a database of `abstract-level` from others. */
interface LevelPart {
  readonly batch?: unknown;
  readonly _chainedBatch?: unknown;
}
