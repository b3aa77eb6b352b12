import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type DatabaseWrite, StateStore } from '../src/index.js';
import { changesOf, hasher, period, stateRoot } from './crash/chain.mjs';
import { bytes, hex, sorted } from './support/plain-state.js';
import { memoryDatabase, type OpenDatabase, parameters } from './support/stores.js';
import { rawState, replay, verifyStore } from './support/verify-store.js';

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const chosen = { hasher, stateRoot, parameters: parameters({ snapshotPeriod: period }) };
const file = (name: string): string => join(import.meta.dirname, 'fixtures', `format-1-${name}.json`);

async function contentOf(database: OpenDatabase): Promise<[string, string][]> {
  const iterator = database.iterator({ gte: bytes(), lt: bytes(255), ...encodings });
  const entries = await iterator.nextv(100_000);
  await iterator.close();
  return entries.map(([key, value]) => [hex(key), hex(value)]);
}

/** Two small databases: one that is ready at height 12, one in the middle of a download. */
async function build(name: string): Promise<OpenDatabase> {
  const database = await memoryDatabase().open();
  const store = await StateStore.open({ database, ...chosen });
  await store.initialize({ records: [] });
  for (let height = 1; height <= 12; height++) {
    await store.commitBlock(await store.prepareBlock(height, changesOf(height).slice(0, 6)));
  }
  await store.maintenance();
  await store.write([{ key: bytes(70), value: bytes(1) }]);
  if (name === 'ready') return database;
  const other = await memoryDatabase().open();
  const newcomer = await StateStore.open({ database: other, ...chosen });
  const manifest = await store.manifest(10);
  await newcomer.beginDownload(manifest);
  const { records } = await store.readChunk({ height: 10, startKey: manifest.range(0).startKey });
  await newcomer.commitRange(await newcomer.proveRange(0, records));
  return other;
}

describe.each(['ready', 'downloading'])('a %s database of format 1', (name) => {
  test('still opens and verifies', async () => {
    const fixture: [string, string][] = JSON.parse(await readFile(file(name), 'utf8'));
    const database = await memoryDatabase().open();
    const writes = fixture.map(([key, value]): DatabaseWrite => {
      return {
        type: 'put',
        key: new Uint8Array(Buffer.from(key, 'hex')),
        value: new Uint8Array(Buffer.from(value, 'hex')),
      };
    });
    await database.batch(writes, { ...encodings, sync: false });
    const store = await StateStore.open({ database, ...chosen });
    expect(store.phase).toBe(name);
    await verifyStore(store, database);
    if (name === 'downloading') {
      expect([store.download()?.height, [...(store.download()?.proved ?? [])]]).toEqual([10, [0]]);
      return;
    }
    const expected = replay(12, (height) => changesOf(height).slice(0, 6));
    expect([store.height, sorted(await rawState(database))]).toEqual([12, sorted(expected)]);
    expect(store.snapshots().map(({ height }) => height)).toEqual([5, 10]);
    expect(await store.get(bytes(70))).toEqual(bytes(1));
  });

  test('is byte for byte what this version writes', async () => {
    const content = await contentOf(await build(name));
    if (process.env['UPDATE_FIXTURES'] === '1') await writeFile(file(name), `${JSON.stringify(content, null, 1)}\n`);
    expect(content).toEqual(JSON.parse(await readFile(file(name), 'utf8')));
  });
});
