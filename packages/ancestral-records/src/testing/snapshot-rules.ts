import { expectBytes, expectEntries, expectTrue } from './assertions.js';
import type { DatabaseRule } from './batch-rules.js';
import { type DatabaseSession, type Entry, generationOf, generationValue, keyOf } from './database-session.js';

const stateAt = (generation: number): Entry[] => {
  const keys = Array.from({ length: 200 }, (_, i) => keyOf(1, i));
  return keys.filter((_, i) => (i + generation) % 4 !== 0).map((key) => [key, generationValue(generation, 60)]);
};

/** Replaces the state of one generation by that of another, in one batch. */
async function move(session: DatabaseSession, generation: number): Promise<void> {
  const all = Array.from({ length: 200 }, (_, i) => keyOf(1, i));
  const next = stateAt(generation);
  await session.batch([
    ...all.map((key) => ({ type: 'del', key }) as const),
    ...next.map(([key, value]) => ({ type: 'put', key, value }) as const),
  ]);
}

/** Rules about explicit snapshots. */
export const snapshotRules: Readonly<Record<string, DatabaseRule>> = {
  'explicit snapshots are announced': async ({ database }) => {
    expectTrue(database.supports.explicitSnapshots === true, 'supports.explicitSnapshots is not true');
    expectTrue(database.status === 'open', `the status of an open database is ${database.status}`);
  },

  'several snapshots hold their states side by side, for get, getMany and iterators': async (session) => {
    await move(session, 0);
    const snapshots = [];
    try {
      for (let generation = 1; generation <= 6; generation++) {
        snapshots.push(session.database.snapshot());
        await move(session, generation);
      }
      const keys = Array.from({ length: 200 }, (_, i) => keyOf(1, i));
      for (const generation of [5, 0, 3, 1, 4, 2]) {
        const snapshot = snapshots[generation];
        const expected = stateAt(generation);
        const what = `snapshot ${generation}`;
        expectEntries(await session.entries({ snapshot }), expected, what);
        expectEntries(await session.entries({ snapshot, reverse: true }), [...expected].reverse(), what);
        const values = await session.getMany(keys, snapshot);
        for (const i of [0, 1, 2, 3, 199]) {
          const value = expected.find(([key]) => key[1] === i)?.[1];
          expectBytes(values[i], value, `${what}: a value of getMany`);
          expectBytes(await session.get(keys[i] as Uint8Array, snapshot), value, `${what}: a value of get`);
        }
      }
      expectEntries(await session.entries(), stateAt(6), 'the database itself');
    } finally {
      await Promise.all(snapshots.map((snapshot) => snapshot.close()));
    }
  },

  'a snapshot holds nothing of batches that are called after it': async (session) => {
    const key = keyOf(1);
    await session.put([[key, generationValue(0)]]);
    for (let generation = 1; generation <= 40; generation++) {
      const snapshot = session.database.snapshot();
      try {
        const writing = session.put([[key, generationValue(generation)]]);
        const early = session.get(key, snapshot);
        const [, value] = await Promise.all([writing, early]);
        const late = await session.get(key, snapshot);
        const iterated = (await session.entries({ snapshot }))[0]?.[1];
        for (const seen of [value, late, iterated].map(generationOf)) {
          expectTrue(seen === generation - 1, `a snapshot made after batch ${generation - 1} saw batch ${seen}`);
        }
      } finally {
        await snapshot.close();
      }
    }
  },

  'an iterator on a snapshot is not disturbed by writes between its steps': async (session) => {
    await move(session, 1);
    const snapshot = session.database.snapshot();
    try {
      for (const reverse of [false, true]) {
        let generation = 1;
        const between = async (): Promise<void> => {
          if (generation < 12) await move(session, ++generation);
        };
        const entries = await session.entries({ snapshot, reverse, highWaterMarkBytes: 100 }, { size: 9, between });
        const expected = reverse ? stateAt(1).reverse() : stateAt(1);
        expectEntries(entries, expected, 'an iterator on a snapshot during writes');
      }
    } finally {
      await snapshot.close();
    }
  },

  'iterators on one snapshot go side by side': async (session) => {
    await move(session, 1);
    const snapshot = session.database.snapshot();
    try {
      await move(session, 2);
      const intervals = Array.from({ length: 8 }, (_, i) => ({ gte: keyOf(1, i * 25), lt: keyOf(1, (i + 1) * 25) }));
      const parts = await Promise.all(
        intervals.map((interval) => session.entries({ ...interval, snapshot }, { size: 4 })),
      );
      expectEntries(parts.flat(), stateAt(1), 'eight iterators together');
    } finally {
      await snapshot.close();
    }
  },

  'closing a snapshot disturbs no other one': async (session) => {
    await move(session, 1);
    const first = session.database.snapshot();
    await move(session, 2);
    const second = session.database.snapshot();
    await move(session, 3);
    await first.close();
    try {
      await move(session, 4);
      expectEntries(await session.entries({ snapshot: second }), stateAt(2), 'the snapshot that is still open');
    } finally {
      await second.close();
    }
    for (let i = 0; i < 200; i++) await session.database.snapshot().close();
    expectEntries(await session.entries(), stateAt(4), 'the database');
  },
};
