import { describe, expect, test } from '@jest/globals';
import { MemoryLevel } from 'memory-level';
import { Manifest, type StateHasher, type StateStore, withDefaults } from '../src/index.js';
import { bytes, hex, pack, packState, readAll, unpack } from './support/plain-state.js';
import { identity, memoryDatabase, memoryStore, openStore, parameters } from './support/stores.js';
import { toyHasher, toyRoot } from './support/toy-hasher.js';
import { rawState } from './support/verify-store.js';

const failure = (code: string, details: object = {}): object => ({
  code: `ANCESTRAL_RECORDS_${code}`,
  details: expect.objectContaining(details),
});
const set = (key: Uint8Array, ...value: number[]): { key: Uint8Array; value: Uint8Array } => ({
  key,
  value: bytes(...value),
});

async function ready(records: [Uint8Array, Uint8Array][] = [], chosen = {}): Promise<StateStore> {
  const store = await memoryStore(chosen);
  await store.initialize({ records: [pack(records)] });
  return store;
}

describe('opening', () => {
  test('refuses a database that is closed or has no explicit snapshots', async () => {
    const closed = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
    await closed.close();
    await expect(openStore(closed)).rejects.toMatchObject(failure('UNSUPPORTED_DATABASE'));
    const database = await memoryDatabase().open();
    const without = new Proxy(database, {
      get: (target, name) => (name === 'supports' ? {} : Reflect.get(target, name, target)),
    });
    await expect(openStore(without)).rejects.toMatchObject(failure('UNSUPPORTED_DATABASE'));
  });

  test('refuses a database that something else wrote', async () => {
    const database = new MemoryLevel<string, string>();
    await database.put('a', 'b');
    await expect(openStore(database)).rejects.toMatchObject(failure('FOREIGN_DATABASE'));
  });

  test('refuses another format version, identity or parameter, and says what to do', async () => {
    const database = await memoryDatabase().open();
    await openStore(database);
    await expect(
      openStore(database, { parameters: parameters({ identity: new Uint8Array(32) }) }),
    ).rejects.toMatchObject(failure('IDENTITY_MISMATCH', { found: hex(identity), expected: '00'.repeat(32) }));
    for (const [name, chosen] of Object.entries({
      snapshotPeriod: { snapshotPeriod: 5 },
      statePrefixes: { statePrefixes: [5] },
      maxRangeRecords: { maxRangeRecords: 7 },
      maxRangeBytes: { maxRangeBytes: 7 },
      maxKeyBytes: { maxKeyBytes: 7 },
      maxValueBytes: { maxValueBytes: 7 },
    })) {
      const opening = openStore(database, { parameters: parameters(chosen) });
      await expect(opening).rejects.toMatchObject(failure('PARAMETERS_MISMATCH', { differing: [name] }));
      await expect(opening).rejects.toThrow(/use those parameters, or sync again into an empty folder/);
    }
    await expect(openStore(database, { parameters: parameters({ retainedEpochs: 9 }) })).resolves.toBeDefined();
    const write = (value: Uint8Array): Promise<void> =>
      database.batch([{ type: 'put', key: bytes(0, 0), value }], {
        keyEncoding: 'view',
        valueEncoding: 'view',
        sync: false,
      });
    await write(bytes(1, 1, 1));
    await expect(openStore(database)).rejects.toMatchObject(failure('FORMAT_VERSION', { found: 1, supported: 3 }));
    await write(bytes(3, 1));
    await expect(openStore(database)).rejects.toMatchObject(failure('CORRUPT'));
  });

  test('refuses stored sums that do not give the stored state root', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database);
    await store.initialize({ records: [pack([[bytes(5), bytes(1)]])] });
    await expect(openStore(database, { stateRoot: () => new Uint8Array(32) })).rejects.toMatchObject(
      failure('CORRUPT'),
    );
  });

  test('parameters are checked and completed', () => {
    expect(withDefaults({ identity, statePrefixes: [9, 5] })).toMatchObject({
      statePrefixes: [5, 9],
      snapshotPeriod: 1000,
      retainedEpochs: 2,
      maxRangeRecords: 4096,
      maxRangeBytes: 4_194_304,
    });
    expect(() => withDefaults({ identity: bytes(1), statePrefixes: [5] })).toThrow(TypeError);
    for (const statePrefixes of [[], [5, 5], [256], [-1], [1.5]]) {
      expect(() => withDefaults({ identity, statePrefixes })).toThrow(RangeError);
    }
    expect(() => withDefaults({ identity, statePrefixes: [5], snapshotPeriod: 0 })).toThrow(RangeError);
  });
});

