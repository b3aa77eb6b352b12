/**
 * Reading a whole snapshot in chunks against a bare iterator over as many records, and two hard snapshots: one of which every
 * key was rewritten since, one after which as many keys were created. After a build:
 *
 * `node bench/read.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--rounds 5] [--changes 1000]
 * [--interval 200] [--threads 2] [--sync]`
 *
 * The bare iterator runs on the idle database. Beside the snapshot, blocks of `--changes` are committed every `--interval` ms.
 * What is read of the hard snapshots is hashed and compared with the snapshot's sums. `--store` is the entry of another
 * build of the package.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allState, encodings, openDatabase } from './support/bare-database.mjs';
import { openHasher } from './support/hasher.mjs';
import { keyAt, packedRecords, prefix, randomChanges, randomFrom, recordBytes, valueFrom } from './support/records.mjs';
import { count, machine, median, printTable, timed } from './support/report.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    changes: { type: 'string', default: '1000' },
    interval: { type: 'string', default: '200' },
    threads: { type: 'string', default: '2' },
    sync: { type: 'boolean', default: false },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
  },
});
const [records, rounds, blockChanges, intervalMs, threads] = [
  'records',
  'rounds',
  'changes',
  'interval',
  'threads',
].map((name) => count(chosen[name], name));
const { StateStore, withDefaults } = await import(pathToFileURL(resolve(chosen.store)).href);
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix], snapshotPeriod: 100_000 });
const { hasher, stateRoot, name: hasherName, close: closeHasher } = await openHasher(chosen.hasher, threads);
const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-read-'));

/** A store with so many records at height 0. */
async function openStore(name, size) {
  const database = await openDatabase(join(folder, name));
  const store = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: chosen.sync });
  await store.initialize({ records: packedRecords(size) });
  return { database, store };
}

async function commit(store, changes) {
  await store.commitBlock(await store.prepareBlock(store.height + 1, changes));
}

/** Commits all changes in large blocks. */
async function commitAll(store, total, changeAt) {
  const blockSize = 50_000;
  for (let from = 0; from < total; from += blockSize) {
    const size = Math.min(blockSize, total - from);
    await commit(
      store,
      Array.from({ length: size }, (_, i) => changeAt(from + i)),
    );
  }
}

/** Commits blocks at an even pace until it is stopped; resolves to their number and longest time. */
function commitSteadily(store) {
  const random = randomFrom(records);
  let isStopped = false;
  const run = async () => {
    const took = [];
    while (!isStopped) {
      const changes = randomChanges(records, blockChanges, random);
      const ms = await timed(() => commit(store, changes));
      took.push(ms);
      await sleep(Math.max(0, intervalMs - ms));
    }
    return took;
  };
  const running = run();
  return async () => {
    isStopped = true;
    return running;
  };
}

async function bareIteration(database) {
  const iterator = database.iterator({ ...allState, ...encodings, highWaterMarkBytes: 256 * 1024 });
  while ((await iterator.nextv(1024)).length > 0);
  await iterator.close();
}

async function readAll(store, height, onChunk = () => undefined) {
  for (let startKey = Uint8Array.of(prefix); startKey !== undefined; ) {
    const chunk = await store.readChunk({ height, startKey });
    await onChunk(chunk);
    startKey = chunk.nextKey;
  }
}

