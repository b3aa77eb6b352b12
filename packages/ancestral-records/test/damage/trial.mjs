// Damages copies of a prepared database, one byte each, and tells what came of it: `node trial.mjs <folder> <copy> <flips>`.
// One line of JSON for each stage, so that whoever started this knows where it was if the database takes the process down.
import { cp, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  digestOf,
  files,
  store as library,
  openDatabase,
  openStore,
  parameters,
  readEverything,
  readInterval,
  snapshotHeights,
  tipHeight,
} from './chain.mjs';

const [folder, copy, encodedFlips] = process.argv.slice(2);
const { rawDatabaseSource, rebuildState, repairState, storeSource, verifyState } = library;
const flips = JSON.parse(encodedFlips);
const facts = JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8'));
const original = new Map(facts.entries);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const hexToBytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const snapshots = [];
for (const { height, root, stateRoot } of facts.snapshots) {
  const file = await files.openSnapshotFile(join(folder, `snapshot-${height}`), { identity: parameters.identity });
  if (Buffer.from(file.snapshotRoot).toString('hex') !== root) throw new Error('the exported file has another root');
  snapshots.push({ height, file, stateRoot: hexToBytes(stateRoot) });
}
const manifests = new Map(snapshots.map(({ height, file }) => [height, file.manifest]));
const newest = snapshots.at(-1);

async function flip({ file, offset, mask }, path) {
  const handle = await open(join(path, file), 'r+');
  try {
    const byte = new Uint8Array(1);
    await handle.read(byte, 0, 1, offset);
    byte[0] ^= mask;
    await handle.write(byte, 0, 1, offset);
  } finally {
    await handle.close();
  }
}

/** Database keys whose entry a reader of the raw database no longer finds as it was. */
async function truth(database, { areScansFirst = false } = {}) {
  const differing = new Set();
  const errors = [];
  const compare = (found, gte, lt) => {
    for (const [key, value] of found) if (original.get(key) !== value) differing.add(key);
    for (const key of original.keys()) if (key >= gte && key < lt && !found.has(key)) differing.add(key);
  };
  const hex = (key) => Buffer.from(key).toString('hex');
  const look = async (gte, lt) => {
    const { entries, error } = await readInterval(database, gte, lt);
    if (error !== undefined) errors.push(error);
    else compare(entries, hex(gte), hex(lt));
  };
  const lookUp = async () => {
    const records = [...original.keys()].filter((key) => key.startsWith('02') || key.startsWith('03'));
    for (let at = 0; at < records.length; at += 500) {
      const keys = records.slice(at, at + 500);
      const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
      try {
        const values = await database.getMany(keys.map(hexToBytes), encodings);
        for (const [i, key] of keys.entries()) {
          const value = values[i] === undefined ? undefined : Buffer.from(values[i]).toString('hex');
          if (value !== original.get(key)) differing.add(key);
        }
      } catch {
        hasLookupError = true;
      }
    }
  };
  const scan = async () => {
    for (const height of snapshotHeights) {
      for (const index of manifests.get(height).entries.keys()) {
        const { startKey, endKey } = manifests.get(height).range(index);
        const end = endKey ?? Uint8Array.of(255);
        const tagged = (key, ...tag) => Uint8Array.from([...tag, ...key]);
        if (height === newest.height) await look(tagged(startKey, 2), tagged(end, 2));
        const epoch = [3, 0, 0, 0, 0, 0, 0, 0, height];
        await look(tagged(startKey, ...epoch), tagged(end, ...epoch));
      }
    }
  };
  let hasLookupError = false;
  /* The more is read, the likelier the database compacts its files, which can mend what only one of the two misses. */
  if (!areScansFirst) await lookUp();
  /* One iterator over everything: what it alone misses is damage too, but names no single record. */
  const whole = await readEverything(database);
  const isWholeRight = whole.error === undefined && digestOf(whole.entries) === facts.history.at(-1);
  const isOlder = whole.error === undefined && facts.history.includes(digestOf(whole.entries)) && !isWholeRight;
  await scan();
  if (areScansFirst) await lookUp();
  const own = [...original].filter(([key]) => key.startsWith('00'));
  const ownNow = [...whole.entries].filter(([key]) => key.startsWith('00'));
  const isOwnRight = whole.error === undefined && digestOf(own) === digestOf(ownNow);
  return {
    differing,
    isUnreadable: errors.length > 0 || hasLookupError,
    isWholeRight,
    isOlder,
    isOwnRight,
  };
}

/** Every retained snapshot and the tip. */
async function verifyAll(store, options) {
  const heights = store.snapshots().map(({ height }) => height);
  const reports = [];
  for (const height of heights) {
    reports.push(await verifyState(store, { height, hasTip: height === heights.at(-1), ...options }));
  }
  return reports;
}