describe('a block', () => {
  test('drops identical values and takes the last change of a key', async () => {
    const store = await ready([[bytes(5), bytes(1)]]);
    const same = await store.prepareBlock(1, [set(bytes(5), 2), set(bytes(5), 1), { key: bytes(6), value: undefined }]);
    expect([same.changedRecords, hex(same.stateRoot)]).toEqual([0, hex(store.stateRoot())]);
    const empty = await store.prepareBlock(1, [set(bytes(6))]);
    expect(empty.changedRecords).toBe(1);
    await store.commitBlock(empty);
    expect(await store.get(bytes(6))).toEqual(bytes());
  });

  test('writes nothing when it is prepared, and everything in one batch when it is committed', async () => {
    const database = await memoryDatabase().open();
    const sizes: number[] = [];
    const batch = database.batch.bind(database);
    const counting = Object.assign(database, {
      batch: (writes: never[], options: never) => {
        sizes.push(writes.length);
        return batch(writes, options);
      },
    });
    const store = await openStore(counting);
    await store.initialize({ records: [] });
    sizes.length = 0;
    const prepared = await store.prepareBlock(1, [set(bytes(5, 1), 1), set(bytes(6, 1), 1)]);
    expect(sizes).toEqual([]);
    await store.commitBlock(prepared, { otherWrites: [set(bytes(70), 3)] });
    expect(sizes).toEqual([2 + 2 + 2 + 1 + 1]);
  });

  test('is void once the height has moved, and in another store', async () => {
    const store = await ready();
    const [a, b] = await Promise.all([
      store.prepareBlock(1, [set(bytes(5), 1)]),
      store.prepareBlock(1, [set(bytes(5), 2)]),
    ]);
    await store.commitBlock(b);
    await expect(store.commitBlock(a)).rejects.toMatchObject(failure('STALE_BLOCK'));
    await expect(store.commitBlock(b)).rejects.toMatchObject(failure('STALE_BLOCK'));
    await expect((await ready()).commitBlock(a)).rejects.toMatchObject(failure('STALE_BLOCK'));
    expect([store.height, await store.get(bytes(5))]).toEqual([1, bytes(2)]);
  });

  test('may only be the next one', async () => {
    const store = await ready();
    await expect(store.prepareBlock(2, [])).rejects.toMatchObject(failure('WRONG_HEIGHT', { expected: 1, actual: 2 }));
    await expect(store.prepareBlock(0, [])).rejects.toMatchObject(failure('WRONG_HEIGHT'));
  });

  test('is refused with one record that may not be in the state', async () => {
    const store = await ready([], { parameters: parameters({ maxKeyBytes: 3, maxValueBytes: 2 }) });
    for (const change of [set(bytes(7)), set(bytes()), set(bytes(5, 1, 2, 3)), set(bytes(5), 1, 2, 3)]) {
      await expect(store.prepareBlock(1, [set(bytes(5), 1), change])).rejects.toMatchObject(failure('INVALID_RECORD'));
    }
    const prepared = await store.prepareBlock(1, []);
    await expect(store.commitBlock(prepared, { otherWrites: [set(bytes(5), 9)] })).rejects.toMatchObject(
      failure('INVALID_RECORD'),
    );
    expect(store.height).toBe(0);
  });

  test('copies its bytes, also when they are Buffers that share memory', async () => {
    const store = await ready();
    const key = Buffer.from([5, 1]);
    const value = Buffer.from([1, 2]);
    const preparing = store.prepareBlock(1, [{ key, value }]);
    key.fill(0);
    value.fill(0);
    await store.commitBlock(await preparing);
    const read = await store.get(bytes(5, 1));
    expect(read).toEqual(bytes(1, 2));
    read?.fill(9);
    expect(await store.get(bytes(5, 1))).toEqual(bytes(1, 2));
    const other = Buffer.from([4]);
    await store.write([{ key: bytes(70), value: other }]);
    other.fill(0);
    expect(await store.get(bytes(70))).toEqual(bytes(4));
  });

  describe('at a snapshot height, while the manifest before is built', () => {
    /** A store at height 1, of whose snapshot the manifest is still to be built. */
    async function building(): Promise<StateStore> {
      const store = await memoryStore({ parameters: parameters({ snapshotPeriod: 1 }) });
      await store.initialize({ records: [] });
      await store.commitBlock(await store.prepareBlock(1, [set(bytes(5), 1)]));
      expect(store.snapshots().map(({ height }) => height)).not.toContain(1);
      return store;
    }

    test('copies its bytes, and checks its records, before it waits', async () => {
      const store = await building();
      const value = Buffer.from([1, 2]);
      const preparing = store.prepareBlock(2, [{ key: bytes(5, 1), value }]);
      value.fill(0);
      await store.commitBlock(await preparing);
      expect(await store.get(bytes(5, 1))).toEqual(bytes(1, 2));
      await expect(store.prepareBlock(3, [set(bytes(7), 1)])).rejects.toMatchObject(failure('INVALID_RECORD'));
    });

    test('is refused if another operation began, or the store was closed, while it waited', async () => {
      const store = await building();
      const preparing = store.prepareBlock(2, [set(bytes(5), 2)]);
      await store.reset();
      await expect(preparing).rejects.toMatchObject({ code: expect.stringMatching(/_(BUSY|NOT_READY)$/) });
      const other = await building();
      const late = other.prepareBlock(2, [set(bytes(5), 2)]);
      await other.close();
      await expect(late).rejects.toMatchObject(failure('CLOSED'));
    });
  });

  test('whose hashing fails or is aborted changes nothing', async () => {
    const hasher: StateHasher = { ...toyHasher, sum: async () => Promise.reject(new Error('no kernel')) };
    const database = await memoryDatabase().open();
    const store = await openStore(database, { hasher });
    await store.initialize({ records: [] });
    await expect(store.prepareBlock(1, [set(bytes(5), 1)])).rejects.toThrow('no kernel');
    await expect(store.prepareBlock(1, [], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    await store.commitBlock(await store.prepareBlock(1, []));
    expect(store.height).toBe(1);
  });
});

describe('one writer', () => {
  test('a second writing operation is refused while one is under way', async () => {
    const store = await ready();
    const prepared = await store.prepareBlock(1, [set(bytes(5), 1)]);
    const committing = store.commitBlock(prepared);
    const refused = [store.commitBlock(prepared), store.prepareBlock(1, []), store.rewind(0), store.reset()];
    for (const outcome of await Promise.allSettled(refused)) {
      expect(outcome).toMatchObject({ reason: failure('BUSY', { active: 'commitBlock' }) });
    }
    await store.write([set(bytes(70), 1)]);
    await committing;
    expect(store.height).toBe(1);
  });

  test('a block prepared while another is committed is refused or void', async () => {
    const store = await ready();
    const first = await store.prepareBlock(1, [set(bytes(5), 1)]);
    const second = store.prepareBlock(1, [set(bytes(5), 2)]);
    await store.commitBlock(first);
    const outcome = await second
      .then((prepared) => store.commitBlock(prepared))
      .catch((error: { code: string }) => error.code);
    expect(outcome).toBe('ANCESTRAL_RECORDS_STALE_BLOCK');
    expect(await store.get(bytes(5))).toEqual(bytes(1));
  });

  test('close waits for what is under way, can be repeated, and leaves the database open', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database);
    await store.initialize({ records: [] });
    const committing = store.commitBlock(await store.prepareBlock(1, [set(bytes(5), 1)]));
    await Promise.all([store.close(), store.close()]);
    await committing;
    expect(database.status).toBe('open');
    const closed = failure('CLOSED');
    await expect(store.get(bytes(5))).rejects.toMatchObject(closed);
    await expect(store.reset()).rejects.toMatchObject(closed);
    expect(() => store.stateRoot()).toThrow(/closed/);
    await store[Symbol.asyncDispose]();
    expect((await openStore(database)).height).toBe(1);
  });

  test('after close nothing touches the database any more, though a rewind was under way', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database, { parameters: parameters({ snapshotPeriod: 2, retainedEpochs: 2 }) });
    await store.initialize({ records: [] });
    for (let height = 1; height <= 6; height++) {
      await store.commitBlock(await store.prepareBlock(height, [set(bytes(5), height)]));
    }
    await store.maintenance();
    let isClosed = false;
    let accesses = 0;
    const iterate = database.iterator.bind(database);
    database.iterator = (options) => {
      const iterator = iterate(options);
      const close = iterator.close.bind(iterator);
      iterator.close = async () => {
        await close();
        if (isClosed) accesses++;
      };
      return iterator;
    };
    const rewinding = store.rewind(4);
    await store.close();
    isClosed = true;
    await rewinding;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(accesses).toBe(0);
  });

  test('what needs another phase is refused', async () => {
    const store = await memoryStore();
    expect([store.phase, store.height, store.snapshots()]).toEqual(['empty', undefined, []]);
    const notReady = failure('NOT_READY', { phase: 'empty' });
    await expect(store.get(bytes(5))).rejects.toMatchObject(notReady);
    await expect(store.prepareBlock(1, [])).rejects.toMatchObject(notReady);
    await expect(store.readChunk({ height: 0, startKey: bytes(5) })).rejects.toMatchObject(notReady);
    await expect(store.rewind(0)).rejects.toMatchObject(notReady);
    await expect(store.manifest(0)).rejects.toMatchObject(notReady);
    await expect(store.finishDownload({ stateRoot: bytes() })).rejects.toMatchObject(failure('WRONG_PHASE'));
    await store.initialize({ records: [] });
    await expect(store.initialize({ records: [] })).rejects.toMatchObject(failure('WRONG_PHASE'));
    await expect(store.beginDownload(await store.manifest(0))).rejects.toMatchObject(failure('WRONG_HEIGHT'));
    const later = Manifest.fromEntries({ height: 4, entries: [] });
    await store.commitBlock(await store.prepareBlock(1, []));
    await expect(store.beginDownload(later)).rejects.toMatchObject(failure('WRONG_PHASE'));
  });
});

