/**
 * Building the manifest of a snapshot in the background, from the one before it and an epoch of changes: its time against
 * hashing as many records as it hashes, and what it does to blocks that are committed meanwhile. After a build:
 *
 * `node bench/manifest.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--changes 100000] [--rounds 3]
 * [--block 1000] [--every 100] [--threads 2] [--cache 134217728] [--growing] [--no-ledger]`
 *
 * An epoch changes `--changes` keys: eight of ten get another value, one is created, one is deleted; with `--growing` none is deleted. In every round one manifest is built
 * with nothing else going on, when LevelDB has compacted what the epoch wrote, and one while a block of `--block` changes comes every `--every` milliseconds. In the end the
 * last manifest must be the one that the records give from nothing. The comparison is with hashing the old and the new record of each net
 * change, and what is hashed for splits, whether the build hashes them or not. With `--no-ledger` it does, as after a restart in mid-epoch.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { computeManifest, StateStore, withDefaults } from '../dist/index.js';
import { openDatabase } from './support/bare-database.mjs';
import { openHasher } from './support/hasher.mjs';
import { keyAt, packedRecords, prefix, randomChanges, randomFrom, valueFrom } from './support/records.mjs';
import { count, machine, median, printTable, timed, untilQuiet } from './support/report.mjs';

const defaults = { records: '1000000', changes: '100000', rounds: '3', block: '1000', every: '100', threads: '2' };
const { values: chosen } = parseArgs({
  options: {
    ...Object.fromEntries(
      Object.entries(defaults).map(([name, preset]) => [name, { type: 'string', default: preset }]),
    ),
    cache: { type: 'string', default: String(128 * 1024 * 1024) },
    growing: { type: 'boolean', default: false },
    'no-ledger': { type: 'boolean', default: false },
    hasher: { type: 'string' },
  },
});
const [records, changes, rounds, blockChanges, everyMs, threads, cacheBytes] = [...Object.keys(defaults), 'cache'].map(
  (name) => count(chosen[name], name),
);

/** Blocks that change the state at the start of an epoch; the others, up to the snapshot, are empty. */
const fullBlocks = 20;
const period = 200;
const random = randomFrom(7);
const hashing = await openHasher(chosen.hasher, threads);
let hashed = 0;
const hasher = {
  sum: (batch, options) => {
    hashed += batch.offsets.length / 4;
    return hashing.hasher.sum(batch, options);
  },
  combine: (left, right, options) => hashing.hasher.combine(left, right, options),
  addUp: hashing.hasher.addUp && ((sums, sizes, options) => hashing.hasher.addUp(sums, sizes, options)),
  negate: hashing.hasher.negate && ((sums, options) => hashing.hasher.negate(sums, options)),
  encode: (sums, options) => hashing.hasher.encode(sums, options),
  decode: (encoded, options) => hashing.hasher.decode(encoded, options),
};
for (const name of ['addUp', 'negate']) if (hasher[name] === undefined) delete hasher[name];

const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-manifest-'));
const database = await openDatabase(join(folder, 'store'));
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix], snapshotPeriod: period });
const store = await StateStore.open({
  database,
  hasher,
  stateRoot: hashing.stateRoot,
  parameters,
  cacheBytes,
  isSynced: false,
  ...(chosen['no-ledger'] ? { maxLedgerRanges: 0 } : {}),
});

const commit = async (blockOf) => store.commitBlock(await store.prepareBlock(store.height + 1, blockOf));

/** Keys that were created are deleted in the next epoch, so that the state keeps its size. */
let created = [];
async function changeEpoch() {
  const updates = randomChanges(records, Math.round(changes * 0.8), random);
  const fresh = Array.from({ length: Math.round(changes * 0.1) }, () => {
    const key = keyAt(random() % records, records);
    key.set(valueFrom(random).subarray(0, 24), 9);
    return { key, value: valueFrom(random) };
  });
  const deletions = (chosen.growing ? [] : created).map((key) => ({ key, value: undefined }));
  created = fresh.map(({ key }) => key);
  const all = [...updates, ...fresh, ...deletions];
  const size = Math.ceil(all.length / fullBlocks);
  for (let at = 0; at < all.length; at += size) await commit(all.slice(at, at + size));
  while ((store.height + 1) % period !== 0) await commit([]);
  return { netChanges: all.length, netRecords: 2 * updates.length + fresh.length + deletions.length };
}

