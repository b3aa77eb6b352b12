import {
  type DatabaseWrite,
  importSnapshot,
  type RecordChange,
  rawDatabaseSource,
  rebuildState,
  repairState,
  type StateDatabase,
  type StateParameters,
  type StateStore,
  storeSource,
} from '../../src/index.js';
import { pageKey } from '../../src/layout.js';
import { changesOf as chainChanges } from '../crash/chain.mjs';
import { bytes, pack } from './plain-state.js';
import { fileOf, open } from './snapshot-files.js';
import { memoryDatabase, memoryStore, openStore, parameters } from './stores.js';

/** A height, or a phase without one. */
export type Standing = number | 'empty' | 'downloading' | 'unproved';

/** One completed operation, and where the store stands when it is done. */
export interface Step {
  readonly to: Standing;
  /** Where it may be found in between. */
  readonly via?: Standing;
  run(store: StateStore): Promise<void>;
}

/** Something a store does, on a database that other steps have prepared. */
export interface FaultJob {
  readonly name: string;
  readonly parameters: StateParameters;
  /** Changes of each block of the chain. */
  changesOf(height: number): readonly RecordChange[];
  /** Writes what the database holds before; closes its store. */
  prepare(database: StateDatabase): Promise<void>;
  /** Where the store stands before the steps. */
  readonly from: Standing;
  steps(): Promise<Step[]> | Step[];
  /** Does again, on what is left, what must be done before the state can be expected to be whole: leads to height 6. */
  readonly again?: () => Promise<(store: StateStore) => Promise<void>>;
}

const small = parameters({ snapshotPeriod: 3, retainedEpochs: 2, maxRangeRecords: 4, maxKeyBytes: 64 });
const chosen = { parameters: small };
/** Each prefix is one range. */
const whole = parameters({ snapshotPeriod: 3, retainedEpochs: 2, maxKeyBytes: 64 });

export async function commit(store: StateStore, changes: readonly RecordChange[]): Promise<void> {
  const height = (store.height as number) + 1;
  const prepared = await store.prepareBlock(height, changes);
  await store.commitBlock(prepared, { otherWrites: [{ key: bytes(70), value: bytes(height & 255) }] });
}

export const block = (height: number): Step => ({ to: height, run: (store) => commit(store, chainChanges(height)) });
export const settle = (at: Standing): Step => ({ to: at, run: (store) => store.maintenance() });
export const blocks = (from: number, to: number): Step[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [block(from + i), settle(from + i)]).flat();
const genesis: Step = { to: 0, run: (store) => store.initialize({ records: [pack([]), pack([])] }) };
export const reset: Step = { to: 'empty', run: (store) => store.reset() };
const rewind = (to: number): Step => ({
  to,
  run: (store) => store.rewind(to, { otherWrites: [{ key: bytes(70), value: bytes(to) }] }),
});

/** Content that steps have written. */
function after(steps: readonly Step[], options = chosen): (database: StateDatabase) => Promise<void> {
  return async (database) => {
    const store = await openStore(database, options);
    for (const step of steps) await step.run(store);
    await store.close();
  };
}

/** A provider of the chain whose snapshots 3 and 6 are there. */
export async function provider(): Promise<StateStore> {
  const store = await memoryStore(chosen);
  for (const step of [genesis, ...blocks(1, 6)]) await step.run(store);
  return store;
}

/** What repairs and rebuilds take records from. */
async function replacement(height: number): Promise<ReturnType<typeof storeSource>> {
  const source = await provider();
  return storeSource(source, await source.manifest(height));
}

/** Damages records of the state and of an epoch behind the back of the store, and a manifest page. */
async function damage(database: StateDatabase, keys: readonly Uint8Array[]): Promise<void> {
  const writes: DatabaseWrite[] = [{ type: 'del', key: pageKey(6, 0) }];
  for (const [i, key] of keys.entries()) {
    writes.push(i % 2 === 0 ? { type: 'del', key } : { type: 'put', key, value: bytes(1, 200, i) });
  }
  writes.push({ type: 'put', key: bytes(2, 9, 77, 77), value: bytes(1) });
  await database.batch(writes, { keyEncoding: 'view', valueEncoding: 'view', sync: false });
}

