import type { DatabaseWrite } from '../database.js';
import { expectBytes, expectEntries, expectTrue } from './assertions.js';
import { type DatabaseSession, type Entry, generationOf, generationValue, keyOf, pass } from './database-session.js';

/** One thing that the store relies on, checked on an open, empty database. Rejects if it does not hold. */
export type DatabaseRule = (session: DatabaseSession) => Promise<void>;

/** Keys that every generation writes anew; they lie far apart, so that an iteration over them takes several steps. */
const generationKeys: readonly Uint8Array[] = Array.from({ length: 64 }, (_, i) => keyOf(1, i * 4, i, 255 - i));

const writesOf = (generation: number): DatabaseWrite[] =>
  generationKeys.map((key) => ({ type: 'put', key, value: generationValue(generation) }));

/** The one generation that all values have. */
function oneGeneration(values: readonly (Uint8Array | undefined)[], reader: string): number {
  const generations = new Set(values.map(generationOf));
  expectTrue(
    values.length === generationKeys.length,
    `${reader} saw ${values.length} of ${generationKeys.length} keys`,
  );
  expectTrue(generations.size === 1, `${reader} saw parts of batches ${[...generations].join(', ')} at once`);
  return [...generations][0] as number;
}

/** Rules about batches as readers see them. */
export const batchRules: Readonly<Record<string, DatabaseRule>> = {
  'a batch that has resolved is seen by every later read, iteration and snapshot': async (session) => {
    for (let generation = 1; generation <= 30; generation++) {
      await session.batch(writesOf(generation), generation % 10 === 0);
      const snapshot = session.database.snapshot();
      try {
        const key = generationKeys[generation] as Uint8Array;
        const seen = [
          generationOf(await session.get(key)),
          generationOf((await session.getMany([key]))[0]),
          generationOf((await session.entries({ limit: 1 }))[0]?.[1]),
          generationOf(await session.get(key, snapshot)),
          generationOf((await session.entries({ limit: 1, snapshot }))[0]?.[1]),
        ];
        expectTrue(
          seen.every((each) => each === generation),
          `after batch ${generation} the reads saw batches ${seen.join(', ')}`,
        );
      } finally {
        await snapshot.close();
      }
    }
  },

  'no reader through a snapshot sees a part of a batch, whenever the snapshot is made': async (session) => {
    await session.batch(writesOf(1));
    for (let generation = 2; generation <= 40; generation++) {
      const writing = session.batch(writesOf(generation), generation % 8 === 0);
      try {
        await pass(generation % 4);
        const snapshot = session.database.snapshot();
        try {
          const values = (await session.entries({ snapshot })).map(([, value]) => value);
          const seen = oneGeneration(values, 'an iterator on a snapshot');
          expectTrue(seen >= generation - 1, `a snapshot saw batch ${seen} after batch ${generation - 1} resolved`);
          const many = oneGeneration(await session.getMany(generationKeys, snapshot), 'getMany on a snapshot');
          const each = await Promise.all(generationKeys.map((key) => session.get(key, snapshot)));
          const one = oneGeneration(each, 'get on a snapshot');
          expectTrue(seen === many && seen === one, `one snapshot saw batches ${seen}, ${many} and ${one}`);
        } finally {
          await snapshot.close();
        }
      } finally {
        await writing;
      }
    }
  },

  'no reader sees a part of a batch while batches are written without a pause': async (session) => {
    await session.batch(writesOf(1));
    let isWriting = true;
    const writer = (async () => {
      for (let generation = 2; generation <= 120; generation++) await session.batch(writesOf(generation));
    })().finally(() => {
      isWriting = false;
    });
    const reader = async (isOnSnapshot: boolean): Promise<void> => {
      let newest = 0;
      while (isWriting) {
        const snapshot = isOnSnapshot ? session.database.snapshot() : undefined;
        try {
          const entries = await session.entries({ snapshot });
          const values = entries.map(([, value]) => value);
          const seen = oneGeneration(values, isOnSnapshot ? 'an iterator on a snapshot' : 'an iterator');
          expectTrue(seen >= newest, `an iterator saw batch ${seen} after batch ${newest} had been seen`);
          newest = seen;
        } finally {
          await snapshot?.close();
        }
      }
    };
    const outcomes = await Promise.allSettled([writer, reader(true), reader(false), reader(true)]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  },

  'the operations of a batch apply in their order': async (session) => {
    const [a, b, c] = [keyOf(1), keyOf(2), keyOf(3)];
    await session.put([[c, keyOf(0)]]);
    await session.batch([
      { type: 'put', key: a, value: keyOf(1) },
      { type: 'put', key: a, value: keyOf(2) },
      { type: 'put', key: b, value: keyOf(1) },
      { type: 'del', key: b },
      { type: 'del', key: c },
      { type: 'put', key: c, value: keyOf(3) },
      { type: 'del', key: keyOf(4) },
    ]);
    expectEntries(
      await session.entries(),
      [
        [a, keyOf(2)],
        [c, keyOf(3)],
      ],
      'after the batch the database',
    );
  },

  'batches that are under way at once are all written, each as a whole': async (session) => {
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 20 }, (_, i) => {
        const own: DatabaseWrite = { type: 'put', key: keyOf(2, round, i), value: keyOf(i) };
        return session.batch([...writesOf(round * 20 + i), own], i % 7 === 6);
      });
      await Promise.all(calls);
      oneGeneration(await session.getMany(generationKeys), 'getMany');
      const own = await session.entries({ gte: keyOf(2, round), lt: keyOf(2, round + 1) });
      expectTrue(own.length === 20, `${own.length} of 20 batches are there`);
    }
  },

  'a batch that is refused leaves nothing of itself': async (session) => {
    const before: readonly Entry[] = [
      [keyOf(1), keyOf(1)],
      [keyOf(2), keyOf(2)],
    ];
    await session.put(before);
    const impossible = { type: 'put', key: undefined, value: keyOf(9) } as unknown as DatabaseWrite;
    const writes: DatabaseWrite[] = [
      { type: 'put', key: keyOf(1), value: keyOf(9) },
      { type: 'del', key: keyOf(2) },
      { type: 'put', key: keyOf(3), value: keyOf(9) },
      impossible,
      { type: 'put', key: keyOf(4), value: keyOf(9) },
    ];
    const [outcome] = await Promise.allSettled([(async () => session.batch(writes))()]);
    expectTrue(outcome.status === 'rejected', 'a batch with a write that has no key was accepted');
    expectEntries(await session.entries(), before, 'after the refusal the database');
    await session.put([[keyOf(5), keyOf(5)]]);
    await session.reopen();
    expectEntries(await session.entries(), [...before, [keyOf(5), keyOf(5)]], 'after reopening the database');
  },

  'a batch of no writes is accepted': async (session) => {
    await session.batch([]);
    await session.batch([], true);
    expectEntries(await session.entries(), [], 'the database');
  },

  'a batch of 20,000 writes and one of 16 MiB are written whole': async (session) => {
    const many = Array.from({ length: 20_000 }, (_, i): Entry => [keyOf(1, i >> 8, i & 255), generationValue(i, 4)]);
    await session.put(many, true);
    expectEntries(await session.entries({}, { size: 3000 }), many, 'the database');
    const large = Array.from({ length: 16 }, (_, i): Entry => [keyOf(2, i), generationValue(i, 1024 * 1024)]);
    await session.batch([
      ...many.map(([key]): DatabaseWrite => ({ type: 'del', key })),
      ...large.map(([key, value]): DatabaseWrite => ({ type: 'put', key, value })),
    ]);
    expectEntries(await session.entries({}, { size: 3 }), large, 'after the second batch the database');
  },
};

