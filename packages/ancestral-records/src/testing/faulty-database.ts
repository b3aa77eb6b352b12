import type { AbstractSnapshot } from 'abstract-level';
import type { DatabaseIterator, StateDatabase } from '../database.js';

/**
 * What goes wrong at the chosen call. `reject`: it does nothing and rejects, later calls work. `reject-on`: so does every
 * later call of its kind, as on a full disk. `stop`: nothing happens any more and every later call rejects, as for a
 * process that died. `apply-reject` and `apply-stop`: the batch is written, although it is told that it was not; only
 * for writes.
 */
export type FaultKind = 'reject' | 'reject-on' | 'stop' | 'apply-reject' | 'apply-stop';

/** Which call of a database goes wrong, counted from 1, and how. Without a plan for a kind of call it only counts. */
export interface FaultPlan {
  /** Batches. */
  readonly write?: { readonly at: number; readonly kind: FaultKind };
  /** Calls of `get`, `getMany`, and of `nextv` of any iterator. */
  readonly read?: { readonly at: number; readonly kind: 'reject' | 'reject-on' | 'stop' };
}

/** A database that fails as planned. Closing its iterators and snapshots always works. */
export interface FaultyDatabase extends StateDatabase {
  /** Calls so far, with those that failed. */
  readonly writes: number;
  readonly reads: number;
  /** True once the planned call was made. */
  readonly hasFailed: boolean;
}

/** The message of every error that {@link faultyDatabase} makes up. */
export const plannedFault: string = 'the fault that was planned';

/** Wraps a database so that one chosen call fails, to see what survives it. */
export function faultyDatabase(database: StateDatabase, plan: FaultPlan = {}): FaultyDatabase {
  let writes = 0;
  let reads = 0;
  let hasFailed = false;
  let isStopped = false;

  const failsNow = (count: number, at: number, kind: FaultKind): boolean => {
    const fails = kind === 'reject-on' ? count >= at : count === at;
    if (!fails) return false;
    hasFailed = true;
    isStopped ||= kind === 'stop' || kind === 'apply-stop';
    return true;
  };
  const alive = (): void => {
    if (isStopped) throw new Error(plannedFault);
  };
  const read = async <T>(call: () => Promise<T>): Promise<T> => {
    alive();
    reads++;
    if (plan.read !== undefined && failsNow(reads, plan.read.at, plan.read.kind)) throw new Error(plannedFault);
    const result = await call();
    alive();
    return result;
  };

  return {
    get status() {
      return database.status;
    },
    get supports() {
      return database.supports;
    },
    get writes() {
      return writes;
    },
    get reads() {
      return reads;
    },
    get hasFailed() {
      return hasFailed;
    },
    get: (key, options) => read(() => database.get(key, options)),
    getMany: (keys, options) => read(() => database.getMany(keys, options)),
    async batch(operations, options) {
      alive();
      writes++;
      if (plan.write === undefined || !failsNow(writes, plan.write.at, plan.write.kind)) {
        return database.batch(operations, options);
      }
      if (plan.write.kind.startsWith('apply')) await database.batch(operations, options);
      throw new Error(plannedFault);
    },
    iterator(options): DatabaseIterator {
      alive();
      const inner = database.iterator(options);
      return { nextv: (size) => read(() => inner.nextv(size)), close: () => inner.close() };
    },
    snapshot(): AbstractSnapshot {
      alive();
      return database.snapshot();
    },
    ...(database.compactRange === undefined
      ? {}
      : { compactRange: async (start, end, options) => database.compactRange?.(start, end, options) }),
  };
}