/** Every tenth key of an interval of the database. */
async function someKeys(database: StateDatabase, gte: Uint8Array, lt: Uint8Array): Promise<Uint8Array[]> {
  const iterator = database.iterator({ gte, lt, keyEncoding: 'view', valueEncoding: 'view' });
  const keys = (await iterator.nextv(10_000)).map(([key]) => key);
  await iterator.close();
  return keys.filter((_, i) => i % 10 === 3);
}

const repair =
  (source: Awaited<ReturnType<typeof replacement>>) =>
  async (store: StateStore): Promise<void> => {
    await repairState(store, { height: 6, source });
  };

const begin = (source: StateStore, height: number): Step => ({
  to: 'downloading',
  run: async (store) => store.beginDownload(await source.manifest(height)),
});

/** Commits every `n`-th range, or all that are left. */
const ranges = (source: StateStore, height: number, n = 1): Step => ({
  to: 'downloading',
  async run(store) {
    const manifest = await source.manifest(height);
    for (const index of manifest.entries.keys()) {
      if (index % n !== 0 || store.download()?.proved.has(index) === true) continue;
      const { startKey, endKey } = manifest.range(index);
      const { records } = await source.readChunk({ height, startKey, endKey });
      await store.commitRange(await store.proveRange(index, records));
    }
  },
});

const finish = (source: StateStore, height: number): Step => ({
  to: height,
  async run(store) {
    const stateRoot = source.snapshots().find((snapshot) => snapshot.height === height)?.stateRoot;
    await store.finishDownload({ stateRoot: stateRoot as Uint8Array });
  },
});

/** A chain whose first epoch changes so many keys that deleting and rewinding it, and a manifest, take several steps. */
const wide = parameters({ snapshotPeriod: 2, retainedEpochs: 2, maxRangeRecords: 1, maxKeyBytes: 64 });
function wideChanges(height: number): RecordChange[] {
  const [count, distance] = height === 1 ? [2100, 1] : height === 2 ? [1050, 2] : [20, 50];
  return Array.from({ length: count }, (_, i) => {
    const at = i * distance;
    return { key: bytes(5, at >> 8, at & 255), value: height === 2 ? undefined : bytes(height, i & 255) };
  });
}
const wideBlock = (height: number): Step => ({ to: height, run: (store) => commit(store, wideChanges(height)) });

const job = (given: Partial<FaultJob> & Pick<FaultJob, 'name' | 'prepare' | 'from' | 'steps'>): FaultJob => ({
  parameters: small,
  changesOf: chainChanges,
  ...given,
});
const nothing = async (): Promise<void> => {};

/** Everything a store does, each in a life of a few operations. */
export const smallJobs: readonly FaultJob[] = [
  job({ name: 'genesis', prepare: nothing, from: 'empty', steps: () => [genesis, settle(0)] }),
  job({
    name: 'records outside of the state',
    prepare: after([genesis, ...blocks(1, 2)]),
    from: 2,
    steps: () =>
      [1, 2, 3].map((n) => ({ to: 2, run: (store) => store.write([{ key: bytes(80, n), value: bytes(n) }]) })),
  }),
  job({
    name: 'blocks, manifests in the background, and retired epochs',
    prepare: after([genesis, ...blocks(1, 2)]),
    from: 2,
    steps: () => [...[3, 4, 5, 6].map(block), settle(6), ...[7, 8, 9].map(block), settle(9)],
  }),
  job({
    name: 'rewind',
    prepare: after([genesis, ...blocks(1, 8)]),
    from: 8,
    steps: () => [rewind(6), settle(6), ...blocks(7, 7), rewind(3), settle(3), ...blocks(4, 6)],
  }),
  job({
    name: 'rewind while a manifest is being built',
    prepare: after([genesis, ...blocks(1, 5)]),
    from: 5,
    steps: () => [block(6), rewind(0), ...blocks(1, 3)],
  }),
  job({
    name: 'rewind while a manifest is being built that needs no record of the state',
    parameters: whole,
    prepare: after([genesis, ...blocks(1, 5)], { parameters: whole }),
    from: 5,
    steps: () => [block(6), rewind(0), ...blocks(1, 3)],
  }),
  job({
    name: 'reset',
    prepare: after([genesis, ...blocks(1, 5)]),
    from: 5,
    steps: () => [block(6), reset, genesis, ...blocks(1, 1)],
  }),
  job({
    name: 'download',
    prepare: nothing,
    from: 'empty',
    async steps() {
      const source = await provider();
      return [begin(source, 6), ranges(source, 6), finish(source, 6), ...blocks(7, 7)];
    },
  }),
  job({
    name: 'another manifest under a download',
    prepare: nothing,
    from: 'empty',
    async steps() {
      const source = await provider();
      return [
        begin(source, 3),
        ranges(source, 3, 2),
        begin(source, 6),
        ranges(source, 6),
        finish(source, 6),
        settle(6),
      ];
    },
  }),
  job({
    name: 'another manifest on a state that stands at a snapshot',
    prepare: after([genesis, ...blocks(1, 4)]),
    from: 4,
    async steps() {
      const source = await provider();
      return [rewind(3), begin(source, 6), ranges(source, 6), finish(source, 6), ...blocks(7, 9)];
    },
  }),
];

