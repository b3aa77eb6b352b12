import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RecordChange, StateStore } from '../src/index.js';
import { plainEntries, rangesOf } from './support/plain-ranges.js';
import {
  apply,
  believed,
  bytes,
  hex,
  type PlainState,
  packState,
  readAll,
  rootOfState,
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

/** Keys that are often equal, and often prefixes of each other. */
const key = fc
  .tuple(fc.constantFrom(5, 6, 9, 255), fc.array(fc.constantFrom(0, 1, 255), { maxLength: 3 }))
  .map(([prefix, rest]) => bytes(prefix, ...rest));
const value = fc.option(
  fc.oneof(
    fc.constant(bytes()),
    fc.constantFrom(0, 1, 2).map((byte) => bytes(byte)),
    fc.uint8Array({ maxLength: 40 }),
  ),
  { nil: undefined, freq: 3 },
);
const change = fc.record({ key, value });
const limits = fc.record({
  maxBytes: fc.constantFrom(0, 1, 7, 40, 1000),
  maxScanBytes: fc.constantFrom(0, 1, 30, 200, 100_000),
  maxScanMs: fc.constantFrom(0, 1000),
});
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('block' as const), changes: fc.array(change, { maxLength: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty-prefix' as const), prefix: fc.constantFrom(5, 6) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), pick: fc.nat(), limits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('get' as const), keys: fc.array(key) }) },
);
const history = fc.record({
  retainedEpochs: fc.integer({ min: 1, max: 4 }),
  snapshotPeriod: fc.integer({ min: 1, max: 4 }),
  cacheBytes: fc.constantFrom(0, 600, 1 << 20),
  maxRangeRecords: fc.constantFrom(1, 2, 3, 5, 4096),
  maxRangeBytes: fc.constantFrom(1, 10, 50, 1 << 22),
  genesis: fc.array(change, { maxLength: 12 }),
  steps: fc.array(step, { minLength: 1, maxLength: 45 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly #history: History;
  readonly #test: TestDatabase;
  /** Full copies of the state after each block. */
  readonly copies: PlainState[];
  /** Heights of the snapshots that are servable once the newest manifest is complete, and those that are held for good. */
  kept: number[] = [0];
  readonly held = new Set<number>();
  database!: OpenDatabase;
  store!: StateStore;

  constructor(chosen: History, testDatabase: TestDatabase) {
    this.#history = chosen;
    this.#test = testDatabase;
    this.copies = [apply(new Map(), chosen.genesis)];
  }

  get height(): number {
    return this.copies.length - 1;
  }

  get state(): PlainState {
    return this.copies[this.height] as PlainState;
  }

  async open(): Promise<void> {
    const { retainedEpochs, snapshotPeriod, cacheBytes, maxRangeRecords, maxRangeBytes } = this.#history;
    this.held.clear();
    this.database = await this.#test.open();
    this.store = await openStore(this.database, {
      parameters: parameters({ retainedEpochs, snapshotPeriod, maxRangeRecords, maxRangeBytes, maxKeyBytes: 5 }),
      cacheBytes,
      maxHeldSnapshots: 2,
    });
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.database.close();
  }

  async block(changes: readonly RecordChange[]): Promise<void> {
    const next = apply(this.state, changes);
    const prepared = await this.store.prepareBlock(this.height + 1, changes);
    expect(hex(prepared.stateRoot)).toBe(rootOfState(next));
    await this.store.commitBlock(prepared);
    this.copies.push(next);
    const { retainedEpochs, snapshotPeriod } = this.#history;
    if (this.height % snapshotPeriod !== 0) return;
    const kept = [...this.kept, this.height];
    this.kept = kept.filter((height, index) => index >= kept.length - retainedEpochs || this.held.has(height));
  }

  hold(height: number): void {
    const isRefused = !this.held.has(height) && this.held.size >= 2;
    expect(this.store.hold(height, 1e9)).toBe(!isRefused);
    if (!isRefused) this.held.add(height);
  }

  async rewind(target: number): Promise<void> {
    await this.store.rewind(target);
    this.copies.length = target + 1;
    this.kept = this.kept.filter((height) => height <= target);
  }

  servable(): number[] {
    return this.store.snapshots().map(({ height }) => height);
  }

  async check(): Promise<void> {
    const { store, height, state } = this;
    expect(store.height).toBe(height);
    expect(hex(store.stateRoot())).toBe(rootOfState(state));
    expect(believed(store)).toEqual(summarize(state));
    expect(await readAll(store, height)).toEqual(sorted(state));
    for (const snapshot of store.snapshots()) {
      const copy = this.copies[snapshot.height] as PlainState;
      expect(await readAll(store, snapshot.height)).toEqual(sorted(copy));
      expect(hex(snapshot.stateRoot)).toBe(rootOfState(copy));
      const manifest = await store.manifest(snapshot.height);
      expect(hex(manifest.root(store.parameters.identity))).toBe(hex(snapshot.root));
      expect(plainEntries(manifest.entries)).toEqual(rangesOf(copy, store.parameters));
      expect(snapshot.records).toBe(copy.size);
    }
  }
}

async function play(chosen: History, testDatabase: TestDatabase): Promise<void> {
  const { snapshotPeriod: period } = chosen;
  const run = new Run(chosen, testDatabase);
  await run.open();
  await run.store.initialize({ records: [packState(run.state)] });
  let random = 1;
  for (const each of chosen.steps) {
    if (each.do === 'block') await run.block(each.changes);
    else if (each.do === 'empty-prefix') {
      const keys = sorted(run.state).map(([keyHex]) => new Uint8Array(Buffer.from(keyHex, 'hex')));
      await run.block(keys.filter((k) => k[0] === each.prefix).map((k) => ({ key: k, value: undefined })));
    } else if (each.do === 'reopen') {
      await run.close();
      await run.open();
    } else if (each.do === 'get') {
      const found = await run.store.getMany(each.keys);
      expect(found.map((v) => v && hex(v))).toEqual(
        each.keys.map((k) => run.state.get(hex(k))).map((v) => v && hex(v)),
      );
    } else if (each.do === 'rewind') {
      const heights = run.servable();
      const target = heights[each.pick % heights.length] as number;
      await run.rewind(target);
      await run.check();
    } else if (each.do === 'hold') {
      const heights = run.servable();
      run.hold(heights[each.pick % heights.length] as number);
    } else {
      const heights = run.servable();
      const height = heights[each.pick % heights.length] as number;
      const copy = sorted(run.copies[height] as PlainState);
      let isRetired = false;
      const reading = readAll(run.store, height, {
        limits: () => each.limits,
        between: async () => {
          random = (random * 48_271) % 2_147_483_647;
          if (random % 4 !== 0) return;
          const changes = chosen.genesis.slice(0, 1 + (random % 5)).map(({ key: k }, i) => {
            return { key: k, value: (random + i) % 3 === 0 ? undefined : bytes(random % 256, i) };
          });
          await run.block(changes);
        },
      });
      const outcome = await reading.catch((error: { code?: string }) => error.code);
      isRetired ||= !run.servable().includes(height);
      if (isRetired) expect([copy, 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE']).toContainEqual(outcome);
      else expect(outcome).toEqual(copy);
    }
    const newest = Math.floor(run.height / period) * period;
    await run.store.awaitSnapshot(newest);
    expect(run.servable()).toEqual(run.kept);
  }
  await run.check();
  await run.store.maintenance();
  const ancestral = await countAncestralBefore(run.database, run.kept[0] as number);
  expect(ancestral).toBe(0);
  await run.close();
}

async function countAncestralBefore(database: OpenDatabase, epoch: number): Promise<number> {
  const lt = Buffer.alloc(9, 3);
  lt.writeBigUInt64BE(BigInt(epoch), 1);
  const iterator = database.iterator({ gte: bytes(3), lt, keyEncoding: 'view', valueEncoding: 'view' });
  const entries = await iterator.nextv(10);
  await iterator.close();
  return entries.length;
}

describe('a store equals full copies over random histories', () => {
  test('on memory-level', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (chosen) => {
        const database = memoryDatabase();
        await play(chosen, database);
      }),
      { numRuns: 150 },
    );
  });

  test('on classic-level', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (chosen) => {
        const database = await classicDatabase();
        try {
          await play(chosen, database);
        } finally {
          await database.remove();
        }
      }),
      { numRuns: 25 },
    );
  });
});
