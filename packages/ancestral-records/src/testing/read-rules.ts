import { compareBytes, concatBytes, equalBytes } from '@hs/bytes';
import { expectBytes, expectEntries, expectKeys, expectTrue } from './assertions.js';
import type { DatabaseRule } from './batch-rules.js';
import { type Entry, generationValue, keyOf } from './database-session.js';

/** Keys that are prefixes of one another, begin and end with 0 and 255, share hundreds of bytes, or are very long. */
const awkwardKeys: readonly Uint8Array[] = [
  keyOf(0),
  keyOf(0, 0),
  keyOf(0, 0, 0),
  keyOf(0, 1),
  keyOf(0, 255),
  keyOf(1),
  keyOf(1, 0),
  keyOf(1, 0, 255),
  keyOf(1, 127),
  keyOf(1, 128),
  keyOf(1, 128, 0),
  keyOf(1, 255),
  keyOf(1, 255, 0),
  keyOf(1, 255, 255),
  keyOf(2),
  keyOf(48),
  keyOf(127, 255),
  keyOf(128),
  keyOf(0xc3, 0xa9),
  keyOf(0xed, 0xa0, 0x80),
  keyOf(0xef, 0xbf, 0xbd),
  keyOf(254, 255, 255),
  keyOf(255),
  keyOf(255, 0),
  keyOf(255, 255),
  keyOf(255, 255, 255),
  new Uint8Array(300).fill(7),
  concatBytes(new Uint8Array(300).fill(7), keyOf(0)),
  concatBytes(new Uint8Array(299).fill(7), keyOf(6, 255)),
  concatBytes(new Uint8Array(65_543).fill(9), keyOf(0)),
  concatBytes(new Uint8Array(65_543).fill(9), keyOf(255)),
].sort(compareBytes);

const awkward: readonly Entry[] = awkwardKeys.map((key, i): Entry => [key, generationValue(i, 4 + (i % 9))]);

/** Bounds around each key: itself, just after it, and its neighbours in length. */
const bounds: readonly Uint8Array[] = [
  new Uint8Array(0),
  ...awkwardKeys,
  ...awkwardKeys.filter((key) => key.length < 4).map((key) => concatBytes(key, keyOf(0))),
  keyOf(1, 64),
  keyOf(3),
  new Uint8Array(70_000).fill(255),
];

const isWithin = (key: Uint8Array, gte: Uint8Array, lt: Uint8Array): boolean =>
  compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0;

