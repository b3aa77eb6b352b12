// Makes the database that is going to be damaged: a compacted base, tables of later blocks, and a log that is not empty.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  changesAt,
  digestOf,
  files,
  genesis,
  openDatabase,
  openStore,
  readEverything,
  snapshotHeights,
  tipHeight,
} from './chain.mjs';

/** The database with a history of what it held after each of its batches. */
function recorded(database, history) {
  let last = Promise.resolve();
  return new Proxy(database, {
    get(target, name) {
      const found = Reflect.get(target, name, target);
      if (name !== 'batch') return typeof found === 'function' ? found.bind(target) : found;
      return (writes, options) => {
        last = last.then(async () => {
          await target.batch(writes, options);
          history.push(digestOf((await readEverything(target)).entries));
        });
        return last;
      };
    },
  });
}

/** Fills `folder`: `db`, a snapshot file for each retained snapshot, and `facts.json`. */
export async function prepare(folder, { records, changes }) {
  await mkdir(folder, { recursive: true });
  const size = { records, changes };
  let database = await openDatabase(join(folder, 'db'));
  let store = await openStore(database);
  await store.initialize({ records: genesis(records) });
  const grow = async (height) => {
    for (let next = store.height + 1; next <= height; next++) {
      await store.commitBlock(await store.prepareBlock(next, changesAt(next, size)));
      if (snapshotHeights.includes(next)) await store.awaitSnapshot(next);
    }
    await store.maintenance();
  };
  await grow(10);
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await grow(17);
  await store.close();
  await database.close();
  /* From here on every batch is remembered, since a damaged log may end after any of them. */
  database = await openDatabase(join(folder, 'db'));
  const history = [digestOf((await readEverything(database)).entries)];
  store = await openStore(recorded(database, history));
  await grow(tipHeight);
  const snapshots = [];
  for (const { height, root, stateRoot } of store.snapshots()) {
    await files.writeSnapshotFile(store, join(folder, `snapshot-${height}`), { height });
    snapshots.push({
      height,
      root: Buffer.from(root).toString('hex'),
      stateRoot: Buffer.from(stateRoot).toString('hex'),
    });
  }
  const { entries } = await readEverything(database);
  await store.close();
  await database.close();
  await writeFile(join(folder, 'facts.json'), JSON.stringify({ snapshots, history, entries: [...entries] }));
}
