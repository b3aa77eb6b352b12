import { describe, expect, test } from '@jest/globals';
import { startScrub, type VerifyReport } from '../src/index.js';
import { damage, dump, grow, longStore, smallRanges } from './support/long-store.js';
import { bytes, fromHex } from './support/plain-state.js';
import { memoryDatabase, openStore } from './support/stores.js';

/** A clock that only sleeping moves. */
function virtualTime(): {
  now: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  slept: number[];
} {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => nowMs,
    async sleep(ms, signal) {
      nowMs += ms;
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    },
  };
}

/** Resolves when something was called a number of times. */
function calls<T>(count: number): { readonly done: Promise<T[]>; readonly call: (value: T) => void } {
  const seen: T[] = [];
  let resolve: (seen: T[]) => void;
  const done = new Promise<T[]>((fulfil) => {
    resolve = fulfil;
  });
  return {
    done,
    call(value) {
      seen.push(value);
      if (seen.length === count) resolve([...seen]);
    },
  };
}

describe('a scrub', () => {
  test('verifies every snapshot and the tip in turn, and goes on with new ones', async () => {
    const store = await longStore(await memoryDatabase().open());
    const { now, sleep } = virtualTime();
    const passes = calls<VerifyReport>(4);
    const scrub = startScrub(store, { now, sleep, onPass: passes.call });
    const seen = await passes.done;
    expect(seen.map(({ height, tipHeight }) => [height, tipHeight])).toEqual([
      [4, undefined],
      [8, 10],
      [4, undefined],
      [8, 10],
    ]);
    expect(seen.every(({ isClean }) => isClean)).toBe(true);
    await scrub.close();
    await grow(store, 12);
    const later = calls<VerifyReport>(2);
    const second = startScrub(store, { now, sleep, onPass: later.call });
    expect((await later.done).map(({ height, tipHeight }) => [height, tipHeight])).toEqual([
      [8, undefined],
      [12, 12],
    ]);
    await second.close();
  });

  test('reports damage and goes on', async () => {
    const database = await memoryDatabase().open();
    const store = await longStore(database);
    const [key] = [...(await dump(database, 2, 2)).keys()];
    await damage(database, fromHex(key as string), bytes(250));
    const { now, sleep } = virtualTime();
    const found = calls<VerifyReport>(3);
    const scrub = startScrub(store, { now, sleep, onDamage: found.call });
    for (const report of await found.done) expect(report.damagedRanges.length + report.damagedPrefixes.length).toBe(1);
    await scrub.close();
  });

  test('looks at no more bytes per second than it is allowed to', async () => {
    const store = await longStore(await memoryDatabase().open());
    const { now, sleep } = virtualTime();
    const passes = calls<VerifyReport>(20);
    const bytesPerSecond = 100;
    const scrub = startScrub(store, { now, sleep, onPass: passes.call, bytesPerSecond, restMs: 0 });
    const reports = await passes.done;
    const verified = reports.reduce((sum, { bytes: each }) => sum + each, 0);
    /* At most one second is allowed for in advance. */
    expect(now() / 1000).toBeGreaterThanOrEqual(verified / bytesPerSecond - 1);
    await scrub.close();
  });

  test('waits for a store that is not ready, and tells what keeps it from verifying', async () => {
    const store = await openStore(await memoryDatabase().open(), { parameters: smallRanges });
    const { now, sleep, slept } = virtualTime();
    const passes = calls<VerifyReport>(1);
    const failures = calls<unknown>(1);
    let mustFail = true;
    const onProgress = (): void => {
      if (mustFail) throw new Error('no');
    };
    const scrub = startScrub(store, { now, sleep, onPass: passes.call, onFailure: failures.call, onProgress });
    await new Promise((resolve) => setImmediate(resolve));
    expect(slept[0]).toBe(10_000);
    await store.initialize({ records: [] });
    expect(await failures.done).toMatchObject([{ message: 'no' }]);
    mustFail = false;
    expect(await passes.done).toMatchObject([{ height: 0, isClean: true }]);
    await scrub.close();
  });

  test('ends when it is closed, aborted, or the store is closed, and lets the store close', async () => {
    for (const end of ['close', 'abort', 'store'] as const) {
      const store = await longStore(await memoryDatabase().open());
      const passes = calls<VerifyReport>(1);
      const stopping = new AbortController();
      const scrub = startScrub(store, { onPass: passes.call, restMs: 0, bytesPerSecond: 1e9, signal: stopping.signal });
      await passes.done;
      if (end === 'abort') stopping.abort();
      if (end === 'store') await store.close();
      await scrub.close();
      await scrub.close();
      await store.close();
    }
  });

  test('refuses a rate or rest that makes no sense', async () => {
    const store = await longStore(await memoryDatabase().open());
    expect(() => startScrub(store, { bytesPerSecond: 0 })).toThrow('bytesPerSecond must be positive');
    expect(() => startScrub(store, { restMs: -1 })).toThrow('restMs must not be negative');
  });
});
