import type { DatabaseIterator, DatabaseIteratorOptions, DatabaseWrite, StateDatabase } from '../../src/index.js';
import type { DatabasePlace, OpenStateDatabase } from '../../src/testing.js';
import { memoryDatabase } from './stores.js';

type Changed = Partial<OpenStateDatabase>;
type BatchOptions = Parameters<StateDatabase['batch']>[1];
/** Replaces members of a database; `kept` outlives closing and opening. */
type Flaw = (database: OpenStateDatabase, kept: Map<string, unknown>) => Changed;

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** A place whose database is correct but for one flaw. */
export function wrongPlace(flaw: Flaw): DatabasePlace {
  const place = memoryDatabase();
  const kept = new Map<string, unknown>();
  return {
    async open() {
      const database = await place.open();
      const changed = flaw(database, kept);
      const base: OpenStateDatabase = {
        get status() {
          return database.status;
        },
        supports: { explicitSnapshots: true },
        get: (key, options) => database.get(key, options),
        getMany: (keys, options) => database.getMany(keys, options),
        batch: (writes, options) => database.batch(writes, options),
        iterator: (options) => database.iterator(options),
        snapshot: () => database.snapshot(),
        close: () => database.close(),
      };
      return Object.defineProperties(base, Object.getOwnPropertyDescriptors(changed));
    },
    remove: () => place.remove(),
  };
}

/** An iterator whose groups of entries are changed on their way. */
function changing(
  inner: DatabaseIterator,
  change: (entries: [Uint8Array, Uint8Array][], size: number) => [Uint8Array, Uint8Array][],
): DatabaseIterator {
  return { nextv: async (size) => change(await inner.nextv(size), size), close: () => inner.close() };
}

async function readAll(database: StateDatabase, options: DatabaseIteratorOptions): Promise<[Uint8Array, Uint8Array][]> {
  const iterator = database.iterator(options);
  const entries: [Uint8Array, Uint8Array][] = [];
  for (let next = await iterator.nextv(1000); next.length > 0; next = await iterator.nextv(1000)) entries.push(...next);
  await iterator.close();
  return entries;
}

/** An iterator over entries that were read when it was first asked. */
function sortedOtherwise(
  database: StateDatabase,
  options: DatabaseIteratorOptions,
  compare: (a: Uint8Array, b: Uint8Array) => number,
): DatabaseIterator {
  let entries: [Uint8Array, Uint8Array][] | undefined;
  return {
    async nextv(size) {
      entries ??= (await readAll(database, options)).sort(([a], [b]) => compare(a, b) * (options.reverse ? -1 : 1));
      return entries.splice(0, size);
    },
    close: async () => {},
  };
}

const copied = (value: Uint8Array | undefined): Uint8Array | undefined => value && Uint8Array.from(value);
const text = (key: Uint8Array): string => Buffer.from(key).toString('utf8');

