// Opens what a killed worker left behind and compares it with a recomputation.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { computeManifest, repairState, StateStore, verifySnapshotFile } from '../../dist/index.js';
import { openSnapshotFile } from '../../dist/node.js';
import { hasher, stateRoot } from './chain.mjs';
import { ascending, hex, jobs, pack, rootOf, snapshotSource, stateAt, summariesOf } from './settings.mjs';

const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
const phases = ['empty', 'clearing', 'downloading', 'ready', 'rewinding', 'unproved'];

/** Where the store may stand after these lines: heights, `empty` or `downloading`; undefined if nothing is known. */
export function allowedAfter(lines) {
  let standing;
  let allowed;
  for (const line of lines) {
    const [word, first, second] = line.split(' ');
    if (word === 'height') {
      standing = Number(first);
      allowed = [standing, standing + 1];
    } else if (word === 'empty' || word === 'downloading') {
      standing = word;
      allowed = word === 'empty' ? ['empty', 'downloading', 'unproved', 0, 1] : ['downloading'];
    } else if (word === 'unproved') {
      standing = word;
      allowed = undefined;
    } else if (word === 'begin') {
      const to =
        first === 'rewind'
          ? [Number(second)]
          : first === 'reset'
            ? ['empty']
            : [first === 'download' ? 'downloading' : 'unproved', Number(second)];
      allowed = [standing, ...to];
    } else if (word === 'proved') {
      standing = 'downloading';
      allowed = ['downloading', Number(first)];
    }
  }
  return allowed;
}

/** Checks a folder; tells what the worker was in the middle of. */
export async function check({ folder, name, lines }) {
  const job = jobs[name];
  const { parameters } = job;
  const database = new ClassicLevel(join(folder, 'db'));
  await database.open();
  const left = await whatIsLeft(database);
  const store = await StateStore.open({ database, hasher, stateRoot, parameters, cacheBytes: 0 });
  const standing = store.height ?? store.phase;
  const allowed = allowedAfter(lines);
  if (allowed !== undefined) assert.ok(allowed.includes(standing), `${standing} is none of ${allowed.join(', ')}`);
  const [word, height, index] = lines.at(-1)?.split(' ') ?? [];
  if (word === 'proved' && store.phase === 'downloading') {
    const { height: at, proved } = store.download();
    assert.equal(at, Number(height));
    assert.ok(proved.has(Number(index)), `range ${index} was committed, but is not`);
  }
  if (word === 'snapshot') {
    const built = store.snapshots().some((snapshot) => snapshot.height === Number(height));
    assert.ok(built, `snapshot ${height} was complete, but is not`);
  }
  if (name === 'repair' && store.phase === 'ready') {
    const snapshot = store.height - (store.height % parameters.snapshotPeriod);
    await store.awaitSnapshot(snapshot).catch(() => {});
    await repairState(store, { height: snapshot, source: await snapshotSource(job, snapshot) });
  }
  await verify(store, database, job);
  if (store.phase === 'ready') {
    await store.maintenance();
    await verify(store, database, job);
    const oldest = store.snapshots()[0].height;
    const lt = Buffer.alloc(9, 3);
    lt.writeBigUInt64BE(BigInt(oldest), 1);
    const retired = await database.keys({ gte: Uint8Array.of(3), lt, limit: 1, ...encodings }).all();
    assert.equal(retired.length, 0, 'ancestral records of retired epochs are left');
  }
  await store.close();
  await database.close();
  const file = join(folder, 'snapshot');
  if (existsSync(file)) {
    const snapshot = await openSnapshotFile(file);
    try {
      const { damaged } = await verifySnapshotFile(snapshot, { hasher, computeRoot: stateRoot });
      assert.deepEqual(damaged, [], 'the exported file is damaged');
    } finally {
      await snapshot.close();
    }
  }
  return { left, standing };
}

