import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ChangeTable } from '../src/change-table.js';
import type { RecordChange, StateDatabase, StateHasher } from '../src/index.js';
import {
  apply,
  believed,
  bytes,
  type PlainState,
  pack,
  packState,
  readAll,
  sorted,
  summarize,
} from './support/plain-state.js';
import {
  classicDatabase,
  memoryDatabase,
  type OpenDatabase,
  openStore,
  parameters,
  type TestDatabase,
} from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function opened(testDatabase: TestDatabase): Promise<OpenDatabase> {
  cleanups.push(() => testDatabase.remove());
  const database = await testDatabase.open();
  cleanups.push(() => database.close());
  return database;
}

/** Numbers that look random and are the same in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Changes that repeat keys, delete, create, write what is there already, and now and then a value larger than any buffer. */
function changesOf(state: PlainState, count: number, random: (below: number) => number): RecordChange[] {
  return Array.from({ length: count }, () => {
    const key = bytes([5, 6, 255][random(3)] as number, random(40), random(40));
    const kind = random(10);
    if (kind < 2) return { key, value: undefined };
    if (kind < 4) return { key, value: state.get(Buffer.from(key).toString('hex')) };
    const value = new Uint8Array(kind === 9 && random(30) === 0 ? 100_000 : random(100));
    return { key, value: value.map(() => random(256)) };
  });
}

/** A wrapper as anybody could write one; `changed` are its own methods. */
function wrapped(database: StateDatabase, changed: Partial<StateDatabase>): StateDatabase {
  return {
    status: 'open',
    supports: database.supports,
    get: (key, options) => database.get(key, options),
    getMany: (keys, options) => database.getMany(keys, options),
    batch: (operations, options) => database.batch(operations, options),
    iterator: (options) => database.iterator(options),
    snapshot: () => database.snapshot(),
    ...changed,
  };
}

describe.each([
  ['classic-level', classicDatabase],
  ['memory-level', async () => memoryDatabase()],
])('blocks of thousands of changes over %s', (_name, make) => {
  test.each([0, 20_000, 1 << 26])('give what plain maps give, with a cache of %i bytes', async (cacheBytes) => {
    const database = await opened(await make());
    const store = await openStore(database, { cacheBytes, parameters: parameters({ snapshotPeriod: 100 }) });
    const random = randomNumbers(cacheBytes + 1);
    const genesis = apply(new Map(), changesOf(new Map(), 800, random));
    await store.initialize({ records: [packState(genesis)] });
    let state = genesis;
    for (let height = 1; height <= 2; height++) {
      const changes = changesOf(state, 1000, random);
      const next = apply(state, changes);
      const borrowed = changes.map(({ key, value }) => ({ key: key.slice(), value: value?.slice() }));
      const prepared = await store.prepareBlock(height, borrowed);
      for (const { key, value } of borrowed) {
        key.fill(77);
        value?.fill(77);
      }
      expect(prepared.changedRecords).toBe(differences(state, next));
      await store.commitBlock(prepared);
      state = next;
      expect(believed(store)).toEqual(summarize(state));
    }
    expect(await readAll(store, 2)).toEqual(sorted(state));
    expect(await readAll(store, 0)).toEqual(sorted(genesis));
    await store.close();
  });
});

function differences(before: PlainState, after: PlainState): number {
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    return old === undefined || now === undefined || Buffer.compare(old, now) !== 0;
  }).length;
}

/** A promise, and what resolves it. */
function signal(): [promise: Promise<void>, resolve: () => void] {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return [promise, resolve];
}

/**
 * A store with one record and a block for it, on a database that from now on answers reads only when the block is written, and says
 * that it is written only at `goOn`.
 */
async function aheadOfItsAnswer(options: { readonly cacheBytes?: number } = {}) {
  const key = bytes(5, 1);
  const database = await opened(memoryDatabase());
  const [written, announce] = signal();
  const [answered, goOn] = signal();
  let isSlow = false;
  const store = await openStore(
    wrapped(database, {
      async getMany(keys, options) {
        if (isSlow) await written;
        return database.getMany(keys, options);
      },
      async batch(operations, options) {
        await database.batch(operations, options);
        if (!isSlow) return;
        announce();
        await answered;
      },
    }),
    options,
  );
  await store.initialize({ records: [pack([[key, bytes(0)]])] });
  const prepared = await store.prepareBlock(1, [{ key, value: bytes(1) }]);
  isSlow = true;
  return { store, key, prepared, goOn };
}

const manyChanges = Array.from({ length: 1000 }, (_, i) => ({ key: bytes(5, i >> 8, i & 255), value: bytes(i & 255) }));

