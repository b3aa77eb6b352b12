// Works on a store until it is killed: `node worker.mjs <folder> blocks|download`. Each line on stdout is something durable.
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { StateStore, withDefaults } from '../../dist/index.js';
import { changesOf, hasher, period, stateRoot } from './chain.mjs';

const [folder, job] = process.argv.slice(2);
const parameters = withDefaults({
  identity: new Uint8Array(32).fill(7),
  statePrefixes: [5, 6, 9, 255],
  snapshotPeriod: period,
});
const say = (line) => process.stdout.write(`${line}\n`);
const openStore = (database) => StateStore.open({ database, hasher, stateRoot, parameters });

async function nextBlock(store) {
  const height = store.height + 1;
  const prepared = await store.prepareBlock(height, changesOf(height));
  const otherWrites = [{ key: Uint8Array.of(70), value: new Uint8Array(Buffer.from(String(height))) }];
  await store.commitBlock(prepared, { otherWrites });
  return height;
}

async function blocks(store) {
  if (store.phase === 'empty') await store.initialize({ records: [] });
  for (;;) {
    const height = await nextBlock(store);
    say(`height ${height}`);
    if (height % 37 === 0) {
      const [oldest] = store.snapshots();
      say(`rewind ${oldest.height}`);
      await store.rewind(oldest.height);
    }
    if (height % 150 === 0) {
      say('reset');
      await store.reset();
      await store.initialize({ records: [] });
    }
  }
}

async function download(store) {
  const memory = new MemoryLevel({ storeEncoding: 'view' });
  await memory.open();
  const source = await openStore(memory);
  await source.initialize({ records: [] });
  for (;;) {
    while (source.height % period !== 0 || source.height === 0) await nextBlock(source);
    const { height } = source;
    if (store.phase === 'ready') {
      say('reset');
      await store.reset();
    }
    if (store.phase === 'empty' || store.download().height <= height)
      await store.beginDownload(await source.manifest(height));
    const { manifest } = store.download();
    if (manifest.height > height) {
      await nextBlock(source);
      continue;
    }
    for (const index of manifest.entries.keys()) {
      if (store.download().proved.has(index)) continue;
      const { records } = await source.readChunk({ height, startKey: manifest.range(index).startKey });
      await store.commitRange(await store.proveRange(index, records));
      say(`proved ${height} ${index}`);
    }
    await store.finishDownload({ stateRoot: source.stateRoot() });
    say(`height ${height}`);
    await nextBlock(source);
  }
}

const database = new ClassicLevel(folder);
await database.open();
const store = await openStore(database);
say(`open ${store.phase}`);
await (job === 'blocks' ? blocks(store) : download(store));