/** Each flaw, and a check that must find it. */
export const wrongDatabases: readonly (readonly [flaw: string, foundBy: string, Flaw])[] = [
  [
    'writes a batch in two halves',
    'no reader through a snapshot sees a part of a batch, whenever the snapshot is made',
    (database) => ({
      async batch(writes: DatabaseWrite[], options: BatchOptions) {
        const half = writes.length >> 1;
        await database.batch(writes.slice(0, half), options);
        await database.batch(writes.slice(half), options);
      },
    }),
  ],
  [
    'writes a batch one by one',
    'no reader sees a part of a batch while batches are written without a pause',
    (database) => ({
      async batch(writes: DatabaseWrite[], options: BatchOptions) {
        for (const write of writes) await database.batch([write], options);
      },
    }),
  ],
  [
    'applies what it can of a batch that it refuses',
    'a batch that is refused leaves nothing of itself',
    (database) => ({
      async batch(writes: DatabaseWrite[], options: BatchOptions) {
        const bad = writes.findIndex(({ key }) => key === undefined);
        await database.batch(bad === -1 ? writes : writes.slice(0, bad), options);
        if (bad !== -1) throw new Error('a write has no key');
      },
    }),
  ],
  [
    'skips writes that it cannot do',
    'a batch that is refused leaves nothing of itself',
    (database) => ({
      batch: (writes: DatabaseWrite[], options: BatchOptions) =>
        database.batch(
          writes.filter(({ key }) => key !== undefined),
          options,
        ),
    }),
  ],
  [
    'deletes before it puts',
    'the operations of a batch apply in their order',
    (database) => ({
      batch: (writes: DatabaseWrite[], options: BatchOptions) =>
        database.batch(
          writes.toSorted((a, b) => Number(b.type === 'del') - Number(a.type === 'del')),
          options,
        ),
    }),
  ],
  [
    'resolves a batch before it can be read',
    'a batch that has resolved is seen by every later read, iteration and snapshot',
    (database) => {
      let queue = Promise.resolve();
      return {
        async batch(writes: DatabaseWrite[], options: BatchOptions) {
          queue = queue.then(() => new Promise((resolve) => setTimeout(resolve, 2)));
          queue = queue.then(() => database.batch(writes, options));
        },
        async close() {
          await queue;
          await database.close();
        },
      };
    },
  ],
  [
    'loses the last batch when it is closed',
    'everything that was written is there after reopening',
    (database) => {
      const before = new Map<string, [Uint8Array, Uint8Array | undefined]>();
      return {
        async batch(writes: DatabaseWrite[], options: BatchOptions) {
          before.clear();
          for (const { key } of writes) {
            if (key !== undefined) before.set(text(key), [key, copied(await database.get(key, encodings))]);
          }
          await database.batch(writes, options);
        },
        async close() {
          const undo = [...before.values()].map(([key, value]): DatabaseWrite => {
            return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
          });
          await database.batch(undo, { ...encodings, sync: false });
          await database.close();
        },
      };
    },
  ],
  [
    'ignores sync and loses everything since the last opening',
    'what was written with sync: true is there after a crash, with everything before it',
    (database, kept) => ({
      async batch(writes: DatabaseWrite[], options: BatchOptions) {
        const fresh = (kept.get('fresh') as Uint8Array[] | undefined) ?? [];
        kept.set('fresh', [...fresh, ...writes.map(({ key }) => key)]);
        await database.batch(writes, options);
      },
      async close() {
        const fresh = (kept.get('fresh') as Uint8Array[] | undefined) ?? [];
        await database.batch(
          fresh.map((key): DatabaseWrite => ({ type: 'del', key })),
          { ...encodings, sync: false },
        );
        kept.clear();
        await database.close();
      },
    }),
  ],
  [
    'loses a batch in the middle when it is closed',
    'after a crash no batch is there in part, and none without those before it',
    (database) => {
      const own: Uint8Array[] = [];
      return {
        async batch(writes: DatabaseWrite[], options: BatchOptions) {
          const last = writes.at(-1)?.key;
          if (last?.[0] === 2) own.push(last);
          await database.batch(writes, options);
        },
        async close() {
          const lost = own[0];
          if (lost !== undefined) await database.batch([{ type: 'del', key: lost }], { ...encodings, sync: false });
          await database.close();
        },
      };
    },
  ],
  [
    'gives the present state as a snapshot',
    'several snapshots hold their states side by side, for get, getMany and iterators',
    (database) => ({
      get: (key, options) => database.get(key, { ...encodings, ...options, snapshot: undefined }),
      getMany: (keys, options) => database.getMany(keys, { ...options, snapshot: undefined }),
      iterator: (options) => database.iterator({ ...options, snapshot: undefined }),
    }),
  ],
  [
    'ignores the snapshot in getMany alone',
    'several snapshots hold their states side by side, for get, getMany and iterators',
    (database) => ({ getMany: (keys, options) => database.getMany(keys, { ...options, snapshot: undefined }) }),
  ],
  [
    'makes a snapshot only when it is first read',
    'a snapshot holds nothing of batches that are called after it',
    (database) => {
      const made = new WeakMap<object, ReturnType<StateDatabase['snapshot']>>();
      const resolve = <T extends { snapshot?: unknown }>(options: T): T => {
        const token = options.snapshot as object | undefined;
        if (token === undefined) return options;
        if (!made.has(token)) made.set(token, database.snapshot());
        return { ...options, snapshot: made.get(token) };
      };
      return {
        get: async (key, options) => {
          await Promise.resolve();
          return database.get(key, resolve(options));
        },
        getMany: (keys, options) => database.getMany(keys, resolve(options)),
        iterator: (options) => database.iterator(resolve(options)),
        snapshot() {
          const token = { close: async () => made.get(token)?.close() };
          return token as unknown as ReturnType<StateDatabase['snapshot']>;
        },
      };
    },
  ],
  [
    'shares one snapshot among all',
    'closing a snapshot disturbs no other one',
    (database) => {
      let shared: ReturnType<StateDatabase['snapshot']> | undefined;
      return {
        snapshot() {
          shared ??= database.snapshot();
          const held = shared;
          return Object.assign(Object.create(held), {
            async close() {
              shared = undefined;
              await held.close();
            },
          });
        },
        get: (key, options) => database.get(key, plain(options)),
        getMany: (keys, options) => database.getMany(keys, plain(options)),
        iterator: (options) => database.iterator(plain(options)),
      };
      function plain<T extends { snapshot?: object | undefined }>(options: T): T {
        return options.snapshot === undefined
          ? options
          : { ...options, snapshot: Object.getPrototypeOf(options.snapshot) };
      }
    },
  ],
  [
    'lets an iterator without a snapshot see later writes',
    'an iterator without a snapshot sees one moment, whatever is written meanwhile',
    (database) => ({
      iterator(options) {
        let { gte } = options;
        let left = options.limit ?? -1;
        return {
          async nextv(size) {
            if (left === 0) return [];
            const iterator = database.iterator({ ...options, gte, limit: left === -1 ? size : Math.min(size, left) });
            const entries = await iterator.nextv(size);
            await iterator.close();
            const last = entries.at(-1)?.[0];
            if (last !== undefined) gte = Buffer.concat([last, Uint8Array.of(0)]);
            if (left !== -1) left -= entries.length;
            return entries;
          },
          close: async () => {},
        };
      },
    }),
  ],
  [
    'orders keys as text',
    'keys are ordered by unsigned bytes, a prefix first',
    (database) => ({
      iterator: (options) => sortedOtherwise(database, options, (a, b) => (text(a) < text(b) ? -1 : 1)),
    }),
  ],
  [
    'orders keys by signed bytes',
    'keys are ordered by unsigned bytes, a prefix first',
    (database) => ({
      iterator: (options) =>
        sortedOtherwise(database, options, (a, b) => Buffer.compare(a.map(flipped), b.map(flipped))),
    }),
  ],
  [
    'orders keys by their length first',
    'keys are ordered by unsigned bytes, a prefix first',
    (database) => ({
      iterator: (options) => sortedOtherwise(database, options, (a, b) => a.length - b.length || Buffer.compare(a, b)),
    }),
  ],
  [
    'leaves out the entry at gte',
    'an iteration goes from gte, inclusive, to lt, exclusive, in both directions',
    (database) => ({
      iterator: (options) =>
        changing(database.iterator(options), (entries) =>
          entries.filter(([key]) => Buffer.compare(key, options.gte) !== 0),
        ),
    }),
  ],
  [
    'includes the entry at lt',
    'an iteration goes from gte, inclusive, to lt, exclusive, in both directions',
    (database) => ({
      iterator: (options) => database.iterator({ ...options, lt: Buffer.concat([options.lt, Uint8Array.of(0)]) }),
    }),
  ],
  [
    'ignores reverse',
    'an iteration goes from gte, inclusive, to lt, exclusive, in both directions',
    (database) => ({ iterator: (options) => database.iterator({ ...options, reverse: false }) }),
  ],
  [
    'counts limit for each call',
    'limit bounds the entries of a whole iteration, in both directions',
    (database) => ({
      iterator: ({ limit = -1, ...options }) =>
        changing(database.iterator(options), (entries) => (limit === -1 ? entries : entries.slice(0, limit))),
    }),
  ],
  [
    'drops the last entry of a full group',
    'nextv gives entries until the end, whatever its size and however little is read ahead',
    (database) => ({
      iterator: (options) =>
        changing(database.iterator(options), (entries, size) =>
          entries.length === size && size > 1 ? entries.slice(0, -1) : entries,
        ),
    }),
  ],
  [
    'gives an empty group in the middle',
    'nextv gives entries until the end, whatever its size and however little is read ahead',
    (database) => ({
      iterator(options) {
        const inner = database.iterator(options);
        let calls = 0;
        return { nextv: async (size) => (++calls % 3 === 0 ? [] : inner.nextv(size)), close: () => inner.close() };
      },
    }),
  ],
  [
    'gives more entries than it is asked for',
    'nextv gives entries until the end, whatever its size and however little is read ahead',
    (database) => ({
      iterator(options) {
        const inner = database.iterator(options);
        return { nextv: (size) => inner.nextv(size + 1), close: () => inner.close() };
      },
    }),
  ],
  [
    'gives no keys without values',
    'without values the keys are the same',
    (database) => ({
      iterator: (options) =>
        changing(database.iterator(options), (entries) =>
          options.values === false ? entries.map(() => [Uint8Array.of(0), Uint8Array.of(0)]) : entries,
        ),
    }),
  ],
  [
    'leaves absent keys out of getMany',
    'getMany gives a value or undefined for each key, in their order, repeated keys too',
    (database) => ({
      getMany: async (keys, options) => (await database.getMany(keys, options)).filter((value) => value !== undefined),
    }),
  ],
  [
    'gives each key of getMany once',
    'getMany gives a value or undefined for each key, in their order, repeated keys too',
    (database) => ({
      async getMany(keys, options) {
        const distinct = [...new Map(keys.map((key) => [text(key), key])).values()];
        return database.getMany(distinct, options);
      },
    }),
  ],
  [
    'takes empty values for absent ones',
    'values may be empty, and as large as 5 MiB',
    (database) => ({
      async get(key, options = encodings) {
        const value = await database.get(key, options);
        return value?.length === 0 ? undefined : value;
      },
    }),
  ],
  [
    'cuts values at 4 MiB',
    'values may be empty, and as large as 5 MiB',
    (database) => ({
      get: async (key, options) => (await database.get(key, options))?.subarray(0, 4 * 1024 * 1024),
    }),
  ],
  [
    'says that a key is absent when it cannot read',
    'get gives exactly what was put, and undefined for what is not there',
    (database) => {
      let reads = 0;
      return { get: async (key, options) => (++reads % 5 === 0 ? undefined : database.get(key, options)) };
    },
  ],
  [
    'gives values in one buffer that it uses again',
    'bytes that were returned never change',
    (database) => {
      const buffer = new Uint8Array(8 * 1024 * 1024);
      return {
        async getMany(keys, options) {
          let at = 0;
          return (await database.getMany(keys, options)).map((value) => {
            if (value === undefined) return undefined;
            buffer.set(value, at);
            at += value.length;
            return buffer.subarray(at - value.length, at);
          });
        },
      };
    },
  ],
  [
    'gives entries in one buffer that the next group overwrites',
    'bytes that were returned never change',
    (database) => {
      const buffer = new Uint8Array(32 * 1024 * 1024);
      return {
        iterator: (options) =>
          changing(database.iterator(options), (entries) => {
            let at = 0;
            const place = (bytes: Uint8Array): Uint8Array => {
              buffer.set(bytes, at);
              at += bytes.length;
              return buffer.subarray(at - bytes.length, at);
            };
            return entries.map(([key, value]) => [place(key), place(value)]);
          }),
      };
    },
  ],
  [
    'empties the list of writes as it goes',
    'bytes and lists that were passed are not changed',
    (database) => ({
      batch: (writes: DatabaseWrite[], options: BatchOptions) => database.batch(writes.splice(0), options),
    }),
  ],
  ['does not say that it has snapshots', 'explicit snapshots are announced', () => ({ supports: {} })],
  [
    'keeps the first value of a key that is written again',
    'a store equals a plain model over blocks and reopening',
    (database) => ({
      async batch(writes: DatabaseWrite[], options: BatchOptions) {
        const kept: DatabaseWrite[] = [];
        for (const write of writes) {
          const isState = write.type === 'put' && write.key[0] === 2;
          if (!isState || (await database.get(write.key, encodings)) === undefined) kept.push(write);
        }
        await database.batch(kept, options);
      },
    }),
  ],
];

function flipped(byte: number): number {
  return byte ^ 128;
}
