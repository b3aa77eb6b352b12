// A database with several table files, ancestral records of two epochs and a live log, and what is needed to judge damage to it.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ClassicLevel } from 'classic-level';
import { hasher, stateRoot } from '../crash/chain.mjs';

export { hasher, stateRoot };

/** The package: a build of it may be named in the environment. */
const build = process.env.ANCESTRAL_RECORDS_BUILD ?? new URL('../../dist', import.meta.url).pathname;
export const store = await import(pathToFileURL(resolve(build, 'index.js')).href);
export const files = await import(pathToFileURL(resolve(build, 'node.js')).href);

export const period = 8;
export const tipHeight = 20;
/** Both are retained at the tip. */
export const snapshotHeights = [8, 16];

const encodings = { keyEncoding: 'view', valueEncoding: 'view' };

export const parameters = store.withDefaults({
  identity: new Uint8Array(32).fill(9),
  statePrefixes: [5, 6],
  snapshotPeriod: period,
  retainedEpochs: 2,
  maxRangeRecords: 64,
});

/** Small buffers and blocks, so that a small database has many files and blocks. */
export async function openDatabase(folder) {
  const database = new ClassicLevel(folder, {
    ...encodings,
    writeBufferSize: 256 * 1024,
    blockSize: 1024,
    maxFileSize: 1024 * 1024,
  });
  await database.open();
  return database;
}

export function openStore(database) {
  return store.StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });
}

function* randomBytes(seed) {
  for (let i = 0; ; i++) yield* createHash('sha256').update(`${seed}/${i}`).digest();
}

/** Numbers from 0 to 2^32 - 1 that depend on the seed alone. */
export function numbersFrom(seed) {
  const source = randomBytes(seed);
  return () => {
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + source.next().value;
    return value;
  };
}

function keyOf(i) {
  const hash = createHash('sha256').update(`key/${i}`).digest();
  return Uint8Array.from([i % 3 === 0 ? 6 : 5, ...hash.subarray(0, 8 + (i % 17))]);
}

/** Some values can be compressed and some cannot. */
function recordValue(i, version) {
  const hash = createHash('sha512').update(`value/${i}/${version}`).digest();
  if (i % 2 === 0) return new Uint8Array(hash);
  const value = new Uint8Array(40 + (i % 60)).fill(i & 255);
  value.set(hash.subarray(0, 12));
  return value;
}

export function* genesis(records) {
  const all = Array.from({ length: records }, (_, i) => [keyOf(i), recordValue(i, 0)]);
  all.sort(([a], [b]) => Buffer.compare(a, b));
  const offsets = new Uint32Array(4 * records);
  let at = 0;
  for (const [i, [key, value]] of all.entries()) {
    offsets.set([at, at + key.length, at + key.length, at + key.length + value.length], 4 * i);
    at += key.length + value.length;
  }
  yield { bytes: new Uint8Array(Buffer.concat(all.flat())), offsets };
}

/** New values, deletions and new keys; no key is new twice, and no value comes back. */
export function changesAt(height, { records, changes }) {
  const random = numbersFrom(`block ${height}`);
  const taken = new Set();
  return Array.from({ length: changes }, (_, n) => {
    if (n % 8 === 0) {
      const i = records + height * changes + n;
      return { key: keyOf(i), value: recordValue(i, height) };
    }
    let i = random() % records;
    while (taken.has(i)) i = (i + 1) % records;
    taken.add(i);
    return { key: keyOf(i), value: n % 8 === 1 ? undefined : recordValue(i, height) };
  });
}

/** Everything in an interval of the database; `error` is what it threw, if it did. */
export async function readInterval(database, gte, lt) {
  const entries = new Map();
  const iterator = database.iterator({ gte, lt, ...encodings });
  let error;
  try {
    for (;;) {
      const group = await iterator.nextv(1000);
      if (group.length === 0) break;
      for (const [key, value] of group)
        entries.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'));
    }
  } catch (cause) {
    error = cause;
  } finally {
    await iterator.close();
  }
  return { entries, error };
}

/** Everything in the database that belongs to the store. */
export async function readEverything(database) {
  return readInterval(database, Uint8Array.of(0), Uint8Array.of(4));
}

/** One hash over everything in the database. */
export function digestOf(entries) {
  const hash = createHash('sha256');
  for (const [key, value] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${key} ${value}\n`);
  return hash.digest('hex');
}
