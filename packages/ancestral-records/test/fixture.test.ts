import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type DatabaseWrite, formatVersion, StateStore, totalChecksum, withDefaults } from '../src/index.js';
import { changesOf, hasher, period, stateRoot } from './crash/chain.mjs';
import { bytes, fromHex, hex, sorted } from './support/plain-state.js';
import { memoryDatabase, type OpenDatabase, parameters } from './support/stores.js';
import { rawState, replay, verifyStore } from './support/verify-store.js';

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const chosen = { hasher, stateRoot, parameters: parameters({ snapshotPeriod: period, maxRangeRecords: 3 }) };
const formatKey = '0000';

type Content = readonly (readonly [keyHex: string, valueHex: string])[];

const file = (version: number, name: string): string =>
  join(import.meta.dirname, 'fixtures', `format-${version}-${name}.json`);
const fixture = async (version: number, name: string): Promise<Content> =>
  JSON.parse(await readFile(file(version, name), 'utf8'));

async function contentOf(database: OpenDatabase): Promise<Content> {
  const iterator = database.iterator({ gte: bytes(), lt: new Uint8Array(9).fill(255), ...encodings });
  const entries = await iterator.nextv(100_000);
  await iterator.close();
  return entries.map(([key, value]) => [hex(key), hex(value)]);
}

async function databaseOf(content: Content): Promise<OpenDatabase> {
  const database = await memoryDatabase().open();
  const writes = content.map(([key, value]): DatabaseWrite => {
    return { type: 'put', key: fromHex(key), value: fromHex(value) };
  });
  await database.batch(writes, { ...encodings, sync: false });
  return database;
}

/** Small databases: ready at height 12, in the middle of a download of either kind, and ready before a manifest is built. */
async function build(name: string): Promise<OpenDatabase> {
  const database = await memoryDatabase().open();
  const store = await StateStore.open({ database, ...chosen });
  await store.initialize({ records: [] });
  for (let height = 1; height <= 12; height++) {
    await store.commitBlock(await store.prepareBlock(height, changesOf(height).slice(0, 6)));
    if (height === 10 && name === 'unbuilt') {
      await store.close();
      return database;
    }
    await store.maintenance();
  }
  await store.write([{ key: bytes(70), value: bytes(1) }]);
  if (name === 'ready') return database;
  const other = await memoryDatabase().open();
  const newcomer = await StateStore.open({ database: other, ...chosen });
  if (name === 'unproved') {
    const parts = [...store.snapshotSummaries(10)].map(([prefix, { count, ...rest }]) => ({
      prefix,
      records: count,
      ...rest,
    }));
    const checksums = parts.map(({ checksum }) => checksum);
    await newcomer.beginUnprovedDownload({ height: 10, checksum: await totalChecksum(checksums, hasher), parts });
    await newcomer.writeUnproved(5, await store.readChunk({ height: 10, startKey: bytes(5) }));
    await newcomer.writeUnproved(6, await store.readChunk({ height: 10, startKey: bytes(6), maxBytes: 10 }));
    return other;
  }
  const manifest = await store.manifest(10);
  await newcomer.beginDownload(manifest);
  const { records } = await store.readChunk({ height: 10, ...manifest.range(0) });
  await newcomer.commitRange(await newcomer.proveRange(0, records));
  return other;
}

describe.each(['ready', 'downloading', 'unproved', 'unbuilt'])('a %s database of format 3', (name) => {
  test('still opens and verifies', async () => {
    const database = await databaseOf(await fixture(3, name));
    const store = await StateStore.open({ database, ...chosen });
    expect(store.phase).toBe(name === 'downloading' || name === 'unproved' ? name : 'ready');
    await verifyStore(store, database);
    if (name === 'unproved') {
      const intervals = store.unprovedDownload()?.intervals ?? [];
      expect(intervals.slice(0, 2)).toMatchObject([{ state: 'whole' }, { state: 'dirty', records: 1 }]);
      return;
    }
    if (name === 'downloading') {
      expect([store.download()?.height, [...(store.download()?.proved ?? [])]]).toEqual([10, [0]]);
      return;
    }
    await store.maintenance();
    await verifyStore(store, database);
    const height = name === 'ready' ? 12 : 10;
    const expected = replay(height, (at) => changesOf(at).slice(0, 6));
    expect([store.height, sorted(await rawState(database))]).toEqual([height, sorted(expected)]);
    expect(store.snapshots().map((snapshot) => snapshot.height)).toEqual([5, 10]);
    if (name === 'ready') expect(await store.get(bytes(70))).toEqual(bytes(1));
  });

  test('is byte for byte what this version writes', async () => {
    const content = await contentOf(await build(name));
    if (process.env['UPDATE_FIXTURES'] === '1') {
      await writeFile(file(3, name), `${JSON.stringify(content, null, 1)}\n`);
    }
    expect(content).toEqual(await fixture(3, name));
  });
});