/** Commits the block at a snapshot height; resolves when the manifest is there, without asking for it. */
async function build(meanwhile) {
  await commit([]);
  const { height } = store;
  hashed = 0;
  const started = performance.now();
  while (store.snapshots().at(-1)?.height !== height) await meanwhile();
  return performance.now() - started;
}

async function timedBlock() {
  const block = randomChanges(records, blockChanges, random);
  const before = hashed;
  const ms = await timed(() => commit(block));
  hashed = before;
  await sleep(Math.max(0, everyMs - ms));
  return ms;
}

/** Hashing of the records of a state, as many as asked for, in calls as large as the ones of a build. */
async function hashOnly(wanted) {
  const packs = [...packedRecords(Math.min(wanted, 65_536))];
  let left = wanted;
  const started = performance.now();
  for (let i = 0; left > 0; i++) {
    const { bytes, offsets } = packs[i % packs.length];
    const size = Math.min(left, offsets.length / 4);
    await hashing.hasher.sum({ bytes, offsets: offsets.subarray(0, 4 * size) });
    left -= size;
  }
  return performance.now() - started;
}

async function* wholeState() {
  for (let startKey = Uint8Array.of(prefix); startKey !== undefined; ) {
    const chunk = await store.readChunk({ height: store.snapshots().at(-1).height, startKey });
    yield chunk.records;
    startKey = chunk.nextKey;
  }
}

try {
  await store.initialize({ records: packedRecords(records) });
  await changeEpoch();
  await build(() => sleep(1));
  const alone = [];
  const idleBlocks = [];
  const busyBlocks = [];
  for (let round = 0; round < rounds; round++) {
    const { netChanges, netRecords } = await changeEpoch();
    await untilQuiet();
    const ms = await build(() => sleep(1));
    const splitRecords = chosen['no-ledger'] ? hashed - netRecords : hashed;
    await untilQuiet();
    alone.push({
      ms,
      splitRecords,
      netChanges,
      hashMs: await hashOnly(netRecords + splitRecords),
      ranges: (await store.manifest(store.height)).entries.length,
    });
    await untilQuiet();
    for (let i = 0; i < 20; i++) idleBlocks.push(await timedBlock());
    await changeEpoch();
    await untilQuiet();
    let blocksInBuild = 0;
    const busyMs = await build(async () => {
      busyBlocks.push(await timedBlock());
      blocksInBuild++;
    });
    alone.at(-1).busyMs = busyMs;
    alone.at(-1).blocksInBuild = blocksInBuild;
  }
  const { height } = store.snapshots().at(-1);
  const expected = await computeManifest(wholeState(), { height, parameters, hasher });
  const built = await store.manifest(height);
  const isSame = Buffer.compare(built.root(parameters.identity), expected.root(parameters.identity)) === 0;
  if (!isSame) throw new Error('the manifest is not the one of the records');

  console.log(
    `${machine()}, ${records} records of 150 bytes, ${hashing.name}, cache ${cacheBytes} bytes${chosen['no-ledger'] ? ', no ledger' : ''}`,
  );
  printTable(
    [
      'net changes',
      'ranges',
      'hashed for splits',
      'build ms',
      'hashing only ms',
      'ratio',
      'build beside blocks ms',
      'blocks meanwhile',
    ],
    alone.map(({ ms, hashMs, splitRecords, netChanges, ranges, busyMs, blocksInBuild }) => [
      netChanges,
      ranges,
      splitRecords,
      ms.toFixed(0),
      hashMs.toFixed(0),
      (ms / hashMs).toFixed(2),
      busyMs.toFixed(0),
      blocksInBuild,
    ]),
  );
  printTable(
    [`blocks of ${blockChanges} changes every ${everyMs} ms`, 'median ms', 'ratio'],
    [
      ['nothing is built', median(idleBlocks).toFixed(1), '1'],
      ['a manifest is built', median(busyBlocks).toFixed(1), (median(busyBlocks) / median(idleBlocks)).toFixed(2)],
    ],
  );
  console.log('\nThe last manifest equals the one computed from all records.');
} finally {
  await store.close();
  await hashing.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
}
