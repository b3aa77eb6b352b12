/**
 * Writes the snapshot files that the tests and examples of @hs/ellipticsum read, with the export of @hs/ancestral-records:
 * `node packages/node/scripts/make-snapshot-fixtures.mjs`, after a build. With `--check` it writes nothing, and fails if
 * a file is not what it would write.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportSnapshot, StateStore, withDefaults } from '@hs/ancestral-records';
import { createBackend, packRecords, stateRoot } from '@hs/ellipticsum';
import { ClassicLevel } from 'classic-level';

const packages = new URL('../../', import.meta.url);
const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** Ascending records with empty and long values, keys that are prefixes of each other, and the last prefix. */
function smallState() {
  const records = new Map([
    ['05', Uint8Array.of()],
    ['0500', Uint8Array.of(1)],
    ['050000', Uint8Array.of(2)],
    ['ffff', new Uint8Array(300).fill(9)],
  ]);
  for (let i = 0; i < 36; i++) {
    const key = `${i % 3 === 0 ? '05' : '06'}${(i * 1877).toString(16).padStart(4, '0')}`;
    records.set(key, new TextEncoder().encode(`value ${i} `.repeat(i % 4)));
  }
  return [...records].map(([key, value]) => [Buffer.from(key, 'hex'), value]);
}

function genesisState() {
  const vectors = new URL('ellipticsum/test/vectors/deso-genesis-state.json', packages);
  const { prefixes } = JSON.parse(readFileSync(vectors, 'utf8'));
  return prefixes.flatMap(({ records }) => records.map((record) => record.map((text) => Buffer.from(text, 'hex'))));
}

async function exportState(records, chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'snapshot-fixtures-'));
  const database = new ClassicLevel(folder);
  await database.open();
  const hasher = await createBackend();
  const statePrefixes = [...new Set(records.map(([key]) => key[0]))];
  const parameters = withDefaults({ identity: new Uint8Array(32).fill(7), statePrefixes, ...chosen });
  const store = await StateStore.open({ database, hasher, stateRoot, parameters });
  await store.initialize({ records: [packRecords(records.toSorted(([a], [b]) => Buffer.compare(a, b)))] });
  await store.awaitSnapshot(0);
  const chunks = [];
  for await (const chunk of exportSnapshot(store, { height: 0 })) chunks.push(chunk);
  const { entries } = await store.manifest(0);
  const [{ root }] = store.snapshots();
  const fixture = {
    identity: hex(parameters.identity),
    stateRoot: hex(store.stateRoot()),
    snapshotRoot: hex(root),
    records: records.length,
    blockBytes: entries.map(({ count, bytes }) => 8 * count + bytes),
  };
  await store.close();
  await database.close();
  rmSync(folder, { recursive: true });
  await hasher.close();
  return { ...fixture, file: Buffer.concat(chunks) };
}

const at = (path) => fileURLToPath(new URL(path, packages));
const { file, ...small } = await exportState(smallState(), { maxRangeRecords: 6, maxRangeBytes: 250 });
const genesis = await exportState(genesisState(), { maxRangeRecords: 128 });
const text = `${JSON.stringify({ ...small, file: hex(file) }, undefined, 1)}\n`;
const fixtures = [
  [at('ellipticsum/test/vectors/snapshot-file.json'), Buffer.from(text)],
  [at('../examples/verify-checksum/data/deso-genesis.snapshot'), genesis.file],
];
for (const [path, content] of fixtures) {
  if (!process.argv.includes('--check')) writeFileSync(path, content);
  else if (!content.equals(readFileSync(path))) {
    console.error(`${path} is not what the export writes`);
    process.exitCode = 1;
  }
}
