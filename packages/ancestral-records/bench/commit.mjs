/**
 * Committing blocks: the store, with reading old values, hashing and sums all counted, against one batch of the same writes
 * (state and ancestral records) to a bare LevelDB. After a build:
 *
 * `node bench/commit.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--small 10000] [--changes 5000]
 * [--blocks 100] [--threads 2] [--cache 67108864] [--write-buffer 67108864] [--sync]`
 *
 * Both databases start as copies of one folder, blocks alternate between them, and in the end they must hold the same. `--small` is a second, smaller state,
 * to see what size costs; 0 leaves it out. `--write-buffer` is LevelDB's, of both databases: the blocks should fill it more than once, so that
 * what it puts off is counted too. `--store` is the entry of another build of the package.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import {
  allAncestral,
  allState,
  ancestralKey,
  ancestralValue,
  digest,
  encodings,
  openDatabase,
  stateKey,
} from './support/bare-database.mjs';
import { openHasher } from './support/hasher.mjs';
import { packedRecords, prefix, randomChanges, randomFrom, recordBytes } from './support/records.mjs';
import { count, machine, median, printTable, timed, total } from './support/report.mjs';
import { Stopwatch, timedHasher, timeReads } from './support/stopwatch.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    small: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '5000' },
    blocks: { type: 'string', default: '100' },
    threads: { type: 'string', default: '2' },
    cache: { type: 'string', default: String(64 * 1024 * 1024) },
    'write-buffer': { type: 'string', default: String(64 * 1024 * 1024) },
    sync: { type: 'boolean', default: false },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
  },
});
const [records, small, blockChanges, blocks, threads, cacheBytes, writeBufferSize] = [
  'records',
  'small',
  'changes',
  'blocks',
  'threads',
  'cache',
  'write-buffer',
].map((name) => count(chosen[name], name));
const { StateStore, withDefaults } = await import(pathToFileURL(resolve(chosen.store)).href);

const warmUpBlocks = 10;
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix], snapshotPeriod: 100_000 });
const hashing = await openHasher(chosen.hasher, threads);
const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-commit-'));

/** A bare database that is given the writes a block needs, as the store writes them, in the order of the block's changes. */
class BareState {
  #database;

  constructor(database) {
    this.#database = database;
  }

  /** What a block of changes reads: the values, and the ancestral records that may exist. */
  async read(changes) {
    const [values, marks] = await Promise.all([
      this.#database.getMany(
        changes.map(({ key }) => stateKey(key)),
        encodings,
      ),
      this.#database.getMany(
        changes.map(({ key }) => ancestralKey(0, key)),
        encodings,
      ),
    ]);
    return values.map((value, i) => ({ value, isRecorded: marks[i] !== undefined }));
  }

  /** The batch of a block, from what was read for it. */
  batchOf(changes, old) {
    return changes.flatMap(({ key, value }, i) => {
      const write = { type: 'put', key: stateKey(key), value };
      if (old[i].isRecorded) return [write];
      return [write, { type: 'put', key: ancestralKey(0, key), value: ancestralValue(old[i].value) }];
    });
  }

  write(batch) {
    return this.#database.batch(batch, { ...encodings, sync: chosen.sync });
  }
}

/** Commits blocks to a store and to a bare database in turn. */
async function commitBlocks({ store, stopwatch, bare, size, random, count: blockCount }) {
  const runs = [];
  for (let block = 0; block < warmUpBlocks + blockCount; block++) {
    const changes = randomChanges(size, blockChanges, random);
    stopwatch.reset();
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    const prepared = await store.prepareBlock(store.height + 1, changes);
    const phases = { ...stopwatch.read() };
    const preparedAt = performance.now();
    await store.commitBlock(prepared);
    const ended = performance.now();
    const cpu = process.cpuUsage(cpuBefore);

    let old;
    const readMs = await timed(async () => {
      old = await bare.read(changes);
    });
    const batch = bare.batchOf(changes, old);
    const bareCpuBefore = process.cpuUsage();
    const batchMs = await timed(() => bare.write(batch));
    const bareCpu = process.cpuUsage(bareCpuBefore);
    if (block < warmUpBlocks) continue;
    runs.push({
      ...phases,
      storeMs: ended - started,
      commitMs: ended - preparedAt,
      cpuMs: (cpu.user + cpu.system) / 1000,
      readMs,
      batchMs,
      batchCpuMs: (bareCpu.user + bareCpu.system) / 1000,
      writes: batch.length,
    });
  }
  return runs;
}