const isClean = (reports) => reports.length > 0 && reports.every((report) => report.isClean);

/** The other one of the two records that the block which first changed a key in the newest epoch wrote. */
function companion(key) {
  const epoch = `03${newest.height.toString(16).padStart(16, '0')}`;
  if (key.startsWith('02')) return epoch + key.slice(2);
  return key.startsWith(epoch) ? `02${key.slice(18)}` : undefined;
}

/**
 * True if the reports name the place of a database key: its range, its gap, or its prefix with its range among those to
 * suspect. Of a block that the log lost as a whole, nothing is left that could tell which ranges it changed: then the
 * prefix alone is named.
 */
function isNamed(key, reports, differing) {
  const isLostTogether = differing.has(companion(key));
  const isAncestral = key.startsWith('03');
  const record = Buffer.from(key.slice(isAncestral ? 18 : 2), 'hex');
  const epoch = isAncestral ? Number.parseInt(key.slice(2, 18), 16) : undefined;
  if (epoch !== undefined && epoch < snapshotHeights[0]) return true;
  const within = ({ startKey, endKey }) => {
    return Buffer.compare(startKey, record) <= 0 && (endKey === undefined || Buffer.compare(record, endKey) < 0);
  };
  return reports.some(({ height, damagedRanges, damagedGaps, damagedPrefixes, bookkeeping }) => {
    if (damagedRanges.some(within) || damagedGaps.some(within)) return true;
    if (epoch !== undefined && bookkeeping.some(({ what }) => what === 'ancestral-records')) return true;
    const manifest = manifests.get(height);
    return damagedPrefixes.some(({ prefix, suspects }) => {
      return prefix === record[0] && (isLostTogether || suspects.some((index) => within(manifest.range(index))));
    });
  });
}

/** Repairs in place, from the file of each snapshot; false if only rebuilding is left. */
async function repairInPlace(store) {
  const outcomes = [];
  try {
    for (const { height, file } of snapshots) {
      if (store.snapshots().every((snapshot) => snapshot.height !== height)) continue;
      outcomes.push((await repairState(store, { height, source: file })).outcome);
    }
    const reports = await verifyAll(store, { hasLookups: true });
    return { isRepaired: isClean(reports), outcome: outcomes.includes('rewound') ? 'rewound' : 'repaired' };
  } catch (error) {
    const isExpected = ['ANCESTRAL_RECORDS_REPAIR_FAILED', 'ANCESTRAL_RECORDS_WRITE_FAILED'].includes(error.code);
    if (!isExpected) throw error;
    return { isRepaired: false, why: error.details.reason ?? error.code };
  }
}

async function rebuild(salvage) {
  const path = `${copy}-rebuilt`;
  await rm(path, { recursive: true, force: true });
  const database = await openDatabase(path);
  const target = await openStore(database);
  const { file, stateRoot } = newest;
  const { bySource } = await rebuildState({
    ...{ target, manifest: file.manifest, stateRoot },
    sources: [...salvage, file],
  });
  await target.close();
  const result = await survives(database, path);
  await rm(path, { recursive: true, force: true });
  return {
    ...result,
    salvaged: bySource.slice(0, -1).reduce((sum, each) => sum + each, 0),
    ranges: file.manifest.entries.length,
  };
}

/** Whether a state stays clean over a compaction and a reopening. Closes the database. */
async function survives(database, path) {
  await database.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await database.close();
  const reopened = await openDatabase(path);
  const store = await openStore(reopened);
  const isSound = isClean(await verifyAll(store, { hasLookups: true }));
  await store.close();
  await reopened.close();
  return { isSound };
}

/** A fresh copy with one byte flipped, opened. */
async function openDamaged(one, path = copy) {
  await rm(path, { recursive: true, force: true });
  await cp(join(folder, 'db'), path, { recursive: true });
  await flip(one, path);
  return openDatabase(path);
}

