import { describe, expect, test } from '@jest/globals';
import type { DatabaseIterator } from '../src/database.js';
import { ReleasingIterator } from '../src/releasing-iterator.js';
import { bytes } from './support/plain-state.js';
import { classicDatabase } from './support/stores.js';

interface NotingOptions {
  readonly isSeekable?: boolean;
  readonly failAt?: number;
}

/** An iterator that gives groups of these sizes, and notes what is called. */
function noting(sizes: readonly number[], options: NotingOptions = {}) {
  const { isSeekable = true, failAt } = options;
  const calls: string[] = [];
  let reads = 0;
  const iterator: DatabaseIterator = {
    async nextv(size) {
      calls.push(`nextv ${size}`);
      await Promise.resolve();
      if (reads === failAt) throw new Error('cannot read');
      return Array.from(
        { length: sizes[reads++] ?? 0 },
        (_, i) => [bytes(reads, i), bytes()] as [Uint8Array, Uint8Array],
      );
    },
    async close() {
      calls.push('close');
    },
    ...(isSeekable ? { seek: (target: Uint8Array) => void calls.push(`seek ${[...target]}`) } : {}),
  };
  return { calls, iterator: new ReleasingIterator(iterator) };
}

describe('an iterator that is closed', () => {
  test.each<[string, number[], NotingOptions, string[]]>([
    ['after many entries drops them', [40], {}, ['nextv 99', 'seek 1,39', 'nextv 1', 'close']],
    [
      'after the end drops those before it, too',
      [40, 0],
      {},
      ['nextv 99', 'nextv 99', 'seek 1,39', 'nextv 1', 'close'],
    ],
    ['after few entries has nothing to drop', [40, 3], {}, ['nextv 99', 'nextv 99', 'close']],
    ['after a failure is closed all the same', [40], { failAt: 0 }, ['nextv 99', 'close']],
    ['is closed if it cannot drop them', [40], { failAt: 1 }, ['nextv 99', 'seek 1,39', 'nextv 1', 'close']],
    ['is closed if it cannot go back', [40], { isSeekable: false }, ['nextv 99', 'close']],
  ])('%s', async (_, sizes, options, expected) => {
    const { calls, iterator } = noting(sizes, options);
    for (const [i] of sizes.entries()) {
      const reading = iterator.nextv(99);
      if (options.failAt === i) await expect(reading).rejects.toThrow('cannot read');
      else await reading;
    }
    await iterator.close();
    expect(calls).toEqual(expected);
  });

  test('waits for what is being read', async () => {
    const { calls, iterator } = noting([40]);
    const reading = iterator.nextv(99);
    await iterator.close();
    expect(calls).toEqual(['nextv 99', 'seek 1,39', 'nextv 1', 'close']);
    expect((await reading).length).toBe(40);
  });

  test('works on LevelDB, at the end and before it', async () => {
    const { open, remove } = await classicDatabase();
    const database = await open();
    const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
    const writes = Array.from({ length: 100 }, (_, i) => ({ type: 'put' as const, key: bytes(i), value: bytes(i) }));
    await database.batch(writes, { ...encodings, sync: false });
    for (const size of [50, 100, 200]) {
      const iterator = new ReleasingIterator(database.iterator({ gte: bytes(), lt: bytes(255), ...encodings }));
      expect((await iterator.nextv(size)).length).toBe(Math.min(size, 100));
      await iterator.close();
      await expect(iterator.nextv(1)).rejects.toMatchObject({ code: 'LEVEL_ITERATOR_NOT_OPEN' });
    }
    await database.close();
    await remove();
  });
});