async function speed() {
  const { database, store } = await openStore('speed', records);
  const random = randomFrom(records + 1);
  for (let block = 0; block < 20; block++) await commit(store, randomChanges(records, blockChanges, random));
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  const kinds = {
    bare: () => bareIteration(database),
    tip: () => readAll(store, store.height),
    snapshot: () => readAll(store, 0),
  };
  const ms = { bare: [], tip: [], snapshot: [], busy: [] };
  const blocks = [];
  for (const run of Object.values(kinds)) await run();
  for (let round = 0; round < rounds; round++) {
    for (const [kind, run] of Object.entries(kinds)) ms[kind].push(await timed(run));
    const stop = commitSteadily(store);
    ms.busy.push(await timed(() => readAll(store, 0)));
    blocks.push(...(await stop()));
    await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  }
  await store.close();
  await database.close();
  const bareMs = median(ms.bare);
  const row = (name, list) => {
    const middle = median(list);
    return [name, middle.toFixed(0), ((records / middle) * 1000).toFixed(0), (bareMs / middle).toFixed(2)];
  };
  printTable(
    ['what', 'ms', 'records/s', 'of the bare rate'],
    [
      row('bare iterator, idle', ms.bare),
      row('the tip in chunks, idle', ms.tip),
      row('a snapshot in chunks, idle', ms.snapshot),
      row(`the same, ${blockChanges} changes every ${intervalMs} ms`, ms.busy),
    ],
  );
  console.log(
    `\n${blocks.length} blocks beside the reading took ${median(blocks).toFixed(0)} ms in the middle, ` +
      `${Math.max(...blocks).toFixed(0)} ms at most.`,
  );
}

/** Reads snapshot 0, hashes it, and compares it with the sums the store had then. */
async function checkedRead(name, store, before) {
  const rssBefore = process.memoryUsage.rss();
  const largest = { bytes: 0, ms: 0, rss: rssBefore };
  let chunks = 0;
  let empty = 0;
  let read = 0;
  let sum = await hasher.sum({ bytes: new Uint8Array(0), offsets: new Uint32Array(0) });
  let last = performance.now();
  const ms = await timed(() =>
    readAll(store, 0, async (chunk) => {
      largest.ms = Math.max(largest.ms, performance.now() - last);
      largest.bytes = Math.max(largest.bytes, chunk.recordBytes);
      largest.rss = Math.max(largest.rss, process.memoryUsage.rss());
      chunks++;
      if (chunk.records.offsets.length === 0) empty++;
      read += chunk.records.offsets.length / 4;
      sum = await hasher.combine(sum, await hasher.sum(chunk.records));
      last = performance.now();
    }),
  );
  const checksum = Buffer.from(await hasher.encode(sum)).toString('hex');
  const expected = before.get(prefix);
  if (checksum !== Buffer.from(expected.checksum).toString('hex')) throw new Error(`${name}: the sum differs`);
  if (read !== expected.count) throw new Error(`${name}: ${read} records instead of ${expected.count}`);
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
  return [
    name,
    read,
    chunks,
    empty,
    mebibytes(largest.bytes),
    largest.ms.toFixed(0),
    ms.toFixed(0),
    `${mebibytes(rssBefore)}, ${mebibytes(largest.rss)}`,
    'equal',
  ];
}

async function hardSnapshots() {
  const rows = [];
  for (const [name, size, changeAt] of [
    ['every key rewritten since', records, (i, random) => ({ key: keyAt(i, records), value: valueFrom(random) })],
    [
      'as many keys created since',
      Math.ceil(records / 1000),
      (i, random) => ({ key: keyAt(i, records + 7), value: valueFrom(random) }),
    ],
  ]) {
    const { database, store } = await openStore(name, size);
    const before = store.summaries();
    const random = randomFrom(size);
    await commitAll(store, records, (i) => changeAt(i, random));
    rows.push(await checkedRead(name, store, before));
    await store.close();
    await database.close();
  }
  printTable(
    [
      `snapshot (${records} changes)`,
      'records read',
      'chunks',
      'empty ones',
      'largest chunk, MiB',
      'longest chunk, ms',
      'ms with hashing',
      'RSS before and at most, MiB',
      'sum',
    ],
    rows,
  );
}

try {
  console.log(`${machine()}\n${hasherName}`);
  console.log(
    `${records} records of ${recordBytes} bytes, sync ${chosen.sync ? 'on' : 'off'}, median of ${rounds} rounds`,
  );
  await speed();
  await hardSnapshots();
} finally {
  await closeHasher();
  await rm(folder, { recursive: true, force: true });
}