/** Opening must be refused, and must leave everything as it was. */
async function expectRefusal(content: Content, expected: object, given: object = {}): Promise<void> {
  const database = await databaseOf(content);
  await expect(StateStore.open({ database, ...chosen, ...given })).rejects.toMatchObject(expected);
  expect(await contentOf(database)).toEqual(content);
}

describe('a database that does not fit is refused with what to do, and stays as it is', () => {
  test.each([
    [1, 'ready'],
    [1, 'downloading'],
    [2, 'ready'],
    [2, 'downloading'],
  ])('one of format %i, %s', async (version, name) => {
    await expectRefusal(await fixture(version, name), {
      code: 'ANCESTRAL_RECORDS_FORMAT_VERSION',
      details: { found: version, supported: formatVersion },
      message: expect.stringMatching(/use the package version that wrote it, or sync again into an empty folder/),
    });
  });

  test('one of a later format, whatever else its format record holds', async () => {
    const content = await fixture(3, 'ready');
    for (const rest of ['', '00', content[0]?.[1].slice(2) ?? '']) {
      const changed = content.map(([key, value]) => [key, key === formatKey ? `ff${rest}` : value] as const);
      await expectRefusal(changed, {
        code: 'ANCESTRAL_RECORDS_FORMAT_VERSION',
        details: { found: 255, supported: formatVersion },
      });
    }
  });

  test('one of another chain', async () => {
    const given = { parameters: withDefaults({ ...chosen.parameters, identity: new Uint8Array(32).fill(9) }) };
    await expectRefusal(
      await fixture(3, 'ready'),
      {
        code: 'ANCESTRAL_RECORDS_IDENTITY_MISMATCH',
        details: { found: '07'.repeat(32), expected: '09'.repeat(32) },
        message: expect.stringMatching(/open the folder of the right chain, or use an empty one/),
      },
      given,
    );
  });

  test.each([
    ['statePrefixes', [5, 6, 9]],
    ['snapshotPeriod', 6],
    ['maxRangeRecords', 4],
    ['maxRangeBytes', 1000],
    ['maxKeyBytes', 1000],
    ['maxValueBytes', 1000],
  ])('one that was made with another %s', async (name, value) => {
    const given = { parameters: withDefaults({ ...chosen.parameters, [name]: value }) };
    const content = await fixture(3, 'ready');
    const expected = {
      code: 'ANCESTRAL_RECORDS_PARAMETERS_MISMATCH',
      details: { differing: [name] },
      message: expect.stringMatching(/use those parameters, or sync again into an empty folder/),
    };
    await expectRefusal(content, expected, given);
  });

  test('one whose format record is cut short, too long, or empty', async () => {
    const content = await fixture(3, 'ready');
    const record = content.find(([key]) => key === formatKey)?.[1] as string;
    const damaged = ['', `${record}00`];
    for (let length = 2; length < record.length; length += 2) damaged.push(record.slice(0, length));
    for (const value of damaged) {
      const changed = content.map((entry) => (entry[0] === formatKey ? ([formatKey, value] as const) : entry));
      await expectRefusal(changed, {
        code: 'ANCESTRAL_RECORDS_CORRUPT',
        message: expect.stringMatching(/restore the database from a copy, or sync again into an empty folder/),
      });
    }
  });

  test('one whose format record has any bit flipped', async () => {
    const content = await fixture(3, 'ready');
    const record = fromHex(content.find(([key]) => key === formatKey)?.[1] as string);
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const flipped = record.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const changed = content.map((entry) => (entry[0] === formatKey ? ([formatKey, hex(flipped)] as const) : entry));
      const code = expect.stringMatching(
        /^ANCESTRAL_RECORDS_(CORRUPT|FORMAT_VERSION|IDENTITY_MISMATCH|PARAMETERS_MISMATCH)$/,
      );
      await expectRefusal(changed, { code });
    }
  });

  test('one whose format record is gone, or that something else has written', async () => {
    const withoutFormat = (await fixture(3, 'ready')).filter(([key]) => key !== formatKey);
    const foreign: readonly Content[] = [withoutFormat, [['00', '']], [['0000ff', '00']], [['ffffffff', '00']]];
    for (const content of foreign) {
      await expectRefusal(content, {
        code: 'ANCESTRAL_RECORDS_FOREIGN_DATABASE',
        message: expect.stringMatching(/give the store a database of its own, in an empty folder/),
      });
    }
  });

  test('one without a tip', async () => {
    const content = (await fixture(3, 'ready')).filter(([key]) => key !== '0001');
    await expectRefusal(content, { code: 'ANCESTRAL_RECORDS_CORRUPT' });
  });

  test('but another number of retained snapshots is a local choice', async () => {
    const database = await databaseOf(await fixture(3, 'ready'));
    const given = { ...chosen, parameters: withDefaults({ ...chosen.parameters, retainedEpochs: 1 }) };
    expect((await StateStore.open({ database, ...given })).height).toBe(12);
  });
});
