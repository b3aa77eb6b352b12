/**
 * Committing blocks: the store, with reading old values, hashing and sums all counted, against one batch of the same writes
 * (state and ancestral records) to a bare LevelDB. After a build:
 *
 * `node bench/commit.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--small 10000] [--changes 5000]
 * [--blocks 100] [--warm-up 250] [--run 100] [--threads 2] [--cache 134217728] [--write-buffer 4194304] [--sync] [--chained]`
 *
 * Both databases start as copies of one folder, and in the end they must hold the same. Blocks warm both up, until a snapshot; those of the
 * epoch that begins with it are timed. The databases take turns: a run of blocks for the store, then the same blocks for the other one, each
 * when LevelDB has done what the run before put off. What a run itself puts off is timed, too, and reported with the blocks and apart from
 * them. In a short run a batch leaves most of its work behind; the longer it is, the more of it a bare batch has to wait for. With `--run 1`
 * each block and each batch meets a database at rest. `--small` is a second, smaller state, to see what size costs; 0 leaves it out.
 * `--write-buffer` is LevelDB's, of both. `--chained` gives the bare database what is fastest: a chained batch, in the order of the keys. `--store` is the entry of another build of the package.
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
import {
  changeList,
  packedChanges,
  packedRecords,
  prefix,
  randomFrom,
  recordBytes,
  valueBytes,
} from './support/records.mjs';
import { count, machine, median, printTable, timed, total, untilQuiet } from './support/report.mjs';
import { Stopwatch, timedHasher, timeReads } from './support/stopwatch.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    small: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '5000' },
    blocks: { type: 'string', default: '100' },
    'warm-up': { type: 'string', default: '250' },
    threads: { type: 'string', default: '2' },
    cache: { type: 'string', default: String(128 * 1024 * 1024) },
    run: { type: 'string', default: '100' },
    'write-buffer': { type: 'string', default: String(4 * 1024 * 1024) },
    sync: { type: 'boolean', default: false },
    chained: { type: 'boolean', default: false },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
  },
});
const [records, small, blockChanges, blocks, warmUpBlocks, runBlocks, threads, cacheBytes, writeBufferSize] = [
  'records',
  'small',
  'changes',
  'blocks',
  'warm-up',
  'run',
  'threads',
  'cache',
  'write-buffer',
].map((name) => count(chosen[name], name));
const { StateStore, withDefaults } = await import(pathToFileURL(resolve(chosen.store)).href);

if (2 * blocks >= warmUpBlocks)
  throw new RangeError('--warm-up must be more than twice --blocks: they are to be in one epoch');
const parameters = withDefaults({
  identity: new Uint8Array(32),
  statePrefixes: [prefix],
  snapshotPeriod: warmUpBlocks,
});
const hashing = await openHasher(chosen.hasher, threads);
const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-commit-'));

/** A bare database that is given the writes a block needs, as the store writes them, in the order of the block's changes. */
class BareState {
  #database;
  /** What the state holds, so that a batch can be made without reading. */
  #values;
  #epoch = 0;
  #isRecorded;

  constructor(database, size) {
    this.#database = database;
    this.#values = new Uint8Array(size * valueBytes);
    this.#isRecorded = new Uint8Array(size);
    let at = 0;
    for (const { bytes, offsets } of packedRecords(size)) {
      for (let i = 0; i < offsets.length; i += 4) {
        this.#values.set(bytes.subarray(offsets[i + 2], offsets[i + 3]), at);
        at += valueBytes;
      }
    }
  }

  /** Has the next blocks write ancestral records of another epoch. */
  beginEpoch(height) {
    this.#epoch = height;
    this.#isRecorded.fill(0);
  }

  /** Reads what a block of changes has to read: the values, and the ancestral records that may exist. */
  async read(changes) {
    await Promise.all([
      this.#database.getMany(
        changes.map(({ key }) => stateKey(key)),
        encodings,
      ),
      this.#database.getMany(
        changes.map(({ key }) => ancestralKey(this.#epoch, key)),
        encodings,
      ),
    ]);
  }

