/**
 * Committing blocks: the store, with reading old values, hashing and sums all counted, against a bare LevelDB that is given
 * the very batches the store wrote. After a build:
 *
 * `node bench/commit.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--small 10000] [--changes 5000]
 * [--blocks 20] [--threads 2] [--cache 67108864] [--sync]`
 *
 * Both databases start as copies of one folder, and blocks alternate between them. `--small` is a second, smaller state,
 * to see what size costs; 0 leaves it out. `--store` is the entry of another build of the package.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { openHasher } from './support/hasher.mjs';
import { observedDatabase, observedHasher, Stopwatch } from './support/observed-database.mjs';
import { packedRecords, prefix, randomChanges, randomFrom, recordBytes } from './support/records.mjs';
import { count, machine, median, printTable, timed, total } from './support/report.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    small: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '5000' },
    blocks: { type: 'string', default: '20' },
    threads: { type: 'string', default: '2' },
    cache: { type: 'string', default: String(64 * 1024 * 1024) },
    sync: { type: 'boolean', default: false },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
  },
});
const [records, small, blockChanges, blocks, threads, cacheBytes] = [
  'records',
  'small',
  'changes',
  'blocks',
  'threads',
  'cache',
].map((name) => count(chosen[name], name));
const { StateStore, withDefaults } = await import(pathToFileURL(resolve(chosen.store)).href);

const warmUpBlocks = 3;
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix], snapshotPeriod: 100_000 });
const hashing = await openHasher(chosen.hasher, threads);
const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-commit-'));

async function openDatabase(path) {
  const database = new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await database.open();
  return database;
}

async function measure(size) {
  const storePath = join(folder, `store-${size}`);
  const barePath = join(folder, `bare-${size}`);
  const { hasher, stateRoot } = hashing;
  let database = await openDatabase(storePath);
  const initial = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });
  await initial.initialize({ records: packedRecords(size) });
  await initial.close();
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await database.close();
  await cp(storePath, barePath, { recursive: true });

  database = await openDatabase(storePath);
  const bare = await openDatabase(barePath);
  const stopwatch = new Stopwatch();
  const observed = observedDatabase(database, stopwatch);
  const store = await StateStore.open({
    database: observed,
    hasher: observedHasher(hasher, stopwatch),
    stateRoot,
    parameters,
    cacheBytes,
    isSynced: chosen.sync,
  });
  const random = randomFrom(size);
  const runs = [];
  for (let block = 1; block <= warmUpBlocks + blocks; block++) {
    const changes = randomChanges(size, blockChanges, random);
    observed.seen.reads.length = 0;
    observed.seen.batches.length = 0;
    stopwatch.reset();
    const started = performance.now();
    const prepared = await store.prepareBlock(block, changes);
    await store.commitBlock(prepared);
    const storeMs = performance.now() - started;
    const phases = stopwatch.stop();
    const { reads, batches } = observed.seen;
    const readMs = await timed(() => Promise.all(reads.map(([keys, options]) => bare.getMany(keys, options))));
    const batchMs = await timed(() => Promise.all(batches.map(([writes, options]) => bare.batch(writes, options))));
    const writes = total(batches.map(([list]) => list.length));
    if (block > warmUpBlocks) runs.push({ storeMs, readMs, batchMs, writes, ...phases });
  }
  await store.close();
  await Promise.all([database.close(), bare.close()]);
  await Promise.all([storePath, barePath].map((path) => rm(path, { recursive: true, force: true })));
  return runs;
}

const column = (runs, name) => runs.map((run) => run[name] ?? 0);
const shown = (number) => number.toFixed(1);

try {
  console.log(`${machine()}\n${hashing.name}`);
  console.log(
    `${blocks} blocks of ${blockChanges} changes, records of ${recordBytes} bytes, sync ${chosen.sync ? 'on' : 'off'}, ` +
      `cache of ${cacheBytes} bytes`,
  );
  const sizes = [records, small].filter((size) => size > 0);
  const results = new Map();
  for (const size of sizes) results.set(size, await measure(size));

  printTable(
    [
      'records',
      'writes a block',
      'store, ms a block',
      'bare batch, ms',
      'ratio',
      'median ratio',
      'bare reads and batch, ms',
      'ratio',
    ],
    sizes.map((size) => {
      const runs = results.get(size);
      const [storeMs, readMs, batchMs, writes] = ['storeMs', 'readMs', 'batchMs', 'writes'].map(
        (name) => total(column(runs, name)) / runs.length,
      );
      const middle = median(runs.map((run) => run.storeMs / run.batchMs));
      return [
        size,
        Math.round(writes),
        shown(storeMs),
        shown(batchMs),
        (storeMs / batchMs).toFixed(2),
        middle.toFixed(2),
        shown(readMs + batchMs),
        (storeMs / (readMs + batchMs)).toFixed(2),
      ];
    }),
  );
  console.log('\nWhere the store spends it, ms a block; phases overlap, "alone" is JavaScript beside none of them:');
  printTable(
    ['records', 'reading old values', 'hashing', 'sums and root', 'batch', 'alone'],
    sizes.map((size) => {
      const runs = results.get(size);
      return [size, ...['read', 'hash', 'root', 'batch', 'alone'].map((name) => shown(median(column(runs, name))))];
    }),
  );
  if (sizes.length === 2) {
    const cost = (size, ...names) => total(names.flatMap((name) => column(results.get(size), name)));
    const growth = (...names) => cost(records, ...names) / cost(small, ...names);
    console.log(
      `\n${records} records against ${small}: the store takes ${growth('storeMs').toFixed(2)} times as long, ` +
        `bare LevelDB for the same reads and writes ${growth('readMs', 'batchMs').toFixed(2)} times.`,
    );
  }
} finally {
  await hashing.close();
  await rm(folder, { recursive: true, force: true });
}
