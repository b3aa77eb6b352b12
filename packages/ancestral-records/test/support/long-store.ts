import type { RecordChange, StateDatabase, StateParameters, StateStore } from '../../src/index.js';
import { bytes, hex, pack } from './plain-state.js';
import { type OpenDatabase, openStore, parameters } from './stores.js';

/** Small ranges, so that a few dozen records make many of them. */
export const smallRanges: StateParameters = parameters({ maxRangeRecords: 4, maxRangeBytes: 200, retainedEpochs: 2 });

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** A key under prefix 5 or 6. */
export const keyOf = (i: number): Uint8Array => bytes(5 + (i % 2), (i * 37) & 255, (i * 101) & 255, i & 255);

/** What the block at a height changes: some values, some deletions, some new keys. */
export function changesAt(height: number, records: number): RecordChange[] {
  return Array.from({ length: 12 }, (_, i) => {
    const key = keyOf((height * 7 + i * 5) % (records + 10));
    return { key, value: i % 6 === 5 ? undefined : bytes(height, i, 1) };
  });
}

/** A store with genesis records, blocks up to a height, and all manifests that belong to it. */
export async function longStore(
  database: StateDatabase,
  { records = 60, height = 10 }: { readonly records?: number; readonly height?: number } = {},
): Promise<StateStore> {
  const store = await openStore(database, { parameters: smallRanges });
  const genesis = Array.from({ length: records }, (_, i) => [keyOf(i), bytes(0, i, i)] as const);
  await store.initialize({ records: [pack(genesis.sort(([a], [b]) => Buffer.compare(a, b)))] });
  await grow(store, height, records);
  return store;
}

/** Connects blocks up to a height and waits for what they leave to do in the background. */
export async function grow(store: StateStore, height: number, records = 60): Promise<void> {
  for (let next = (store.height as number) + 1; next <= height; next++) {
    await store.commitBlock(await store.prepareBlock(next, changesAt(next, records)));
    if (next % smallRanges.snapshotPeriod === 0) await store.awaitSnapshot(next);
  }
  await store.maintenance();
}

/** Writes to the database behind the store's back. */
export async function damage(database: StateDatabase, key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
  await database.batch([value === undefined ? { type: 'del', key } : { type: 'put', key, value }], {
    ...encodings,
    sync: false,
  });
}

export const stateAt = (key: Uint8Array): Uint8Array => new Uint8Array([2, ...key]);
export function ancestralAt(epoch: number, key: Uint8Array): Uint8Array {
  return new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0, epoch, ...key]);
}

/** Everything under the given first bytes, as hex. */
export async function dump(database: StateDatabase, first = 1, last = 3): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const iterator = database.iterator({ gte: bytes(first), lt: bytes(last + 1), ...encodings });
  for (let entries = await iterator.nextv(1000); entries.length > 0; entries = await iterator.nextv(1000)) {
    for (const [key, value] of entries) found.set(hex(key), hex(value));
  }
  await iterator.close();
  return found;
}

/** The database with another behaviour of its iterators and lookups. */
export function withReads(
  database: OpenDatabase,
  changed: {
    readonly entries?: (entries: [Uint8Array, Uint8Array][], gte: Uint8Array) => [Uint8Array, Uint8Array][];
    readonly values?: (values: (Uint8Array | undefined)[], keys: Uint8Array[]) => (Uint8Array | undefined)[];
  },
): OpenDatabase {
  const { entries: change = (entries) => entries, values: changeValues = (values) => values } = changed;
  const overrides: Partial<OpenDatabase> = {
    iterator(options) {
      const iterator = database.iterator(options);
      return { nextv: async (size) => change(await iterator.nextv(size), options.gte), close: () => iterator.close() };
    },
    getMany: async (keys, options) => changeValues(await database.getMany(keys, options), keys),
  };
  return new Proxy(database, {
    get(target, name) {
      const found = Reflect.get(overrides, name) ?? Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}
