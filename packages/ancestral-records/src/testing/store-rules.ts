import { compareBytes } from '@hs/bytes';
import { allState } from '../layout.js';
import { type StateParameters, withDefaults } from '../parameters.js';
import { StateStore } from '../state-store.js';
import { expectBytes, expectEntries, expectTrue } from './assertions.js';
import type { DatabaseRule } from './batch-rules.js';
import type { DatabaseSession } from './database-session.js';
import { changesOf, expectModel, PlainModel, pack, readState } from './plain-model.js';
import { simpleHasher, simpleStateRoot } from './simple-hasher.js';

const parameters: StateParameters = withDefaults({
  identity: new Uint8Array(32).fill(1),
  statePrefixes: [5, 6, 255],
  snapshotPeriod: 5,
  maxRangeRecords: 8,
});

/** A key outside of the state whose value is the height, written in each block's batch. */
const heightKey: Uint8Array = Uint8Array.of(70, 1);

/** A real store on the database of a session, beside a plain model of it. */
class ModelledStore {
  readonly #session: DatabaseSession;
  readonly model = new PlainModel();
  store!: StateStore;

  constructor(session: DatabaseSession) {
    this.#session = session;
  }

  async open(): Promise<this> {
    const { database } = this.#session;
    this.store = await StateStore.open({ database, hasher: simpleHasher, stateRoot: simpleStateRoot, parameters });
    if (this.store.phase === 'empty') await this.store.initialize({ records: [] });
    return this;
  }

  async reopen(how: 'reopen' | 'crash' = 'reopen'): Promise<void> {
    await this.store.close();
    await this.#session[how]();
    await this.open();
  }

  async block(): Promise<void> {
    const height = this.model.height + 1;
    const changes = changesOf(height);
    this.model.block(changes);
    const prepared = await this.store.prepareBlock(height, changes);
    expectBytes(prepared.stateRoot, await this.model.stateRoot(height), `the state root of block ${height}`);
    await this.store.commitBlock(prepared, { otherWrites: [{ key: heightKey, value: Uint8Array.of(height) }] });
  }

  async check(): Promise<void> {
    await expectModel(this.store, this.model);
    const value = await this.store.get(heightKey);
    expectBytes(value, Uint8Array.of(this.model.height), 'the record that each block writes beside the state');
  }

  /** Ends with the store closed, whatever happens in between. */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      await this.store.close();
    }
  }
}

/** Rules about a `StateStore` on the database, compared with a plain model. */
export const storeRules: Readonly<Record<string, DatabaseRule>> = {
  'a store equals a plain model over blocks and reopening': async (session) => {
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      for (let height = 1; height <= 23; height++) {
        await run.block();
        if (height % 6 === 0) await run.reopen();
        if (height % 4 === 3) await run.check();
      }
      await run.store.maintenance();
      await run.reopen();
      await run.check();
    });
  },

  'a store equals a plain model after crashes': async (session) => {
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 4; i++) await run.block();
        await run.reopen('crash');
        await run.check();
      }
    });
  },

  'a snapshot that is read while blocks go on is the state of its height': async (session) => {
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      while (run.model.height < 10) await run.block();
      for (const height of [5, 10]) {
        const expected = run.model.records(height);
        const last = run.model.height + 4;
        const read = await readState(run.store, height, async () => {
          if (run.model.height < last) await run.block();
        });
        expectTrue(run.model.height === last, 'no block was committed while the snapshot was read');
        expectEntries(read, expected, `snapshot ${height}`);
      }
    });
  },

  'a rewind leads back to a snapshot, and other blocks lead on from there': async (session) => {
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      for (const [to, back] of [
        [8, 5],
        [12, 10],
        [14, 10],
        [13, 5],
      ] as const) {
        while (run.model.height < to) await run.block();
        await run.store.maintenance();
        const target = run.store.snapshots().find(({ height }) => height === back)?.height ?? 10;
        await run.store.rewind(target, { otherWrites: [{ key: heightKey, value: Uint8Array.of(target) }] });
        run.model.rewind(target);
        await run.check();
        await run.reopen();
        await run.check();
      }
    });
  },

  'a download that is interrupted goes on, and equals the snapshot': async (session) => {
    const model = new PlainModel();
    for (let height = 1; height <= 5; height++) model.block(changesOf(height));
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      for (let height = 1; height <= 5; height++) await run.block();
      await run.store.maintenance();
      const [, snapshot] = run.store.snapshots();
      expectTrue(snapshot?.height === 5, 'there is no snapshot 5');
      const manifest = await run.store.manifest(5);
      await run.store.reset();
      expectTrue((await session.entries(allState)).length === 0, 'state is left');
      await run.store.beginDownload(manifest);
      for (const index of manifest.entries.keys()) {
        if (index % 3 === 1) {
          await run.reopen();
          const proved = run.store.download()?.proved.size;
          expectTrue(proved === index, `${proved} of ${index} committed ranges are there after reopening`);
        }
        const { startKey, endKey } = manifest.range(index);
        const records = model.records(5).filter(([key]) => isWithin(key, startKey, endKey));
        await run.store.commitRange(await run.store.proveRange(index, pack(records)));
      }
      await run.store.finishDownload({ stateRoot: await model.stateRoot(5) });
      await run.check();
      while (run.model.height < 12) await run.block();
      await run.reopen();
      await run.check();
    });
  },

  'records outside of the state keep their order and stay through a reset': async (session) => {
    const run = await new ModelledStore(session).open();
    await run.during(async () => {
      const keys = Array.from({ length: 40 }, (_, i) => Uint8Array.of(80, i * 6));
      await run.store.write(keys.map((key) => ({ key, value: key })));
      await run.store.write([{ key: keys[7] as Uint8Array, value: undefined }]);
      await run.block();
      await run.store.reset();
      await run.reopen();
      const expected = keys.filter((_, i) => i !== 7).map((key) => [key, key] as const);
      for (const reverse of [false, true]) {
        const read: [Uint8Array, Uint8Array][] = [];
        for await (const entry of run.store.others({ gte: Uint8Array.of(80), lt: Uint8Array.of(81), reverse })) {
          read.push(entry);
        }
        expectEntries(read, reverse ? [...expected].reverse() : expected, 'the records outside of the state');
      }
    });
  },
};

function isWithin(key: Uint8Array, startKey: Uint8Array, endKey: Uint8Array | undefined): boolean {
  return compareBytes(key, startKey) >= 0 && (endKey === undefined || compareBytes(key, endKey) < 0);
}
