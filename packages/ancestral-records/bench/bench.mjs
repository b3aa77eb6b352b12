// Ratios of the store to a bare LevelDB on the same data in the same run. `node bench/bench.mjs` after a build.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { StateStore, withDefaults } from '../dist/index.js';

const stateRecords = 200_000;
const blockChanges = 5000;
const blocks = 20;
const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
/** A hasher that costs next to nothing, so that what remains is the store. */
const hasher = {
  sum: async ({ groupCount = 1 }) => new Uint8Array(128 * groupCount).fill(1),
  combine: async (left) => left.slice(),
  encode: async (sums) => new Uint8Array(sums.length / 4).fill(1),
  decode: async (encoded) => new Uint8Array(encoded.length * 4).fill(1),
};
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [5], snapshotPeriod: 1000 });

let seed = 1;
const random = () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed;
};
const keyOf = (i) => {
  const key = new Uint8Array(33);
  key[0] = 5;
  const view = new DataView(key.buffer);
  for (let at = 1; at + 4 <= 33; at += 4) view.setUint32(at, Math.imul(i + at, 2_654_435_761) >>> 0);
  return key;
};
const randomValue = () => {
  const value = new Uint8Array(117);
  for (let at = 0; at < value.length; at++) value[at] = random() & 255;
  return value;
};

const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-bench-'));
const open = async (name) => {
  const database = new ClassicLevel(join(folder, name), encodings);
  await database.open();
  return database;
};
const timed = async (work) => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
const row = (name, storeMs, bareMs) => {
  console.log(`| ${name} | ${storeMs.toFixed(0)} | ${bareMs.toFixed(0)} | ${(storeMs / bareMs).toFixed(2)} |`);
};

try {
  const database = await open('store');
  const store = await StateStore.open({
    database,
    hasher,
    stateRoot: () => new Uint8Array(32),
    parameters,
    isSynced: false,
  });
  const keys = Array.from({ length: stateRecords }, (_, i) => keyOf(i)).sort(Buffer.compare);
  function* packs() {
    for (let at = 0; at < keys.length; at += 4096) {
      const group = keys.slice(at, at + 4096);
      const bytes = new Uint8Array(group.length * 150);
      const offsets = new Uint32Array(group.length * 4);
      for (const [i, key] of group.entries()) {
        bytes.set(key, i * 150);
        bytes.set(randomValue(), i * 150 + 33);
        offsets.set([i * 150, i * 150 + 33, i * 150 + 33, i * 150 + 150], 4 * i);
      }
      yield { bytes, offsets };
    }
  }
  await store.initialize({ records: packs() });
  const bare = await open('bare');
  for (const { bytes, offsets } of packs()) {
    const writes = [];
    for (let i = 0; i < offsets.length; i += 4) {
      writes.push({
        type: 'put',
        key: bytes.slice(offsets[i], offsets[i + 1]),
        value: bytes.slice(offsets[i + 2], offsets[i + 3]),
      });
    }
    await bare.batch(writes, encodings);
  }
  console.log(
    `${cpus()[0].model}, Node ${process.version}, ${stateRecords} records of 150 bytes, sync off, trivial hasher\n`,
  );
  console.log('| what | store ms | bare ms | ratio |\n|---|---|---|---|');

  let storeMs = 0;
  let bareMs = 0;
  for (let height = 1; height <= blocks; height++) {
    const changes = Array.from({ length: blockChanges }, () => ({
      key: keys[random() % stateRecords],
      value: randomValue(),
    }));
    storeMs += await timed(async () => store.commitBlock(await store.prepareBlock(height, changes)));
    const writes = changes.flatMap(({ key, value }) => [
      { type: 'put', key, value },
      { type: 'put', key: Buffer.concat([new Uint8Array(9), key]), value },
    ]);
    bareMs += await timed(() => bare.batch(writes, encodings));
  }
  row(`${blocks} blocks of ${blockChanges} changes; bare: batches of state and ancestral records`, storeMs, bareMs);

  const iterate = (from, gte, lt) => async () => {
    const iterator = from.iterator({ gte, lt, ...encodings, highWaterMarkBytes: 256 * 1024 });
    while ((await iterator.nextv(1000)).length > 0);
    await iterator.close();
  };
  const readAll = (height) => async () => {
    for (let startKey = Uint8Array.of(5); startKey !== undefined; ) {
      ({ nextKey: startKey } = await store.readChunk({ height, startKey }));
    }
  };
  const bareIterator = iterate(database, Uint8Array.of(1), Uint8Array.of(2));
  for (const [name, height] of [
    ['the tip in chunks; bare: iterator over the state', blocks],
    [`snapshot 0 after ${blocks} blocks; bare: iterator over the state`, 0],
  ]) {
    await readAll(height)();
    await bareIterator();
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push([await timed(readAll(height)), await timed(bareIterator)]);
    const median = (column) => runs.map((run) => run[column]).sort((a, b) => a - b)[2];
    row(name, median(0), median(1));
  }
  await store.close();
  await Promise.all([database.close(), bare.close()]);
} finally {
  await rm(folder, { recursive: true, force: true });
}