/** Rules about the order and the bounds of iterations. */
export const orderRules: Readonly<Record<string, DatabaseRule>> = {
  'keys are ordered by unsigned bytes, a prefix first': async (session) => {
    await session.put([...awkward].sort((_a, [b]) => (b.length % 3) - 1));
    expectEntries(await session.entries(), awkward, 'ascending, the database');
    expectEntries(await session.entries({ reverse: true }), [...awkward].reverse(), 'descending, the database');
  },

  'an iteration goes from gte, inclusive, to lt, exclusive, in both directions': async (session) => {
    await session.put(awkward);
    for (const gte of bounds) {
      const lts = bounds.filter((_, i) => (i + gte.length) % 3 === 0);
      await Promise.all(
        lts.map(async (lt) => {
          const expected = awkward.filter(([key]) => isWithin(key, gte, lt));
          expectEntries(await session.entries({ gte, lt }, { size: 50 }), expected, 'ascending, an interval');
          const reverse = await session.entries({ gte, lt, reverse: true }, { size: 50 });
          expectEntries(reverse, expected.reverse(), 'descending, an interval');
        }),
      );
    }
  },

  'limit bounds the entries of a whole iteration, in both directions': async (session) => {
    await session.put(awkward);
    for (const limit of [1, 2, 7, 8, awkward.length, awkward.length + 1, -1]) {
      const count = limit === -1 ? awkward.length : limit;
      for (const size of [1, 7, 100]) {
        const ascending = await session.entries({ limit }, { size });
        expectEntries(ascending, awkward.slice(0, count), `ascending with limit ${limit}, the database`);
        const descending = await session.entries({ limit, reverse: true }, { size });
        const expected = [...awkward].reverse().slice(0, count);
        expectEntries(descending, expected, `descending with limit ${limit}, the database`);
      }
    }
  },

  'without values the keys are the same': async (session) => {
    await session.put(awkward);
    for (const reverse of [false, true]) {
      const entries = await session.entries({ values: false, reverse });
      const expected = reverse ? [...awkwardKeys].reverse() : awkwardKeys;
      expectKeys(
        entries.map(([key]) => key),
        expected,
        'without values the database',
      );
    }
  },

  'nextv gives entries until the end, whatever its size and however little is read ahead': async (session) => {
    const entries = Array.from({ length: 500 }, (_, i): Entry => [keyOf(1, i >> 8, i & 255), generationValue(i, 200)]);
    await session.put(entries);
    for (const highWaterMarkBytes of [1, 1000, 16 * 1024, 1024 * 1024]) {
      for (const size of [1, 3, 499, 500, 501, 100_000]) {
        const read = await session.entries({ highWaterMarkBytes }, { size });
        expectEntries(read, entries, `nextv(${size}) with ${highWaterMarkBytes} bytes read ahead: the database`);
      }
    }
    const iterator = session.iterator();
    try {
      for (let read = 0; read < entries.length; ) {
        const { length } = await iterator.nextv(1000);
        expectTrue(length > 0, `nextv ended the iteration after ${read} of ${entries.length} entries`);
        read += length;
      }
      for (let i = 0; i < 3; i++) {
        expectTrue((await iterator.nextv(1000)).length === 0, 'nextv gave more entries after the end');
      }
    } finally {
      await iterator.close();
    }
    const unread = session.iterator();
    await unread.nextv(1);
    await unread.close();
  },

  'an iterator without a snapshot sees one moment, whatever is written meanwhile': async (session) => {
    const entries = Array.from({ length: 400 }, (_, i): Entry => [keyOf(1, i >> 8, i & 255), generationValue(i, 100)]);
    await session.put(entries);
    let step = 0;
    const read = await session.entries(
      { highWaterMarkBytes: 500 },
      {
        size: 10,
        between: async () => {
          step++;
          await session.batch([
            { type: 'del', key: keyOf(1, 1, step) },
            { type: 'put', key: keyOf(1, 1, 100 + (step % 30)), value: keyOf(9) },
            { type: 'put', key: keyOf(1, 0, 255, step), value: keyOf(9) },
            { type: 'put', key: keyOf(1, 2, step), value: keyOf(9) },
            { type: 'del', key: keyOf(1, 0, 255 - step) },
          ]);
        },
      },
    );
    expectEntries(read, entries, 'an iterator that was open during writes');
  },
};

