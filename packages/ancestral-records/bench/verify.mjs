/**
 * Verifying a whole state: processor time, of all threads, against bare reading of the same records (`nextv` over the state)
 * plus raw hashing of the same packed records with the same hasher. After a build:
 *
 * `node bench/verify.mjs --hasher ../node/bench/kernel-hasher.mjs [--records 1000000] [--threads 2] [--rounds 3]`
 *
 * The sides take turns. `--store` is the entry of another build of the package.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { openHasher } from './support/hasher.mjs';
import { packedRecords, prefix, recordBytes } from './support/records.mjs';
import { count, machine, median, printTable } from './support/report.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
  },
});
const [records, threads, rounds] = ['records', 'threads', 'rounds'].map((name) => count(chosen[name], name));
const { StateStore, verifyState, withDefaults } = await import(pathToFileURL(resolve(chosen.store)).href);
const { name, hasher, stateRoot, close } = await openHasher(chosen.hasher, threads);
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix] });
const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-verify-'));
const encodings = { keyEncoding: 'view', valueEncoding: 'view' };

/** Milliseconds that all threads of this process worked, and that passed. */
async function measured(work) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - started };
}

async function read(database) {
  const iterator = database.iterator({
    ...{ gte: Uint8Array.of(2), lt: Uint8Array.of(3), highWaterMarkBytes: 256 * 1024 },
    ...encodings,
  });
  let seen = 0;
  for (let entries = await iterator.nextv(1000); entries.length > 0; entries = await iterator.nextv(1000)) {
    seen += entries.length;
  }
  await iterator.close();
  if (seen !== records) throw new Error(`read ${seen} records`);
}

/** Hashes everything in calls of 16,384 records, two of them under way; packing is not measured. */
async function hash() {
  let cpuMs = 0;
  let wallMs = 0;
  let together = [];
  const run = async () => {
    const spent = await measured(() => Promise.all(together.map((packed) => hasher.sum(packed))));
    cpuMs += spent.cpuMs;
    wallMs += spent.wallMs;
    together = [];
  };
  for (const packed of packedRecords(records, 16_384)) {
    together.push(packed);
    if (together.length === 8) await run();
  }
  await run();
  return { cpuMs, wallMs };
}

async function verify(store, options) {
  const report = await verifyState(store, options);
  if (!report.isClean || report.records !== records) throw new Error('the state is not clean');
}

const database = new ClassicLevel(join(folder, 'database'), encodings);
try {
  await database.open();
  const store = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });
  await store.initialize({ records: packedRecords(records) });
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await read(database);
  await verify(store, {});
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    runs.push({
      read: await measured(() => read(database)),
      hash: await hash(),
      verify: await measured(() => verify(store, {})),
      lookups: await measured(() => verify(store, { hasLookups: true })),
    });
  }
  const cell = (what, kind) => median(runs.map((run) => run[what][kind]));
  const ratio = (what, kind) => median(runs.map((run) => run[what][kind] / (run.read[kind] + run.hash[kind])));
  console.log(`${machine()}`);
  console.log(`\n${records} records of ${recordBytes} bytes; ${name}; median of ${rounds} rounds.`);
  printTable(
    ['what', 'processor ms', 'elapsed ms', 'processor time to bare reading and hashing'],
    [
      ['bare reading', cell('read', 'cpuMs').toFixed(0), cell('read', 'wallMs').toFixed(0), ''],
      ['raw hashing', cell('hash', 'cpuMs').toFixed(0), cell('hash', 'wallMs').toFixed(0), ''],
      [
        'verify',
        cell('verify', 'cpuMs').toFixed(0),
        cell('verify', 'wallMs').toFixed(0),
        ratio('verify', 'cpuMs').toFixed(2),
      ],
      [
        'verify with lookups',
        cell('lookups', 'cpuMs').toFixed(0),
        cell('lookups', 'wallMs').toFixed(0),
        ratio('lookups', 'cpuMs').toFixed(2),
      ],
    ],
  );
  await store.close();
} finally {
  await database.close();
  await close();
  await rm(folder, { recursive: true, force: true });
}