describe('other records', () => {
  test('are written in any phase, iterated in order, and survive a reset', async () => {
    const store = await memoryStore();
    await store.write([set(bytes(70, 2), 2), set(bytes(70, 1), 1), set(bytes(71), 3), set(bytes(70, 3), 9)]);
    await store.write([{ key: bytes(70, 3), value: undefined }]);
    await expect(store.write([set(bytes(5), 1)])).rejects.toMatchObject(failure('INVALID_RECORD'));
    await store.initialize({ records: [], otherWrites: [set(bytes(72), 4)] });
    await store.reset();
    const list = async (interval: Parameters<StateStore['others']>[0]): Promise<string[]> => {
      const found = [];
      for await (const [key, value] of store.others(interval)) found.push(`${hex(key)}=${hex(value)}`);
      return found;
    };
    expect(await list({ gte: bytes(0) })).toEqual(['4601=01', '4602=02', '47=03', '48=04']);
    expect(await list({ gte: bytes(70), lt: bytes(71), reverse: true })).toEqual(['4602=02', '4601=01']);
    expect(await list({ gte: bytes(70), limit: 1 })).toEqual(['4601=01']);
  });
});

describe('genesis', () => {
  test('is written in bounded batches from any number of packs', async () => {
    const database = await memoryDatabase().open();
    let largest = 0;
    const batch = database.batch.bind(database);
    const store = await openStore(
      Object.assign(database, {
        batch: (writes: never[], options: never) => {
          largest = Math.max(largest, writes.length);
          return batch(writes, options);
        },
      }),
    );
    const records = Array.from({ length: 10_000 }, (_, i): [Uint8Array, Uint8Array] => [
      bytes(i < 5000 ? 5 : 6, i >> 8, i & 255),
      bytes(i & 255),
    ]);
    async function* packs(): AsyncGenerator<ReturnType<typeof pack>> {
      yield pack([]);
      yield pack(records.slice(0, 4999));
      yield pack(records.slice(4999));
    }
    await store.initialize({ records: packs() });
    expect(largest).toBeLessThanOrEqual(4096);
    expect((await rawState(database)).size).toBe(10_000);
    const sums = await toyHasher.encode(await toyHasher.sum({ ...pack(records.slice(5000)) }));
    expect(store.summaries().get(6)).toEqual({ count: 5000, bytes: 20_000, checksum: sums });
    expect(hex(store.stateRoot())).toBe(hex(toyRoot(store.checksums())));
  });

  test('leaves the store empty if it is out of order, wrong or aborted', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database);
    const a: [Uint8Array, Uint8Array] = [bytes(5), bytes(1)];
    const b: [Uint8Array, Uint8Array] = [bytes(6), bytes(1)];
    const outOfOrder = failure('OUT_OF_ORDER');
    await expect(store.initialize({ records: [pack([a, a])] })).rejects.toMatchObject(outOfOrder);
    await expect(store.initialize({ records: [pack([b]), pack([a])] })).rejects.toMatchObject(outOfOrder);
    await expect(store.initialize({ records: [pack([a]), pack([[bytes(7), bytes()]])] })).rejects.toMatchObject(
      failure('INVALID_RECORD'),
    );
    const controller = new AbortController();
    function* aborting(): Generator<ReturnType<typeof pack>> {
      yield pack([a]);
      controller.abort();
      yield pack([b]);
    }
    await expect(store.initialize({ records: aborting(), signal: controller.signal })).rejects.toThrow(/abort/);
    expect([store.phase, (await rawState(database)).size]).toEqual(['empty', 0]);
    await store.initialize({ records: [pack([a, b])] });
    expect(store.height).toBe(0);
  });

  test('interrupted half-way is cleared when the database is opened', async () => {
    const database = await memoryDatabase().open();
    const store = await openStore(database);
    const hanging = store.initialize({
      records: (async function* () {
        yield pack([[bytes(5), bytes(1)]]);
        await new Promise(() => {});
      })(),
    });
    hanging.catch(() => {});
    while ((await rawState(database)).size === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const again = await openStore(database);
    expect([again.phase, (await rawState(database)).size]).toEqual(['empty', 0]);
  });
});