async function run(one) {
  if (one.mustRebuild === true) return { class: 'process died', ...(await rebuild([])) };
  let database;
  let real;
  try {
    database = await openDamaged(one);
  } catch (error) {
    return { class: 'open failed', why: error.cause?.message ?? error.message, ...(await rebuild([])) };
  }
  say({ at: one.id, stage: 'reading' });
  try {
    real = await truth(database);
  } finally {
    await database.close();
  }
  /* Reading can make the database compact, and so mend its files: what is verified is another copy. */
  database = await openDamaged(one);
  say({ at: one.id, stage: 'opening' });
  let store;
  try {
    store = await openStore(database);
  } catch (error) {
    const result = await rebuild([rawDatabaseSource(database, newest.file.manifest, parameters)]);
    await database.close();
    return { class: real.isOlder ? 'older state' : 'open failed', why: error.message, ...result };
  }
  if (real.isOlder) {
    /* Batches at the end are gone, as a whole: what is left is a state the chain had, and it is in order. */
    const isSound = store.phase === 'empty' || isClean(await verifyAll(store, { hasLookups: true }));
    const result = { class: 'older state', isSound, height: store.height, lost: tipHeight - (store.height ?? 0) };
    await store.close();
    await database.close();
    return result;
  }
  if (store.phase !== 'ready') throw new Error(`the store is ${store.phase}`);
  say({ at: one.id, stage: 'verifying' });
  const thorough = await verifyAll(store, { hasLookups: true });
  const plain = await verifyAll(store, {});
  /* The other copy may have mended itself before its records were looked up. */
  const hasOnlyLookups = thorough.every(({ damagedRanges, damagedGaps, damagedPrefixes, bookkeeping }) => {
    const others = damagedGaps.length + damagedPrefixes.length + bookkeeping.length;
    return others === 0 && damagedRanges.every(({ reason }) => reason === 'lookup');
  });
  const isOnlyLookups = !isClean(thorough) && hasOnlyLookups;
  if (!isClean(thorough) && real.differing.size === 0 && !real.isUnreadable && real.isWholeRight) {
    const path = `${copy}-again`;
    const again = await openDamaged(one, path);
    try {
      real = await truth(again, { areScansFirst: true });
    } finally {
      await again.close();
      await rm(path, { recursive: true, force: true });
    }
  }
  const isDamaged = isOnlyLookups || real.differing.size > 0 || real.isUnreadable || !real.isWholeRight;
  const found = { isFoundPlain: !isClean(plain), isFound: !isClean(thorough) };
  if (!isDamaged) {
    await store.close();
    await database.close();
    return { class: 'no effect', ...found };
  }
  if (!found.isFound) {
    /* Databases compact their files on their own account, and a new file has a new index and filter. */
    const now = await truth(database);
    if (now.isWholeRight && now.differing.size === 0 && !now.isUnreadable) {
      const result = { class: 'healed by compaction', ...found, differing: real.differing.size };
      await store.close();
      return { ...result, ...(await survives(database, copy)) };
    }
  }
  let unnamed = [...real.differing].filter((key) => /^0[23]/.test(key) && !isNamed(key, thorough, real.differing));
  if (isOnlyLookups && unnamed.length > 0) {
    const now = await truth(database);
    unnamed = unnamed.filter((key) => now.differing.has(key));
  }
  const isOwnOnly = !real.isOwnRight && !real.isUnreadable && [...real.differing].every((key) => key.startsWith('00'));
  const kind = isOwnOnly
    ? 'own records'
    : one.file.endsWith('.log')
      ? 'batches lost'
      : real.isUnreadable
        ? 'unreadable'
        : isOnlyLookups
          ? 'lookups'
          : real.differing.size > 0
            ? 'altered'
            : 'hidden in scans';
  const reasons = new Set(thorough.flatMap((report) => report.damagedRanges.map(({ reason }) => reason)));
  for (const report of thorough) for (const { what } of report.bookkeeping) reasons.add(what);
  for (const report of thorough) if (report.damagedPrefixes.length > 0) reasons.add('prefix');
  const result = {
    class: kind,
    ...found,
    differing: real.differing.size,
    unnamed: unnamed.slice(0, 5),
    reasons: [...reasons],
  };
  say({ at: one.id, stage: 'repairing' });
  const repaired = await repairInPlace(store);
  if (repaired.isRepaired) {
    await store.close();
    const after = await survives(database, copy);
    if (after.isSound) return { ...result, how: repaired.outcome, ...after };
    const again = await openDatabase(copy);
    const rebuilt = await rebuild([rawDatabaseSource(again, newest.file.manifest, parameters)]);
    await again.close();
    return { ...result, how: 'rebuilt after compaction', ...rebuilt };
  }
  say({ at: one.id, stage: 'rebuilding' });
  const isReadable = store.phase === 'ready';
  const salvage = isReadable ? [storeSource(store, newest.file.manifest)] : [];
  const rebuilt = await rebuild([...salvage, rawDatabaseSource(database, newest.file.manifest, parameters)]);
  await store.close();
  await database.close();
  return { ...result, how: 'rebuilt', why: repaired.why, ...rebuilt };
}

for (const one of flips) {
  say({ at: one.id, stage: 'damaging' });
  try {
    say({ at: one.id, result: await run(one) });
  } catch (error) {
    say({ at: one.id, result: { class: 'failed', why: error.stack } });
    process.exit(1);
  }
}
for (const { file } of snapshots) await file.close();
