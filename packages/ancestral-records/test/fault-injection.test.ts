import { describe, expect, test } from '@jest/globals';
import { MemoryLevel } from 'memory-level';
import type { DatabaseWrite, StateDatabase } from '../src/index.js';
import { changesOf } from './crash/chain.mjs';
import { bytes, pack, sorted } from './support/plain-state.js';
import { memoryStore, openStore, parameters } from './support/stores.js';
import { rawState, replay, verifyStore } from './support/verify-store.js';

/** A database whose n-th batch fails, before or after it was written, and every batch after it. */
class FaultyDatabase implements StateDatabase {
  readonly inner: MemoryLevel<Uint8Array, Uint8Array>;
  readonly #failAt: number;
  readonly #isWritten: boolean;
  writes = 0;

  constructor(inner: MemoryLevel<Uint8Array, Uint8Array>, failAt: number, isWritten: boolean) {
    this.inner = inner;
    this.#failAt = failAt;
    this.#isWritten = isWritten;
  }
  get status(): string {
    return this.inner.status;
  }
  get supports(): { explicitSnapshots?: boolean } {
    return { explicitSnapshots: true };
  }
  get: StateDatabase['get'] = (key, options) => this.inner.get(key, options);
  getMany: StateDatabase['getMany'] = (keys, options) => this.inner.getMany(keys, options);
  iterator: StateDatabase['iterator'] = (options) => this.inner.iterator(options);
  snapshot: StateDatabase['snapshot'] = () => this.inner.snapshot();
  async batch(writes: DatabaseWrite[], options: Parameters<StateDatabase['batch']>[1]): Promise<void> {
    this.writes++;
    if (this.writes < this.#failAt) return this.inner.batch(writes, options);
    if (this.writes === this.#failAt && this.#isWritten) await this.inner.batch(writes, options);
    throw new Error('no space left on device');
  }
}

const chosen = { parameters: parameters({ snapshotPeriod: 3, retainedEpochs: 2 }) };

/** Everything a store can do, in a short life; `reached` hears of each completed height. */
async function live(database: StateDatabase, reached: (height: number | undefined) => void): Promise<void> {
  const store = await openStore(database, chosen);
  try {
    await store.initialize({ records: [pack([]), pack([])] });
    reached(0);
    await store.write([{ key: bytes(70), value: bytes(1) }]);
    const grow = async (to: number): Promise<void> => {
      for (let height = (store.height ?? 0) + 1; height <= to; height++) {
        await store.commitBlock(await store.prepareBlock(height, changesOf(height)));
        reached(height);
        await store.maintenance();
      }
    };
    await grow(8);
    reached(undefined);
    await store.rewind(3);
    reached(3);
    await grow(6);
    const source = await memoryStore(chosen);
    await source.initialize({ records: [] });
    for (let height = 1; height <= 6; height++) {
      await source.commitBlock(await source.prepareBlock(height, changesOf(height)));
    }
    reached(undefined);
    await store.reset();
    for (const height of [3, 6]) {
      const manifest = await source.manifest(height);
      await store.beginDownload(manifest);
      for (const index of height === 3 ? [0, 1] : manifest.entries.keys()) {
        const { records } = await source.readChunk({ height, startKey: manifest.range(index).startKey });
        await store.commitRange(await store.proveRange(index, records));
      }
    }
    await store.finishDownload({ stateRoot: source.stateRoot() });
    reached(6);
    await grow(7);
  } finally {
    await store.close();
  }
}

describe.each([
  ['is refused', false],
  ['fails although it was written', true],
])('when the n-th write %s', (_name, isWritten) => {
  test('every n leaves a database that opens with sums that match', async () => {
    const counting = new FaultyDatabase(new MemoryLevel({ storeEncoding: 'view' }), Number.POSITIVE_INFINITY, false);
    await counting.inner.open();
    await live(counting, () => {});
    expect(counting.writes).toBeGreaterThan(30);
    for (let n = 1; n <= counting.writes; n++) {
      const inner = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
      await inner.open();
      let height: number | undefined;
      const life = live(new FaultyDatabase(inner, n, isWritten), (at) => {
        height = at;
      });
      await expect(life).rejects.toMatchObject({ code: 'ANCESTRAL_RECORDS_WRITE_FAILED' });
      const store = await openStore(inner, chosen);
      await verifyStore(store, inner);
      if (height !== undefined && store.height !== undefined) {
        expect([height, height + 1, 3]).toContain(store.height);
        if (!isWritten) expect(store.height === height || store.height === 3).toBe(true);
        expect(sorted(await rawState(inner))).toEqual(sorted(replay(store.height, changesOf)));
      }
      if (store.phase === 'empty') await store.initialize({ records: [] });
      if (store.height !== undefined) {
        const next = store.height + 1;
        await store.commitBlock(await store.prepareBlock(next, changesOf(next)));
        await store.maintenance();
        await verifyStore(store, inner);
      }
      await store.close();
    }
  });
});

describe('after a failed write', () => {
  test('the store refuses everything and says to open it again', async () => {
    const inner = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
    await inner.open();
    const store = await openStore(new FaultyDatabase(inner, 4, false), chosen);
    await store.initialize({ records: [] });
    const prepared = await store.prepareBlock(1, changesOf(1));
    const failed = { code: 'ANCESTRAL_RECORDS_WRITE_FAILED' };
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      cause: new Error('no space left on device'),
    });
    expect(store.height).toBe(0);
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('open it again'),
    });
    await expect(store.get(bytes(5))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, [])).rejects.toMatchObject(failed);
    await expect(store.maintenance()).rejects.toMatchObject(failed);
    await store.close();
    const again = await openStore(inner, chosen);
    expect(again.height).toBe(0);
    await again.commitBlock(await again.prepareBlock(1, changesOf(1)));
  });

  test('of records outside of the state, it refuses everything too', async () => {
    const inner = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
    await inner.open();
    const store = await openStore(new FaultyDatabase(inner, 4, false), chosen);
    await store.initialize({ records: [] });
    const failed = { code: 'ANCESTRAL_RECORDS_WRITE_FAILED' };
    await expect(store.write([{ key: bytes(70), value: bytes(1) }])).rejects.toMatchObject(failed);
    await expect(store.get(bytes(70))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, changesOf(1))).rejects.toMatchObject(failed);
    await store.close();
  });
});