/** Import, repair and rebuilding, all of which may be called again after they were cut off. */
export const recoveryJobs: readonly FaultJob[] = [
  job({
    name: 'import of a snapshot file',
    prepare: nothing,
    from: 'empty',
    async steps() {
      const run = await importing();
      return [{ to: 6, via: 'downloading', run }, ...blocks(7, 7)];
    },
    again: importing,
  }),
  job({
    name: 'rebuilding into a fresh database',
    prepare: nothing,
    from: 'empty',
    async steps() {
      const run = await rebuilding();
      return [{ to: 6, via: 'downloading', run }, settle(6)];
    },
    again: rebuilding,
  }),
  job({
    name: 'repair of the state',
    async prepare(database) {
      await after([genesis, ...blocks(1, 6)])(database);
      await damage(database, await someKeys(database, bytes(2), bytes(3)));
    },
    from: 6,
    async steps() {
      return [{ to: 6, run: repair(await replacement(6)) }];
    },
    again: async () => repair(await replacement(6)),
  }),
  job({
    name: 'repair of the ancestral records too, which takes the tip back',
    async prepare(database) {
      await after([genesis, ...blocks(1, 8)])(database);
      await damage(database, [
        ...(await someKeys(database, bytes(2), bytes(3))),
        ...(await someKeys(database, bytes(3, 0, 0, 0, 0, 0, 0, 0, 6), bytes(4))),
      ]);
    },
    from: 8,
    async steps() {
      return [{ to: 6, run: repair(await replacement(6)) }];
    },
    again: async () => repair(await replacement(6)),
  }),
];

async function importing(): Promise<(store: StateStore) => Promise<void>> {
  const source = await provider();
  const file = await fileOf(source, 6);
  return async (store) => {
    if (store.height !== undefined) return;
    await importSnapshot(store, await open(file), { stateRoot: source.stateRoot() });
  };
}

async function rebuilding(): Promise<(store: StateStore) => Promise<void>> {
  const source = await provider();
  const broken = memoryDatabase();
  const database = await broken.open();
  await after([genesis, ...blocks(1, 6)])(database);
  await damage(database, await someKeys(database, bytes(2), bytes(3)));
  const manifest = await source.manifest(6);
  const sources = [rawDatabaseSource(database, manifest, small), storeSource(source, manifest)];
  return async (target) => {
    if (target.height !== undefined) return;
    await rebuildState({ target, manifest, stateRoot: source.stateRoot(), sources });
  };
}

/** The same with so many records that what is done in steps takes several. */
export const wideJobs: readonly FaultJob[] = [
  {
    name: 'a manifest of several pages, and deletion of an epoch in several steps',
    parameters: wide,
    changesOf: wideChanges,
    prepare: after([genesis, ...[1, 2, 3].map(wideBlock)], { parameters: wide }),
    from: 3,
    steps: () => [wideBlock(4), settle(4)],
  },
  {
    name: 'a rewind and a reset in several steps',
    parameters: wide,
    changesOf: wideChanges,
    prepare: after([genesis, ...[1, 2, 3].map(wideBlock)], { parameters: wide }),
    from: 3,
    steps: () => [rewind(2), rewind(0), wideBlock(1), reset],
  },
];