describe('chunks', () => {
  test('stop at endKey, at the end of the prefix without one, and take one record however large', async () => {
    const store = await ready([
      [bytes(5), bytes(1)],
      [bytes(5, 0), bytes(2, 2, 2, 2)],
      [bytes(5, 1), bytes(3)],
      [bytes(6), bytes(4)],
    ]);
    const read = async (startKey: Uint8Array, endKey?: Uint8Array, maxBytes?: number): Promise<unknown> => {
      const chunk = await store.readChunk({
        height: 0,
        startKey,
        endKey,
        ...(maxBytes === undefined ? {} : { maxBytes }),
      });
      return [unpack(chunk.records).map(([key]) => key), chunk.nextKey && hex(chunk.nextKey), chunk.recordBytes];
    };
    expect(await read(bytes(5))).toEqual([['05', '0500', '0501'], undefined, 11]);
    expect(await read(bytes(5), bytes(5, 1))).toEqual([['05', '0500'], undefined, 8]);
    expect(await read(bytes(5), bytes(7))).toEqual([['05', '0500', '0501', '06'], undefined, 13]);
    expect(await read(bytes(5, 0), undefined, 1)).toEqual([['0500'], '0501', 6]);
    expect(await read(bytes(5), undefined, 8)).toEqual([['05', '0500'], '0501', 8]);
    expect(await read(bytes(6, 1))).toEqual([[], undefined, 0]);
    expect(await read(bytes(6), bytes(5))).toEqual([[], undefined, 0]);
    await expect(read(bytes(7))).rejects.toMatchObject(failure('INVALID_RECORD'));
    await expect(read(bytes(5), undefined, -1)).rejects.toThrow(RangeError);
    await expect(store.readChunk({ height: 0, startKey: bytes(5), signal: AbortSignal.abort() })).rejects.toThrow(
      /abort/,
    );
  });

  test('make progress over a long run of keys created or rewritten since the snapshot', async () => {
    const old = Array.from({ length: 300 }, (_, i): [Uint8Array, Uint8Array] => [
      bytes(5, 1, i >> 8, i & 255),
      bytes(1),
    ]);
    const store = await ready(old, { parameters: parameters({ snapshotPeriod: 100 }) });
    const created = Array.from({ length: 5000 }, (_, i) => set(bytes(5, 0, i >> 8, i & 255), 1, 2, 3));
    await store.commitBlock(await store.prepareBlock(1, [...created, ...old.map(([key]) => set(key, 2))]));
    for (const limits of [{ maxBytes: 20 }, { maxScanBytes: 100 }, { maxScanMs: 0, maxBytes: 1 }]) {
      const records = await readAll(store, 0, { limits: () => limits });
      expect(records).toEqual(old.map(([key, value]) => [hex(key), hex(value)]));
    }
    const chunk = await store.readChunk({ height: 0, startKey: bytes(5), maxScanBytes: 1000 });
    expect([chunk.records.offsets.length, chunk.nextKey === undefined]).toEqual([0, false]);
    const tip = await readAll(store, 1, { limits: () => ({ maxScanBytes: 3000 }) });
    expect(tip.length).toBe(5300);
  });

  test('let others work in between, and are of one state all the same', async () => {
    const old = Array.from({ length: 3000 }, (_, i): [Uint8Array, Uint8Array] => [bytes(5, i >> 8, i & 255), bytes(1)]);
    const store = await ready(old);
    let height = 0;
    let asked = 0;
    const commit = async (): Promise<boolean> => {
      asked++;
      const changes = old.map(([key]) => ({ key, value: height % 2 === 0 ? undefined : bytes(height) }));
      await store.commitBlock(await store.prepareBlock(++height, changes));
      return true;
    };
    const request = { height: 0, startKey: bytes(5), maxBytes: 1 << 20, maxScanMs: 2 ** 30, paceBytes: 1 };
    const whole = await store.readChunk({ ...request, pace: commit });
    expect([asked > 1, whole.nextKey, whole.records.offsets.length / 4]).toEqual([true, undefined, 3000]);
    let left = 1;
    const cut = await store.readChunk({ ...request, pace: async () => left-- > 0 });
    expect(left).toBe(-1);
    const rest = await store.readChunk({ ...request, startKey: cut.nextKey ?? bytes(6) });
    const values = [cut, rest].flatMap(({ records }) => [...records.bytes]);
    expect(values).toEqual([...whole.records.bytes]);
    expect(cut.records.offsets.length).toBeGreaterThan(0);
    expect(rest.records.offsets.length).toBeGreaterThan(0);
    const failing = store.readChunk({ ...request, pace: () => Promise.reject(new Error('no turn')) });
    await expect(failing).rejects.toThrow('no turn');
  });

  test('of a height that is no longer or never was retained are refused', async () => {
    const store = await ready();
    for (let height = 1; height <= 9; height++)
      await store.commitBlock(await store.prepareBlock(height, [set(bytes(5), height)]));
    await store.maintenance();
    expect(store.snapshots().map(({ height }) => height)).toEqual([4, 8]);
    for (const height of [0, 3, 5, 10, 12, -1, 4.5]) {
      await expect(store.readChunk({ height, startKey: bytes(5) })).rejects.toMatchObject(
        failure('HEIGHT_UNAVAILABLE'),
      );
      if (height !== 9) await expect(store.manifest(height)).rejects.toMatchObject(failure('HEIGHT_UNAVAILABLE'));
      await expect(store.rewind(height)).rejects.toMatchObject(failure('HEIGHT_UNAVAILABLE'));
    }
    expect(await readAll(store, 4)).toEqual([['05', '04']]);
    expect(await readAll(store, 9)).toEqual([['05', '09']]);
  });

  test('stay while they are held, a bounded number of them for a bounded time', async () => {
    let nowMs = 0;
    const database = await memoryDatabase().open();
    const store = await openStore(database, {
      parameters: parameters({ snapshotPeriod: 2, retainedEpochs: 1 }),
      maxHeldSnapshots: 2,
      monotonicMs: () => nowMs,
    });
    await store.initialize({ records: [] });
    const grow = async (blocks: number) => {
      for (let i = 0; i < blocks; i++) {
        const height = (store.height ?? 0) + 1;
        await store.commitBlock(await store.prepareBlock(height, [set(bytes(5), height)]));
      }
      await store.maintenance();
      return store.snapshots().map(({ height }) => height);
    };
    expect(store.hold(1, 100)).toBe(false);
    expect(store.hold(0, 100)).toBe(true);
    expect(await grow(2)).toEqual([0, 2]);
    expect(store.hold(0, 10)).toBe(true);
    expect(store.hold(2, 50)).toBe(true);
    expect(await grow(4)).toEqual([0, 2, 6]);
    expect(store.hold(6, 50)).toBe(false);
    expect(store.hold(4, 50)).toBe(false);
    expect(await Promise.all([readAll(store, 0), readAll(store, 2)])).toEqual([[], [['05', '02']]]);
    nowMs = 99;
    expect(await grow(2)).toEqual([0, 8]);
    nowMs = 100;
    expect(await grow(2)).toEqual([10]);
    await expect(readAll(store, 0)).rejects.toMatchObject(failure('HEIGHT_UNAVAILABLE'));
    expect(() => store.hold(10, Number.NaN)).toThrow(RangeError);
  });

  test('keep the value of the earliest epoch for a key that changes in every one', async () => {
    const store = await ready([[bytes(5), bytes(0)]], {
      parameters: parameters({ snapshotPeriod: 2, retainedEpochs: 4 }),
    });
    for (let height = 1; height <= 7; height++) {
      const change = height === 3 ? { key: bytes(5), value: undefined } : set(bytes(5), height);
      await store.commitBlock(await store.prepareBlock(height, [change, { key: bytes(6), value: undefined }]));
    }
    expect(await Promise.all([0, 2, 4, 6, 7].map((height) => readAll(store, height)))).toEqual(
      ['00', '02', '04', '06', '07'].map((value) => [['05', value]]),
    );
    await store.rewind(2);
    expect([store.height, await store.get(bytes(5)), store.snapshots().length]).toEqual([2, bytes(2), 2]);
    expect(await readAll(store, 0)).toEqual([['05', '00']]);
  });
});

describe('the cache', () => {
  test('is not changed by a block that is prepared but never committed', async () => {
    const store = await ready([[bytes(5), bytes(1)]]);
    expect(await store.getMany([bytes(5), bytes(6)])).toEqual([bytes(1), undefined]);
    await store.prepareBlock(1, [set(bytes(5), 2), set(bytes(6), 2)]);
    expect(await store.getMany([bytes(5), bytes(6)])).toEqual([bytes(1), undefined]);
  });

  test('never outlives a rewind or a reset', async () => {
    const store = await ready([[bytes(5), bytes(1)]]);
    await store.commitBlock(await store.prepareBlock(1, [set(bytes(5), 2), set(bytes(6), 2)]));
    expect(await store.get(bytes(5))).toEqual(bytes(2));
    await store.rewind(0, { otherWrites: [set(bytes(70), 1)] });
    expect(await store.getMany([bytes(5), bytes(6), bytes(70)])).toEqual([bytes(1), undefined, bytes(1)]);
    await store.reset();
    await store.initialize({ records: [packState(new Map())] });
    expect(await store.get(bytes(5))).toBeUndefined();
  });
});