describe('a block', () => {
  test('is hashed while its old values are read', async () => {
    const database = await opened(memoryDatabase());
    let announce: () => void = () => undefined;
    let isHeld = false;
    let hashed = 0;
    const hashing = new Promise<void>((resolve) => {
      announce = resolve;
    });
    const store = await openStore(
      wrapped(database, {
        async getMany(keys, options) {
          if (isHeld) await hashing;
          return database.getMany(keys, options);
        },
      }),
      {
        hasher: {
          ...toyHasher,
          sum(batch) {
            hashed += batch.offsets.length / 4;
            if (hashed === manyChanges.length) announce();
            return toyHasher.sum(batch);
          },
        },
      },
    );
    await store.initialize({ records: [] });
    isHeld = true;
    const prepared = await store.prepareBlock(1, manyChanges);
    expect(prepared.changedRecords).toBe(manyChanges.length);
    await store.close();
  });

  test.each(['first', 'last'])(
    'beside which a value is read, begun %s, does not leave the old value known',
    async (order) => {
      const key = bytes(5, 1);
      const reads = new Set<number | undefined>();
      for (let delay = 0; delay <= 30; delay++) {
        let hops = 0;
        const database = await opened(memoryDatabase());
        const store = await openStore(
          wrapped(database, {
            async getMany(keys, options) {
              const values = await database.getMany(keys, options);
              for (let i = 0; i < hops; i++) await undefined;
              return values;
            },
          }),
        );
        await store.initialize({ records: [pack([[key, bytes(0)]])] });
        const prepared = await store.prepareBlock(1, [{ key, value: bytes(1) }]);
        hops = delay;
        const early = order === 'first' ? store.get(key) : undefined;
        const committing = store.commitBlock(prepared);
        reads.add((await (early ?? store.get(key)))?.[0]);
        await committing;
        expect(await store.get(key)).toEqual(bytes(1));
        expect((await store.prepareBlock(2, [{ key, value: bytes(0) }])).changedRecords).toBe(1);
        await store.close();
      }
      // Or else nothing was read while the block was under way.
      expect(reads).toContain(0);
    },
  );

  test.each([
    ['is known', 1 << 20, true],
    ['is unknown', 1 << 20, false],
    ['can not be known', 0, false],
  ])('is not seen before the height has moved where the old value %s', async (_how, cacheBytes, isRead) => {
    const [key, created, deleted] = [bytes(5, 1), bytes(5, 2), bytes(5, 3)];
    const database = await opened(memoryDatabase());
    const store = await openStore(
      wrapped(database, {
        async batch(operations, options) {
          await database.batch(operations, options);
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
      }),
      { cacheBytes },
    );
    const before = [
      [key, bytes(0)],
      [deleted, bytes(0)],
    ] as [Uint8Array, Uint8Array][];
    await store.initialize({ records: [pack(before)] });
    if (isRead) expect(await store.getMany([key, deleted])).toEqual([bytes(0), bytes(0)]);
    let isCommitted = false;
    const changes = [
      { key, value: bytes(1) },
      { key: created, value: bytes(1) },
      { key: deleted, value: undefined },
    ];
    const committing = store.commitBlock(await store.prepareBlock(1, changes)).then(() => {
      isCommitted = true;
    });
    const seen = new Set<string>();
    while (!isCommitted) {
      const values = await store.getMany([key, created, deleted]);
      seen.add(`${values.map((value) => value?.[0] ?? 'none')} at ${store.height}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await committing;
    expect(seen).toContain('0,none,0 at 0');
    seen.delete('1,1,none at 1');
    expect([...seen]).toEqual(['0,none,0 at 0']);
    expect(await store.getMany([key, created, deleted])).toEqual([bytes(1), bytes(1), undefined]);
    await store.close();
  });

  test('that the database has already is not seen by a read that began before it', async () => {
    const { store, key, prepared, goOn } = await aheadOfItsAnswer();
    const reading = store.get(key);
    const committing = store.commitBlock(prepared);
    expect(await reading).toEqual(bytes(0));
    expect(store.height).toBe(0);
    goOn();
    await committing;
    expect(await store.get(key)).toEqual(bytes(1));
    await store.close();
  });

  test('that the database has already is not mistaken for the state before by a block that is prepared beside it', async () => {
    const { store, key, prepared, goOn } = await aheadOfItsAnswer({ cacheBytes: 0 });
    const other = store.prepareBlock(1, [{ key, value: bytes(2) }]);
    const committing = store.commitBlock(prepared);
    await expect(other).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_STALE_BLOCK' });
    expect(store.height).toBe(0);
    goOn();
    await committing;
    await store.close();
  });

  test.each(['commitBlock', 'reset'] as const)(
    'is stale, and no sign of damage, if it is still prepared when a %s has taken the record away that it deletes',
    async (operation) => {
      let hashing: Promise<void> | undefined;
      const hasher: StateHasher = {
        ...toyHasher,
        async sum(batch) {
          await hashing;
          return toyHasher.sum(batch);
        },
      };
      const store = await openStore(await opened(memoryDatabase()), { hasher });
      const deletion = [{ key: bytes(5, 1), value: undefined }];
      await store.initialize({ records: [pack([[bytes(5, 1), bytes(0)]])] });
      const first = await store.prepareBlock(1, deletion);
      const [hashed, goOn] = signal();
      hashing = hashed;
      const second = store.prepareBlock(1, deletion);
      await (operation === 'reset' ? store.reset() : store.commitBlock(first));
      goOn();
      await expect(second).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_STALE_BLOCK' });
      await store.close();
    },
  );

  test('is stale, and no sign of damage, if it reads a record that it deletes only when another block has made it', async () => {
    const database = await opened(memoryDatabase());
    let reading: Promise<void> | undefined;
    const store = await openStore(
      wrapped(database, {
        async getMany(keys, options) {
          await reading;
          return database.getMany(keys, options);
        },
      }),
      { cacheBytes: 0 },
    );
    await store.initialize({ records: [] });
    const first = await store.prepareBlock(1, [{ key: bytes(5, 1), value: bytes(1) }]);
    const [read, goOn] = signal();
    reading = read;
    const second = store.prepareBlock(1, [{ key: bytes(5, 1), value: undefined }]);
    await store.commitBlock(first);
    goOn();
    await expect(second).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_STALE_BLOCK' });
    await store.close();
  });

  test('with a part that cannot be worked on leaves nothing running', async () => {
    const database = await opened(memoryDatabase());
    let running = 0;
    const store = await openStore(
      wrapped(database, {
        async getMany(keys, options) {
          running++;
          await new Promise((resolve) => setTimeout(resolve, 20));
          running--;
          return database.getMany(keys, options);
        },
      }),
    );
    await store.initialize({ records: [] });
    let parts = 0;
    const { lookUp: real } = ChangeTable.prototype;
    const lookUp = jest.spyOn(ChangeTable.prototype, 'lookUp').mockImplementation(function (
      this: ChangeTable,
      ...args
    ) {
      if (++parts === 2) throw new RangeError('Array buffer allocation failed');
      return real.apply(this, args);
    });
    await expect(store.prepareBlock(1, manyChanges)).rejects.toThrow('Array buffer allocation failed');
    lookUp.mockRestore();
    expect(parts).toBeGreaterThan(2);
    expect(running).toBe(0);
    expect((await store.prepareBlock(1, manyChanges)).changedRecords).toBe(manyChanges.length);
    await store.close();
  });

  test('whose reading or hashing fails leaves nothing running, and can be prepared again', async () => {
    const database = await opened(memoryDatabase());
    let broken: 'read' | 'hash' | undefined;
    let running = 0;
    const counted = async <T>(work: () => Promise<T>, isBroken: boolean, delayMs: number): Promise<T> => {
      running++;
      try {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (isBroken) throw new Error('broken');
        return await work();
      } finally {
        running--;
      }
    };
    const store = await openStore(
      wrapped(database, {
        getMany: (keys, options) =>
          counted(() => database.getMany(keys, options), broken === 'read', broken === 'hash' ? 20 : 0),
      }),
      {
        hasher: {
          ...toyHasher,
          sum: (batch) => counted(() => toyHasher.sum(batch), broken === 'hash', broken === 'read' ? 20 : 0),
        },
      },
    );
    await store.initialize({ records: [] });
    for (broken of ['read', 'hash'] as const) {
      await expect(store.prepareBlock(1, manyChanges)).rejects.toThrow('broken');
      expect(running).toBe(0);
    }
    broken = undefined;
    await store.commitBlock(await store.prepareBlock(1, manyChanges));
    expect(believed(store)).toEqual(summarize(apply(new Map(), manyChanges)));
    await store.close();
  });

  test('goes through the `batch` of whoever wraps a database', async () => {
    const database = await opened(await classicDatabase());
    const written: number[] = [];
    const proxied = new Proxy(database, {
      get(target, name) {
        if (name === 'batch') {
          return (...[operations, options]: Parameters<StateDatabase['batch']>) => {
            written.push(operations.length);
            return target.batch(operations, options);
          };
        }
        const found = Reflect.get(target, name, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const store = await openStore(proxied);
    await store.initialize({ records: [] });
    await store.commitBlock(await store.prepareBlock(1, manyChanges));
    expect(Math.max(...written)).toBeGreaterThan(2 * manyChanges.length);
    await store.close();
  });

  test('can be committed although another one was prepared after it', async () => {
    const database = await opened(await classicDatabase());
    const store = await openStore(database);
    await store.initialize({ records: [] });
    const first = await store.prepareBlock(1, manyChanges);
    const second = await store.prepareBlock(1, manyChanges.slice(1));
    await store.commitBlock(first);
    expect(believed(store)).toEqual(summarize(apply(new Map(), manyChanges)));
    expect(await readAll(store, 1)).toEqual(sorted(apply(new Map(), manyChanges)));
    await expect(store.commitBlock(second)).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_STALE_BLOCK' });
    await store.prepareBlock(2, manyChanges);
    await store.close();
  });

  test('whose old values are large is written whole', async () => {
    const database = await opened(await classicDatabase());
    const store = await openStore(database, { cacheBytes: 0 });
    const large = manyChanges.map(({ key }) => ({ key, value: new Uint8Array(2000).fill(key[2] as number) }));
    await store.initialize({ records: [packState(apply(new Map(), large))] });
    await store.commitBlock(await store.prepareBlock(1, manyChanges));
    expect(await readAll(store, 1)).toEqual(sorted(apply(new Map(), manyChanges)));
    expect(await readAll(store, 0)).toEqual(sorted(apply(new Map(), large)));
    await store.close();
  });
});