/** Rules about what is there when the database is opened again. */
export const durabilityRules: Readonly<Record<string, DatabaseRule>> = {
  'everything that was written is there after reopening': async (session) => {
    const expected = new Map<number, Entry>();
    for (let round = 1; round <= 4; round++) {
      for (let i = 0; i < 25; i++) {
        const entry: Entry = [keyOf(1, i * 10), generationValue(round * 100 + i, 5 + i)];
        const isDeleted = i % 5 === round;
        await session.batch(
          [isDeleted ? { type: 'del', key: entry[0] } : { type: 'put', key: entry[0], value: entry[1] }],
          i % 6 === 0,
        );
        if (isDeleted) expected.delete(i);
        else expected.set(i, entry);
      }
      await session.reopen();
      const sorted = [...expected].sort(([a], [b]) => a - b).map(([, entry]) => entry);
      expectEntries(await session.entries(), sorted, `after reopening ${round} times the database`);
    }
  },

  'what was written with sync: true is there after a crash, with everything before it': async (session) => {
    for (let round = 1; round <= 3; round++) {
      const base = round * 10;
      for (let i = 1; i <= 5; i++) await session.batch(writesOf(base + i));
      await session.batch(writesOf(base + 6), true);
      await session.put([[keyOf(2, round), keyOf(1)]]);
      await session.put([[keyOf(3, round), keyOf(2)]], true);
      await session.crash();
      const seen = oneGeneration(await session.getMany(generationKeys), 'after the crash getMany');
      expectTrue(seen === base + 6, `after the crash batch ${seen} is there instead of batch ${base + 6}`);
      expectBytes(await session.get(keyOf(2, round)), keyOf(1), 'the value of a batch before the last synced one');
      expectBytes(await session.get(keyOf(3, round)), keyOf(2), 'the value of the last synced batch');
    }
  },

  'after a crash no batch is there in part, and none without those before it': async (session) => {
    for (let round = 1; round <= 3; round++) {
      const base = round * 1000;
      await session.batch(writesOf(base), true);
      const { database } = session;
      let isCrashed = false;
      let called = 0;
      const writer = (async () => {
        for (let i = 1; i <= 500 && !isCrashed; i++) {
          called = i;
          const own: DatabaseWrite = { type: 'put', key: keyOf(2, round, i >> 8, i & 255), value: keyOf(1) };
          await database.batch([...writesOf(base + i), own], {
            keyEncoding: 'view',
            valueEncoding: 'view',
            sync: false,
          });
        }
      })();
      const settled = Promise.allSettled([writer]);
      await pass(4 * round);
      isCrashed = true;
      await session.crash();
      await settled;
      const last = oneGeneration(await session.getMany(generationKeys), 'after the crash getMany') - base;
      expectTrue(last >= 0 && last <= called, `after the crash batch ${last} is there, of ${called} that were called`);
      const own = await session.entries({ gte: keyOf(2, round), lt: keyOf(2, round + 1) });
      expectTrue(
        own.length === last,
        `after the crash batch ${last} is there, but only ${own.length} of those up to it`,
      );
    }
  },
};
