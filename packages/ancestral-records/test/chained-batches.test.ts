import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import type { RecordChange } from '../src/index.js';
import { apply, believed, bytes, summarize } from './support/plain-state.js';
import { openStore } from './support/stores.js';
import { toyHasher } from './support/toy-hasher.js';

/** What a database of `abstract-level` overrides. */
interface NativeBatch {
  _put(...write: unknown[]): void;
  _write(options: unknown): Promise<void>;
  _close(): Promise<void>;
}
interface Native {
  _chainedBatch(): NativeBatch;
}

/** LevelDB whose chained batches go wrong when they are told to. */
class FaultyLevel extends ClassicLevel<Uint8Array, Uint8Array> {
  fault: 'put' | 'write' | 'apply-write' | undefined;
  /** Chained batches that were started, and those that were closed. */
  started = 0;
  closed = 0;

  _chainedBatch(): NativeBatch {
    const batch = (ClassicLevel.prototype as unknown as Native)._chainedBatch.call(this);
    const [put, write, close] = [batch._put.bind(batch), batch._write.bind(batch), batch._close.bind(batch)];
    this.started++;
    let puts = 0;
    batch._put = (...args) => {
      if (this.fault === 'put' && ++puts === 100) throw new Error('no more room');
      put(...args);
    };
    batch._write = async (options) => {
      if (this.fault === 'write') throw new Error('no space left on device');
      await write(options);
      if (this.fault === 'apply-write') throw new Error('connection lost');
    };
    batch._close = () => {
      this.closed++;
      return close();
    };
    return batch;
  }
}

const many: readonly RecordChange[] = Array.from({ length: 2000 }, (_, i) => ({
  key: bytes(5, i >> 8, i & 255),
  value: bytes(1, i & 255),
}));
const changed: readonly RecordChange[] = many.map(({ key }, i) => ({ key, value: i % 3 === 0 ? undefined : bytes(2) }));
const before = summarize(apply(new Map(), many));
const after = summarize(apply(apply(new Map(), many), changed));

let folder: string;
let database: FaultyLevel;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ancestral-records-'));
  database = new FaultyLevel(join(folder, 'db'));
  await database.open();
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** A store with many records at height 1, for each of which the next block has a write. */
async function filled(options: Parameters<typeof openStore>[1] = {}) {
  const store = await openStore(database, options);
  await store.initialize({ records: [] });
  const { started } = database;
  await store.commitBlock(await store.prepareBlock(1, many));
  // Or else this file tests nothing.
  expect(database.started).toBeGreaterThan(started);
  return store;
}

describe('a block in a chained batch', () => {
  test.each([
    ['write', 1, before],
    ['apply-write', 2, after],
  ] as const)(
    'that fails (%s) is told, stops the store, and opening it again shows what the database has',
    async (fault, height, expected) => {
      const store = await filled();
      const prepared = await store.prepareBlock(2, changed);
      database.fault = fault;
      await expect(store.commitBlock(prepared)).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_WRITE_FAILED' });
      database.fault = undefined;
      expect(() => store.stateRoot()).toThrow(/open it again/);
      await store.close();
      expect(database.closed).toBe(database.started);
      const reopened = await openStore(database);
      expect(reopened.height).toBe(height);
      expect(believed(reopened)).toEqual(expected);
      await reopened.close();
    },
  );

  test('that cannot take more is written as a list', async () => {
    const store = await filled();
    database.fault = 'put';
    const prepared = await store.prepareBlock(2, changed);
    database.fault = undefined;
    await store.commitBlock(prepared);
    expect(believed(store)).toEqual(after);
    await store.close();
    expect(database.closed).toBe(database.started);
  });

  test('is given up when reading or hashing fails', async () => {
    let fails = false;
    const store = await filled({
      cacheBytes: 0,
      hasher: { ...toyHasher, sum: (batch) => (fails ? Promise.reject(new Error('no kernel')) : toyHasher.sum(batch)) },
    });
    const { started } = database;
    fails = true;
    await expect(store.prepareBlock(2, changed)).rejects.toThrow('no kernel');
    fails = false;
    expect(database.started).toBe(started + 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.closed).toBe(database.started);
    await store.commitBlock(await store.prepareBlock(2, changed));
    expect(believed(store)).toEqual(after);
    await store.close();
  });
});

test('a range of a download whose write fails is told, and is not there when the store is opened again', async () => {
  const provider = await filled();
  for (let height = 2; height <= 4; height++) await provider.commitBlock(await provider.prepareBlock(height, []));
  const { root } = await provider.awaitSnapshot(4);
  const manifest = await provider.manifest(4);
  const chunk = await provider.readChunk({ height: 4, startKey: bytes(5) });
  await provider.reset();
  await provider.close();
  const store = await openStore(database);
  await store.beginDownload(manifest);
  expect(store.download()?.root).toEqual(root);
  const proved = await store.proveRange(0, chunk.records);
  const { started } = database;
  database.fault = 'write';
  await expect(store.commitRange(proved)).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_WRITE_FAILED' });
  expect(database.started).toBe(started + 1);
  database.fault = undefined;
  await store.close();
  const reopened = await openStore(database);
  expect(reopened.download()?.proved.size).toBe(0);
  await reopened.commitRange(await reopened.proveRange(0, chunk.records));
  expect(reopened.download()?.proved.size).toBe(1);
  await reopened.close();
});

test.each(['prepareBlock', 'commitBlock'] as const)(
  'a database that was closed before %s is told as a typed error',
  async (call) => {
    const store = await filled();
    const prepared = await store.prepareBlock(2, changed);
    await database.close();
    const calling =
      call === 'prepareBlock'
        ? store.prepareBlock(2, [{ key: bytes(9), value: bytes(1) }])
        : store.commitBlock(prepared);
    await expect(calling).rejects.toMatchObject({
      code: expect.stringMatching(/^ANCESTRAL_RECORDS_(READ|WRITE)_FAILED$/),
    });
    await store.close();
  },
);
