import { expect, test } from '@jest/globals';
import type { Manifest, ProvedRange, StateDatabase, StateStore } from '../src/index.js';
import { bytes, fromHex, pack, readAll } from './support/plain-state.js';
import { memoryDatabase, openStore, parameters } from './support/stores.js';
import { rawState, verifyStore } from './support/verify-store.js';

const chosen = { parameters: parameters({ maxRangeRecords: 4 }) };
const records = Array.from({ length: 64 }, (_, index): [Uint8Array, Uint8Array] => [
  bytes(5, 4 * index),
  bytes(index, 1, 2),
]);

/** A store that serves the records with some of them changed. */
async function provider(changed: readonly number[] = []): Promise<{ store: StateStore; manifest: Manifest }> {
  const store = await openStore(await memoryDatabase().open(), chosen);
  await store.initialize({ records: [pack(records)] });
  for (let height = 1; height <= 4; height++) {
    const changes = changed.map((index) => ({ key: bytes(5, 4 * index), value: bytes(height) }));
    await store.commitBlock(await store.prepareBlock(height, changes));
  }
  await store.awaitSnapshot(4);
  return { store, manifest: await store.manifest(4) };
}

/** A database that counts its batches, and fails them when it is told to. */
async function countingDatabase(): Promise<{
  readonly database: StateDatabase;
  readonly batches: { count: number; failure: Error | undefined };
}> {
  const inner: StateDatabase = await memoryDatabase().open();
  const batches: { count: number; failure: Error | undefined } = { count: 0, failure: undefined };
  const batch: StateDatabase['batch'] = async (operations, options) => {
    batches.count++;
    if (batches.failure !== undefined) throw batches.failure;
    await inner.batch(operations, options);
  };
  const database = new Proxy(inner, {
    get(target, name) {
      if (name === 'batch') return batch;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { database, batches };
}

async function proveAll(store: StateStore, source: StateStore, manifest: Manifest): Promise<ProvedRange[]> {
  const proofs: ProvedRange[] = [];
  for (const index of manifest.entries.keys()) {
    const { startKey, endKey } = manifest.range(index);
    const chunk = await source.readChunk({ height: manifest.height, startKey, endKey });
    proofs.push(await store.proveRange(index, chunk.records));
  }
  return proofs;
}

test('ranges that wait at the same time share batches', async () => {
  const { store: source, manifest } = await provider();
  const { database, batches } = await countingDatabase();
  const store = await openStore(database, chosen);
  await store.beginDownload(manifest);
  const proofs = await proveAll(store, source, manifest);
  expect(proofs.length).toBe(16);
  const before = batches.count;
  await Promise.all([...proofs, ...proofs].map((proof) => store.commitRange(proof)));
  expect(batches.count - before).toBe(2);
  expect(store.download()?.proved.size).toBe(16);
  await store.finishDownload({ stateRoot: source.stateRoot() });
  expect(await readAll(store, 4)).toEqual(await readAll(source, 4));
  await verifyStore(store, database);
});

/** Commits ranges one by one; gives how often the database was asked for keys meanwhile. */
async function commitAll(store: StateStore, database: StateDatabase, proofs: readonly ProvedRange[]): Promise<number> {
  const iterate = database.iterator.bind(database);
  let looks = 0;
  database.iterator = (options) => {
    looks++;
    return iterate(options);
  };
  for (const proof of proofs) await store.commitRange(proof);
  database.iterator = iterate;
  return looks;
}

test('nobody looks again where nothing was, and what is there is removed, in whatever order ranges come', async () => {
  const { store: source, manifest } = await provider();
  const order = [3, 0, 1, 2, 4, 15, 5, 6, 7, 12, 8, 9, 10, 11, 13, 14];
  const junkOf = (index: number): Uint8Array[] => {
    const { startKey } = manifest.range(index);
    return [1, 2, 3].map((last) => bytes(2, ...startKey, 0, last));
  };
  for (const [junk, most] of [
    [[], 6],
    [[2, 7, 8, 15], 20],
    [[...manifest.entries.keys()], 18],
  ] as const) {
    const database: StateDatabase = await memoryDatabase().open();
    const store = await openStore(database, chosen);
    const writes = junk.flatMap(junkOf).map((key) => ({ type: 'put' as const, key, value: bytes(1) }));
    await database.batch(writes, { keyEncoding: 'view', valueEncoding: 'view', sync: false });
    await store.beginDownload(manifest);
    const proofs = await proveAll(store, source, manifest);
    const looks = await commitAll(
      store,
      database,
      order.map((index) => proofs[index] as ProvedRange),
    );
    expect(looks).toBeLessThanOrEqual(most);
    await verifyStore(store, database);
    await store.finishDownload({ stateRoot: source.stateRoot() });
    expect(await readAll(store, 4)).toEqual(await readAll(source, 4));
    await verifyStore(store, database);
  }
});

test('a mark lies within its range, and is gone when the download is', async () => {
  const { store: source, manifest } = await provider();
  const database: StateDatabase = await memoryDatabase().open();
  const store = await openStore(database, chosen);
  await store.beginDownload(manifest);
  const proofs = await proveAll(store, source, manifest);
  await store.commitRange(proofs[5] as ProvedRange);
  const { startKey, endKey = bytes() } = manifest.range(5);
  const isRecord = (key: string): boolean => key.length / 2 <= store.parameters.maxKeyBytes;
  const inside = [...(await rawState(database)).keys()];
  expect(inside.filter(isRecord)).toHaveLength(4);
  const [mark = ''] = inside.filter((key) => !isRecord(key));
  expect([Buffer.compare(fromHex(mark), startKey), Buffer.compare(fromHex(mark), endKey)]).toEqual([1, -1]);
  for (const proof of proofs) await store.commitRange(proof);
  await store.finishDownload({ stateRoot: source.stateRoot() });
  expect([...(await rawState(database)).keys()].filter((key) => !isRecord(key))).toEqual([]);
});

test('a batch takes no more than its bytes, but for one range that has more', async () => {
  const large = [0, 1, 2, 3].map((index): [Uint8Array, Uint8Array] => [
    bytes(5, 64 * index),
    new Uint8Array(index === 3 ? 3_000_000 : 900_000).fill(index),
  ]);
  const options = { parameters: parameters({ maxRangeRecords: 1, maxRangeBytes: 1 }) };
  const source = await openStore(await memoryDatabase().open(), options);
  await source.initialize({ records: [pack(large)] });
  await source.awaitSnapshot(0);
  const manifest = await source.manifest(0);
  const { database, batches } = await countingDatabase();
  const store = await openStore(database, options);
  await store.beginDownload(manifest);
  const proofs = await proveAll(store, source, manifest);
  const before = batches.count;
  await Promise.all(proofs.map((proof) => store.commitRange(proof)));
  // The first alone, since nothing else waited; the next two together; the large one by itself.
  expect([proofs.length, batches.count - before]).toEqual([4, 3]);
  await store.finishDownload({ stateRoot: source.stateRoot() });
  expect(await readAll(store, 0)).toEqual(await readAll(source, 0));
});

test('what is superseded does not keep those from being written that wait with it', async () => {
  const { store: older, manifest: first } = await provider();
  const { manifest: second } = await provider([9, 30]);
  const store = await openStore(await memoryDatabase().open(), chosen);
  await store.beginDownload(first);
  const proofs = await proveAll(store, older, first);
  await store.beginDownload(second);
  const outcomes = await Promise.allSettled(proofs.map((proof) => store.commitRange(proof)));
  const failed = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [[index, outcome.reason]] : []));
  expect(failed).toEqual([
    [2, expect.objectContaining({ code: 'ANCESTRAL_RECORDS_RANGE_SUPERSEDED' })],
    [7, expect.objectContaining({ code: 'ANCESTRAL_RECORDS_RANGE_SUPERSEDED' })],
  ]);
  expect(store.download()?.proved.size).toBe(14);
});

test('a write that fails fails every range that waits, and nothing of them is marked', async () => {
  const { store: source, manifest } = await provider();
  const { database, batches } = await countingDatabase();
  const store = await openStore(database, chosen);
  await store.beginDownload(manifest);
  const proofs = await proveAll(store, source, manifest);
  batches.failure = new Error('the disk is full');
  const outcomes = await Promise.allSettled(proofs.map((proof) => store.commitRange(proof)));
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    proofs.map(() => 'ANCESTRAL_RECORDS_WRITE_FAILED'),
  );
  batches.failure = undefined;
  const reopened = await openStore(database, chosen);
  expect(reopened.download()?.proved.size).toBe(0);
});