async function measure(size) {
  const storePath = join(folder, `store-${size}`);
  const barePath = join(folder, `bare-${size}`);
  const { hasher, stateRoot } = hashing;
  let database = await openDatabase(storePath, { writeBufferSize });
  const initial = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });
  await initial.initialize({ records: packedRecords(size) });
  await initial.close();
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await database.close();
  await cp(storePath, barePath, { recursive: true });

  database = await openDatabase(storePath, { writeBufferSize });
  const bareDatabase = await openDatabase(barePath, { writeBufferSize });
  const bare = new BareState(bareDatabase);
  const stopwatch = new Stopwatch();
  timeReads(database, stopwatch);
  const random = randomFrom(size);
  const runs = {};
  for (const [name, cache, blockCount] of [
    ['cached', cacheBytes, blocks],
    ['uncached', 0, blocks],
  ]) {
    const timed = timedHasher(hasher, stopwatch);
    const options = { database, hasher: timed, stateRoot, parameters, cacheBytes: cache, isSynced: chosen.sync };
    const store = await StateStore.open(options);
    runs[name] = await commitBlocks({ store, stopwatch, bare, size, random, count: blockCount });
    await store.close();
  }
  for (const interval of [allState, allAncestral]) {
    const [ours, theirs] = [await digest(database, interval), await digest(bareDatabase, interval)];
    if (ours !== theirs) throw new Error('the store and the bare database do not hold the same records');
  }
  await Promise.all([database.close(), bareDatabase.close()]);
  await Promise.all([storePath, barePath].map((path) => rm(path, { recursive: true, force: true })));
  return runs;
}

const column = (runs, name) => runs.map((run) => run[name] ?? 0);
const shown = (number) => number.toFixed(1);

try {
  console.log(`${machine()}\n${hashing.name}`);
  console.log(
    `${blocks} blocks of ${blockChanges} changes, records of ${recordBytes} bytes, sync ${chosen.sync ? 'on' : 'off'}, ` +
      `cache of ${cacheBytes} bytes, LevelDB's write buffer of ${writeBufferSize} bytes`,
  );
  const sizes = [records, small].filter((size) => size > 0);
  const results = new Map();
  for (const size of sizes) results.set(size, await measure(size));
  const mean = (runs, name) => total(column(runs, name)) / runs.length;

  console.log(
    '\nThe whole block, prepared and committed, against a bare batch of its writes; means, and the median of ratios:',
  );
  printTable(
    [
      'records',
      'writes',
      'store, ms',
      'bare batch, ms',
      'ratio',
      'median ratio',
      'processor time of store and bare, ms',
    ],
    sizes.map((size) => {
      const runs = results.get(size).cached;
      const ratios = runs.map((run) => run.storeMs / run.batchMs);
      const [storeMs, batchMs] = [mean(runs, 'storeMs'), mean(runs, 'batchMs')];
      return [
        size,
        Math.round(mean(runs, 'writes')),
        shown(storeMs),
        shown(batchMs),
        (storeMs / batchMs).toFixed(2),
        median(ratios).toFixed(2),
        `${shown(mean(runs, 'cpuMs'))}, ${shown(mean(runs, 'batchCpuMs'))}`,
      ];
    }),
  );
  console.log(
    '\nWhere the store spends it, median ms a block. Reading and hashing overlap; "rest" is what else preparing takes:',
  );
  printTable(
    ['records', 'reading old values', 'hashing', 'sums and root', 'rest', 'batch and cache'],
    sizes.map((size) => {
      const runs = results.get(size).cached;
      return [size, ...['read', 'hash', 'root', 'alone', 'commitMs'].map((name) => shown(median(column(runs, name))))];
    }),
  );
  if (sizes.length === 2) {
    console.log(
      '\nWhat size costs when nothing is cached, mean ms a block; bare: reading the same and a batch of the same writes:',
    );
    const cost = (size, ...names) => total(names.map((name) => mean(results.get(size).uncached, name)));
    const rows = [
      ['store', 'storeMs'],
      ['bare', 'readMs', 'batchMs'],
    ].map(([name, ...names]) => {
      const [large, little] = sizes.map((size) => cost(size, ...names));
      return [name, shown(little), shown(large), (large / little).toFixed(2)];
    });
    printTable(['what', `${small} records`, `${records} records`, 'ratio'], rows);
  }
} finally {
  await hashing.close();
  await rm(folder, { recursive: true, force: true });
}
