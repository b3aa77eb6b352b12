import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { bytes, hex, pack, readAll } from './support/plain-state.js';
import { openStore } from './support/stores.js';
import { rawState } from './support/verify-store.js';

/** Bytes that are no text in any encoding, many and small: such writes go into a chained batch if there are any. */
const value = (round: number, index: number): Uint8Array => bytes(255, 254, round, index, 128);
const records = Array.from({ length: 200 }, (_, index): [Uint8Array, Uint8Array] => [
  bytes(5, 255 - index, 192),
  value(0, index),
]).reverse();
const stored = records.map(([key, bytes]): [string, string] => [hex(key), hex(bytes)]);

type Encodings = { readonly keyEncoding: string; readonly valueEncoding: string };

/** The first has chained batches of its own. */
const databases = {
  'classic-level': (own: Encodings) => new ClassicLevel<Uint8Array, Uint8Array>(join(folder, 'db'), own),
  'memory-level': (own: Encodings) => new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view', ...own }),
};
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ancestral-records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(
  (['classic-level', 'memory-level'] as const).flatMap((name) =>
    (['view', 'utf8', 'hex'] as const).flatMap((keyEncoding) =>
      (['view', 'utf8', 'base64'] as const).map((valueEncoding) => ({ name, keyEncoding, valueEncoding })),
    ),
  ),
)('bytes are stored as they are in $name that takes $keyEncoding keys and $valueEncoding values', async (chosen) => {
  const { name, ...own } = chosen;
  const database = databases[name](own);
  await database.open();
  const store = await openStore(database);
  await store.initialize({ records: [pack(records)] });
  expect(await readAll(store, 0)).toEqual(stored);

  const changes = records.map(([key], index) => ({ key, value: index % 2 === 0 ? value(1, index) : undefined }));
  await store.commitBlock(await store.prepareBlock(1, changes));
  for (const { key, value: changed } of changes) expect(await store.get(key)).toEqual(changed);
  expect(await readAll(store, 0)).toEqual(stored);
  const kept = changes.flatMap((change) => (change.value === undefined ? [] : [[hex(change.key), hex(change.value)]]));
  expect([...(await rawState(database))].map(([key, bytes]) => [key, hex(bytes)]).sort()).toEqual(kept.sort());
  await database.close();
});