/** What the bare database says the worker was doing. */
async function whatIsLeft(database) {
  const tip = await database.get(Uint8Array.of(0, 1), encodings);
  if (tip === undefined) return 'new';
  const phase = phases[tip[0]];
  if (phase !== 'ready') return phase;
  const height = Number(Buffer.from(tip).readBigUInt64BE(1));
  let unbuilt = false;
  for await (const value of database.values({ gte: Uint8Array.of(0, 3), lt: Uint8Array.of(0, 4), ...encodings })) {
    unbuilt ||= value[8 + 32 + 3] === 0;
  }
  return unbuilt ? 'ready, manifest unbuilt' : height === 0 ? 'ready at genesis' : 'ready';
}

async function verify(store, database, job) {
  const raw = [];
  for await (const [key, value] of database.iterator({ gte: Uint8Array.of(2), lt: Uint8Array.of(3), ...encodings })) {
    raw.push([hex(key.subarray(1)), hex(value)]);
  }
  if (store.phase === 'empty') assert.equal(raw.length, 0, 'an empty store has records');
  if (store.phase === 'downloading') await verifyDownload(store, raw);
  if (store.phase === 'unproved') verifyUnproved(store, raw, job);
  if (store.phase !== 'ready') return;
  const expected = ascending(stateAt(job, store.height));
  assert.deepEqual(raw, expected);
  const believed = [...store.summaries()].map(([prefix, summary]) => {
    return [prefix, { ...summary, checksum: hex(summary.checksum) }];
  });
  assert.deepEqual(new Map(believed), await summariesOf(expected));
  assert.equal(hex(store.stateRoot()), hex(await rootOf(expected)));
  for (const snapshot of store.snapshots()) {
    try {
      await verifySnapshot(store, job, snapshot);
    } catch (error) {
      const isRetired = store.snapshots().every(({ height }) => height !== snapshot.height);
      if (error.code !== 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE' || !isRetired) throw error;
    }
  }
}

async function verifySnapshot(store, job, snapshot) {
  const { height } = snapshot;
  const records = ascending(stateAt(job, height));
  assert.deepEqual(await readAll(store, height), records);
  assert.equal(hex(snapshot.stateRoot), hex(await rootOf(records)));
  const manifest = await store.manifest(height);
  const fromNothing = await computeManifest([pack(records)], { height, parameters: job.parameters, hasher });
  assert.deepEqual(manifest.pages.map(hex), fromNothing.pages.map(hex));
  assert.equal(hex(snapshot.root), hex(fromNothing.root(job.parameters.identity)));
}

async function verifyDownload(store, raw) {
  const { manifest, proved } = store.download();
  const isMark = ([key]) => key.length / 2 > store.parameters.maxKeyBytes;
  assert.equal(raw.filter(isMark).length, proved.size, 'marks are not those of the proved ranges');
  for (const index of proved) {
    const { startKey, endKey } = manifest.range(index);
    const [from, to] = [hex(startKey), endKey && hex(endKey)];
    const inside = raw.filter((entry) => !isMark(entry) && entry[0] >= from && (to === undefined || entry[0] < to));
    const { count, bytes, sum } = manifest.entries[index];
    const [summary] = (await summariesOf(inside)).values();
    assert.deepEqual(summary, { count, bytes, checksum: hex(sum) });
  }
}

/** Each interval holds the records of its target up to the place where it goes on, and no others. */
function verifyUnproved(store, raw, job) {
  const { height, intervals } = store.unprovedDownload();
  const expected = ascending(stateAt(job, height)).filter(([key]) => {
    const { state, nextKey } = intervals.find(({ prefix }) => prefix === Number.parseInt(key.slice(0, 2), 16));
    return state === 'whole' || key < hex(nextKey);
  });
  assert.deepEqual(raw, expected);
}

async function readAll(store, height) {
  const records = [];
  for (const prefix of store.parameters.statePrefixes) {
    for (let startKey = Uint8Array.of(prefix); startKey !== undefined; ) {
      const { records: packed, nextKey } = await store.readChunk({ height, startKey });
      const { bytes, offsets } = packed;
      for (let i = 0; i < offsets.length; i += 4) {
        const [a, b, c, d] = offsets.subarray(i, i + 4);
        records.push([hex(bytes.subarray(a, b)), hex(bytes.subarray(c, d))]);
      }
      startKey = nextKey;
    }
  }
  return records;
}