  /** The batch of the next block. */
  batchOf(changes) {
    const batch = changes.flatMap(({ index, key, value }) => {
      const write = { type: 'put', key: stateKey(key), value };
      const before = this.#values.subarray(index * valueBytes, (index + 1) * valueBytes);
      const ancestral = { type: 'put', key: ancestralKey(this.#epoch, key), value: ancestralValue(before) };
      const isRecorded = this.#isRecorded[index] === 1;
      this.#isRecorded[index] = 1;
      this.#values.set(value, index * valueBytes);
      return isRecorded ? [write] : [write, ancestral];
    });
    return chosen.chained ? batch.sort((a, b) => Buffer.compare(a.key, b.key)) : batch;
  }

  write(batch) {
    const { chained: isChained, sync } = chosen;
    if (!isChained) return this.#database.batch(batch, { ...encodings, sync });
    const chained = this.#database.batch();
    for (const { key, value } of batch) chained.put(key, value);
    return chained.write({ sync });
  }
}

/** Runs some work, and says what it left to LevelDB's compaction: milliseconds, and processor milliseconds of all. */
async function withRest(work) {
  const before = process.cpuUsage();
  await work();
  const finished = performance.now();
  const restMs = (await untilQuiet()) - finished;
  const { user, system } = process.cpuUsage(before);
  return { restMs, cpuMs: (user + system) / 1000 };
}

/** Commits blocks to a store and to a bare database in turn, run by run. `isReading`: the bare one reads, too. */
async function commitBlocks(
  { store, stopwatch, bare, size, random },
  { count: blockCount, isReading = false, length: most = runBlocks },
) {
  const all = [];
  for (let done = 0; done < blockCount; done += most) {
    const length = Math.min(most, blockCount - done);
    const blocks = Array.from({ length }, () => ({ packed: packedChanges(size, blockChanges, random) }));
    const ofStore = await withRest(async () => {
      for (const block of blocks) {
        const changes = changeList(block.packed);
        stopwatch.reset();
        const started = performance.now();
        const prepared = await store.prepareBlock(store.height + 1, changes);
        Object.assign(block, stopwatch.read());
        const preparedAt = performance.now();
        await store.commitBlock(prepared);
        block.storeMs = performance.now() - started;
        block.commitMs = performance.now() - preparedAt;
      }
    });
    const ofBare = await withRest(async () => {
      for (const block of blocks) {
        const changes = changeList(block.packed);
        const batch = bare.batchOf(changes);
        block.writes = batch.length;
        if (isReading) block.readMs = await timed(() => bare.read(changes));
        block.batchMs = await timed(() => bare.write(batch));
      }
    });
    const shares = {
      storeRestMs: ofStore.restMs / length,
      storeCpuMs: ofStore.cpuMs / length,
      batchRestMs: ofBare.restMs / length,
    };
    for (const { packed, ...times } of blocks) all.push({ ...times, ...shares });
  }
  return all;
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
  const stopwatch = new Stopwatch();
  timeReads(database, stopwatch);
  const open = (bytes) => {
    const timed = timedHasher(hasher, stopwatch);
    const isSynced = chosen.sync;
    return StateStore.open({ database, hasher: timed, stateRoot, parameters, cacheBytes: bytes, isSynced });
  };
  const sides = { stopwatch, bare: new BareState(bareDatabase, size), size, random: randomFrom(size) };
  let store = await open(cacheBytes);
  await commitBlocks({ store, ...sides }, { count: warmUpBlocks, length: 25 });
  await store.maintenance();
  sides.bare.beginEpoch(warmUpBlocks);
  await untilQuiet();
  const cached = await commitBlocks({ store, ...sides }, { count: blocks });
  await store.close();
  store = await open(0);
  const uncached = await commitBlocks({ store, ...sides }, { count: blocks, isReading: true });
  await store.close();
  for (const interval of [allState, allAncestral]) {
    const [ours, theirs] = [await digest(database, interval), await digest(bareDatabase, interval)];
    if (ours !== theirs) throw new Error('the store and the bare database do not hold the same records');
  }
  await Promise.all([database.close(), bareDatabase.close()]);
  await Promise.all([storePath, barePath].map((path) => rm(path, { recursive: true, force: true })));
  return { cached, uncached };
}

const column = (runs, name) => runs.map((run) => run[name] ?? 0);
const shown = (number) => number.toFixed(1);

try {
  console.log(`${machine()}\n${hashing.name}`);
  console.log(
    `${blocks} blocks of ${blockChanges} changes in runs of ${runBlocks}, records of ${recordBytes} bytes, sync ${chosen.sync ? 'on' : 'off'}, ` +
      `cache of ${cacheBytes} bytes, LevelDB's write buffer of ${writeBufferSize} bytes`,
  );
  const sizes = [records, small].filter((size) => size > 0);
  const results = new Map();
  for (const size of sizes) results.set(size, await measure(size));
  const mean = (runs, name) => total(column(runs, name)) / runs.length;

  const compared = (ofStore, ofBare) => [shown(ofStore), shown(ofBare), (ofStore / ofBare).toFixed(2)];
  const ofBlocks = (size) => {
    const runs = results.get(size).cached;
    return {
      runs,
      writes: Math.round(mean(runs, 'writes')),
      store: mean(runs, 'storeMs'),
      bare: mean(runs, 'batchMs'),
    };
  };
  console.log(
    '\nBlocks, prepared and committed, against bare batches of their writes: from the first of a run until LevelDB has compacted what ' +
      'the run wrote, mean ms a block:',
  );
  printTable(
    ['records', 'writes', 'store, ms', 'bare batch, ms', 'ratio', 'processor time of the store, ms'],
    sizes.map((size) => {
      const { runs, writes, store, bare } = ofBlocks(size);
      const whole = compared(store + mean(runs, 'storeRestMs'), bare + mean(runs, 'batchRestMs'));
      return [size, writes, ...whole, shown(mean(runs, 'storeCpuMs'))];
    }),
  );
  console.log(
    '\nThe same without what is left to compact when a call returns, which is most of it for the bare batch; means, and the median of ratios:',
  );
  printTable(
    ['records', 'store, ms', 'bare batch, ms', 'ratio', 'median ratio'],
    sizes.map((size) => {
      const { runs, store, bare } = ofBlocks(size);
      return [size, ...compared(store, bare), median(runs.map((run) => run.storeMs / run.batchMs)).toFixed(2)];
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
