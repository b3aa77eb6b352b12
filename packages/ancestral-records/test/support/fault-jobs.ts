import type { RecordChange, StateDatabase, StateParameters, StateStore } from '../../src/index.js';
import { changesOf as chainChanges } from '../crash/chain.mjs';
import { bytes, pack } from './plain-state.js';
import { memoryStore, openStore, parameters } from './stores.js';

/** A height, or a phase without one. */
export type Standing = number | 'empty' | 'downloading';

/** One completed operation, and where the store stands when it is done. */
export interface Step {
  readonly to: Standing;
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

const block = (height: number): Step => ({ to: height, run: (store) => commit(store, chainChanges(height)) });
const settle = (at: Standing): Step => ({ to: at, run: (store) => store.maintenance() });
const blocks = (from: number, to: number): Step[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [block(from + i), settle(from + i)]).flat();
const genesis: Step = { to: 0, run: (store) => store.initialize({ records: [pack([]), pack([])] }) };
const reset: Step = { to: 'empty', run: (store) => store.reset() };
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

/** A chain whose first block of each epoch changes so many keys that deleting and rewinding take several steps. */
const wide = parameters({ snapshotPeriod: 2, retainedEpochs: 2, maxRangeRecords: 1, maxKeyBytes: 64 });
function wideChanges(height: number): RecordChange[] {
  const changes: RecordChange[] = [];
  for (let i = 0; i < (height % 2 === 1 ? 2200 : 20); i++) {
    const value = (i + height) % 9 === 0 ? undefined : bytes(height, i & 255);
    changes.push({ key: bytes(5, i >> 8, i & 255), value });
  }
  return changes;
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