/** Rules about values and the bytes they come in. */
export const valueRules: Readonly<Record<string, DatabaseRule>> = {
  'get gives exactly what was put, and undefined for what is not there': async (session) => {
    await session.put(awkward.filter((_, i) => i % 2 === 0));
    for (const [i, [key, value]] of awkward.entries()) {
      expectBytes(await session.get(key), i % 2 === 0 ? value : undefined, 'a value');
    }
    await session.batch([{ type: 'del', key: awkwardKeys[0] as Uint8Array }]);
    expectBytes(await session.get(awkwardKeys[0] as Uint8Array), undefined, 'a deleted value');
  },

  'getMany gives a value or undefined for each key, in their order, repeated keys too': async (session) => {
    await session.put(awkward.filter((_, i) => i % 3 !== 0));
    const picks = Array.from({ length: 500 }, (_, i) => (i * 7919) % awkward.length);
    const values = await session.getMany(picks.map((i) => awkwardKeys[i] as Uint8Array));
    expectTrue(values.length === picks.length, `getMany gave ${values.length} values for ${picks.length} keys`);
    for (const [at, i] of picks.entries()) {
      expectBytes(values[at], i % 3 === 0 ? undefined : awkward[i]?.[1], `value ${at} of getMany`);
    }
    expectTrue((await session.getMany([])).length === 0, 'getMany of no keys gave values');
    const absent = await session.getMany([keyOf(77), keyOf(78), keyOf(77)]);
    expectTrue(absent.length === 3 && absent.every((value) => value === undefined), 'getMany gave absent keys values');
  },

  'values may be empty, and as large as 5 MiB': async (session) => {
    const entries: readonly Entry[] = [
      [keyOf(1), new Uint8Array(0)],
      [keyOf(2), generationValue(2, 4 * 1024 * 1024 + 1)],
      [keyOf(3), generationValue(3, 5 * 1024 * 1024)],
      [keyOf(4), new Uint8Array(0)],
      [keyOf(5), keyOf(0)],
    ];
    await session.put(entries);
    for (const size of [1, 10]) {
      expectEntries(await session.entries({ highWaterMarkBytes: 1024 }, { size }), entries, 'the database');
    }
    for (const [key, value] of entries) expectBytes(await session.get(key), value, 'a value');
    const values = await session.getMany(entries.map(([key]) => key));
    for (const [i, [, value]] of entries.entries()) expectBytes(values[i], value, 'a value of getMany');
    await session.reopen();
    expectEntries(await session.entries(), entries, 'after reopening the database');
  },

  'bytes that were returned never change': async (session) => {
    const entries = Array.from({ length: 300 }, (_, i): Entry => [keyOf(1, i >> 8, i & 255), generationValue(i, 50)]);
    await session.put(entries);
    const keys = entries.map(([key]) => key);
    const value = await session.get(keys[5] as Uint8Array);
    const values = await session.getMany(keys);
    const iterator = session.iterator({ highWaterMarkBytes: 1000 });
    const held: [Uint8Array, Uint8Array][] = [];
    try {
      for (let next = await iterator.nextv(40); next.length > 0; next = await iterator.nextv(40)) held.push(...next);
    } finally {
      await iterator.close();
    }
    await session.put(keys.map((key) => [key, new Uint8Array(50).fill(255)]));
    await session.getMany(keys);
    await session.entries({ reverse: true });
    await session.batch(keys.map((key) => ({ type: 'del', key })));
    await session.get(keys[6] as Uint8Array);
    expectBytes(value, entries[5]?.[1], 'a value that get gave earlier');
    for (const [i, [, expected]] of entries.entries()) {
      expectBytes(values[i], expected, 'a value that getMany gave earlier');
    }
    expectEntries(held, entries, 'what an iterator gave earlier');
  },

  'bytes and lists that were passed are not changed': async (session) => {
    const entries = Array.from({ length: 60 }, (_, i): Entry => [keyOf(1, 59 - i), generationValue(i)]);
    const copies = entries.map(([key, value]): Entry => [key.slice(), value.slice()]);
    const writes = entries.map(([key, value]) => ({ type: 'put', key, value }) as const);
    const keys = entries.map(([key]) => key);
    const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
    await session.database.batch(writes, { ...encodings, sync: false });
    await session.database.getMany(keys, encodings);
    const [gte, lt] = [keyOf(1, 5), keyOf(1, 20)];
    await session.entries({ gte, lt });
    const isSame =
      writes.length === 60 &&
      keys.length === 60 &&
      writes.every(({ type, key, value }, i) => {
        return type === 'put' && key === entries[i]?.[0] && value === entries[i]?.[1] && keys[i] === key;
      });
    expectTrue(isSame, 'a list that was passed has other members now');
    expectEntries(entries, copies, 'what was passed');
    expectTrue(equalBytes(gte, keyOf(1, 5)) && equalBytes(lt, keyOf(1, 20)), 'a bound that was passed was changed');
  },
};
