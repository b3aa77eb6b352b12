import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createNobleBackend,
  EllipticSum,
  type HashBackend,
  type HashBatch,
  packRecords,
  type SelectedBackend,
} from '../../src/index.js';
import type { WorkerPool, WorkerPoolEvent, WorkerPoolOptions } from '../../src/node.js';
import type { OpenBackend } from '../../src/pool/worker-backends.js';
import { openWorkerPool } from '../../src/pool/worker-pool.js';
import { hashBackendChecks } from '../../src/testing.js';
import { LocalThreads, reference, sampleBatch, settle, sharedWasm } from './local-threads.js';

const wasm = sharedWasm();
const opened: HashBackend[] = [];

afterEach(async () => {
  for (const pool of opened.splice(0)) await pool.close();
});

/** A pool in this thread; `events` hears its events. */
async function openPool(options: WorkerPoolOptions = {}, openBackend: OpenBackend = wasm) {
  const platform = new LocalThreads(openBackend);
  const events: WorkerPoolEvent[] = [];
  const pool = await openWorkerPool(platform, { threads: 2, onEvent: (event) => events.push(event), ...options });
  opened.push(pool);
  return { pool, platform, events };
}

async function encodedSum(pool: WorkerPool, batch: HashBatch): Promise<string> {
  return Buffer.from(await pool.encode(await pool.sum(batch))).toString('hex');
}

function isDetached(array: Uint8Array | Uint32Array): boolean {
  return array.buffer.byteLength === 0;
}

describe('worker pool complies', () => {
  const checks = hashBackendChecks(({ domain }) =>
    openWorkerPool(new LocalThreads(), { threads: 3, backend: 'wasm', ...(domain === undefined ? {} : { domain }) }),
  );
  test.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run());
});

describe('worker pool', () => {
  test('says what it is, and which backend each worker took and why', async () => {
    const refused = [{ backend: 'wasm-simd', reason: 'no-relaxed-simd', message: 'no' }] as const;
    const { pool, events } = await openPool({}, async () =>
      Object.assign(createNobleBackend(), {
        name: 'noble' as const,
        selection: { backend: 'noble' as const, refused },
      }),
    );
    await settle();
    expect(pool).toMatchObject({ name: 'worker-pool', domain: 'DESO-ELLIPTIC-SUM:Ristretto255' });
    const workers = [0, 1].map((worker) => ({ worker, backend: 'noble', refused }));
    expect(pool.workers).toEqual(workers);
    expect(events).toEqual(workers.map((worker) => ({ type: 'worker-opened', ...worker })));
  });

  test('has workers begin before whoever called does anything else', async () => {
    const { pool, platform } = await openPool();
    const sum = pool.sum(sampleBatch(1000));
    expect(platform.threads.map(({ runs }) => runs > 0)).toEqual([true, true]);
    await sum;
  });

  test.each([
    [undefined, 3],
    ['all', 3],
    ['all-but-one', 2],
    [1, 1],
    [5, 5],
  ] as const)('threads %p gives %i workers where three run at a time', async (threads, count) => {
    const platform = new LocalThreads(wasm);
    const pool = await openWorkerPool(platform, threads === undefined ? {} : { threads });
    opened.push(pool);
    expect(platform.threads.length).toBe(count);
    expect(pool.workers.length).toBe(count);
  });

  test.each([
    { threads: 0 },
    { threads: 1.5 },
    { threads: 1025 },
    { maxQueuedCalls: 0 },
    { maxQueuedBytes: Number.NaN },
    { maxWaitingCalls: -1 },
    { maxRestarts: 0.5 },
    { startTimeoutMs: 0 },
    { domain: '' },
  ])('refuses the options %p and starts nothing', async (options) => {
    const platform = new LocalThreads(wasm);
    await expect(openWorkerPool(platform, options)).rejects.toThrow(RangeError);
    expect(platform.threads.length).toBe(0);
  });

  test('a small call goes to one worker whole, a large one to all', async () => {
    const { pool, platform } = await openPool();
    await pool.sum(sampleBatch(100));
    expect(platform.runs).toBe(1);
    await pool.sum(sampleBatch(2000));
    expect(platform.threads.map(({ runs }) => runs > 1)).toEqual([true, true]);
  });

  test('lists are added up by all workers, each list by one, to what one thread makes of them', async () => {
    const { pool, platform } = await openPool();
    const few = await pool.sum({
      ...sampleBatch(64),
      groups: Uint32Array.from({ length: 64 }, (_, i) => i),
      groupCount: 64,
    });
    const sizes = Uint32Array.from({ length: 300 }, (_, i) => (i === 7 ? 5000 : i % 20));
    sizes[299] = 0;
    const sums = new Uint8Array(128 * sizes.reduce((total, size) => total + size, 0));
    for (let at = 0; at < sums.length; at += few.length) sums.set(few.subarray(0, sums.length - at), at);
    const before = platform.runs;
    const added = await pool.encode(await pool.addUp(sums, sizes));
    expect(platform.runs).toBeGreaterThan(before + 2);
    const alone = await wasm('wasm', pool.domain);
    expect(Buffer.compare(added, await alone.encode(await alone.addUp(sums, sizes)))).toBe(0);
    const broken = sums.slice();
    broken.fill(1, 128 * 6000, 128 * 6001);
    await expect(pool.addUp(broken, sizes)).rejects.toMatchObject({
      code: 'ELLIPTICSUM_INVALID_POINT',
      details: { index: 6000 },
    });
  });

  test('many calls at once are not cut, but each worker gets some', async () => {
    const { pool, platform } = await openPool();
    const batches = Array.from({ length: 12 }, (_, seed) => sampleBatch(600, seed));
    const first = await Promise.all(batches.map((batch) => encodedSum(pool, batch)));
    expect(platform.runs).toBeLessThan(40);
    expect(platform.threads.every(({ runs }) => runs > 0)).toBe(true);
    for (const seed of [0, 7, 11]) expect(first[seed]).toBe(await reference(sampleBatch(600, seed)));
  });

  test('workers without work do not keep the process alive, those with work do', async () => {
    const { pool, platform } = await openPool();
    expect(platform.threads.map(({ isBusy }) => isBusy)).toEqual([false, false]);
    platform.thread(0).hold();
    const sum = pool.sum(sampleBatch(10));
    await settle();
    expect(platform.threads.map(({ isBusy }) => isBusy)).toEqual([true, false]);
    platform.thread(0).release();
    await sum;
    expect(platform.threads.map(({ isBusy }) => isBusy)).toEqual([false, false]);
  });

  test('the buffers of slices are used again', async () => {
    const { pool, platform } = await openPool();
    for (let call = 0; call < 5; call++) await pool.sum(sampleBatch(2000));
    const count = (name: 'newBuffers' | 'usedBuffers') =>
      platform.threads.reduce((sum, thread) => sum + thread[name], 0);
    expect(count('newBuffers')).toBeLessThanOrEqual(5);
    expect(count('usedBuffers')).toBeGreaterThan(20);
  });

  test('of several bad items in different slices the first is named', async () => {
    const { pool, platform } = await openPool();
    const encoded = new Uint8Array(32 * 1000);
    encoded.fill(255, 32 * 300, 32 * 301);
    encoded.fill(255, 32 * 900, 32 * 901);
    platform.thread(0).hold();
    const decoded = pool.decode(encoded);
    const outcome = expect(decoded).rejects.toMatchObject({
      code: 'ELLIPTICSUM_INVALID_ENCODING',
      message: 'sum 300 is not the encoding of a sum',
      details: { index: 300 },
    });
    await settle();
    platform.thread(0).release();
    await outcome;
    expect((await pool.decode(new Uint8Array(32 * 1000))).length).toBe(128 * 1000);
  });

  test('an answer that is no result fails the call', async () => {
    const { pool, platform } = await openPool();
    platform.thread(0).hold();
    const sum = pool.sum(sampleBatch(10));
    const outcome = expect(sum).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED' });
    await settle();
    platform.thread(0).forge({ type: 'done', id: 0, result: new Uint8Array(5), buffer: undefined });
    await outcome;
  });

  test('an error of the backend that has no code of ours fails the call and keeps the worker', async () => {
    const { pool, platform } = await openPool({}, async () => {
      const selection = { backend: 'noble', refused: [] } as const;
      const noble = createNobleBackend();
      const sum = () => Promise.reject(new RangeError('out of luck'));
      return { ...noble, sum, encode: noble.encode.bind(noble), selection } as unknown as SelectedBackend;
    });
    await expect(pool.sum(sampleBatch(10))).rejects.toThrow('out of luck');
    expect((await pool.encode(EllipticSum.zero.toUncompressed())).length).toBe(32);
    expect(platform.threads.length).toBe(2);
  });
});

describe('ownership', () => {
  test('with transfer, what goes to one worker whole is given away without a copy', async () => {
    const { pool, platform } = await openPool();
    const batch = { ...sampleBatch(50), signs: new Int8Array(50).fill(-1), groups: new Uint32Array(50) };
    const expected = await reference(batch);
    const sums = await pool.sum(batch, { transfer: true });
    expect([batch.bytes, batch.offsets, batch.signs, batch.groups].map(({ byteLength }) => byteLength)).toEqual([
      0, 0, 0, 0,
    ]);
    expect(platform.thread(0).posted.at(-1)).toMatchObject({ type: 'run', buffer: undefined });
    const encoded = await pool.encode(sums, { transfer: true });
    expect(Buffer.from(encoded).toString('hex')).toBe(expected);
    expect(isDetached(sums)).toBe(true);
    const one = await pool.decode(encoded, { transfer: true });
    await pool.combine(one, one, { transfer: true });
    expect(isDetached(one)).toBe(true);
  });

  test('without transfer nothing is given away, and a view of a part never is', async () => {
    const { pool } = await openPool();
    const batch = sampleBatch(50);
    await pool.sum(batch);
    expect(isDetached(batch.bytes)).toBe(false);
    const larger = new Uint8Array(batch.bytes.length + 10);
    larger.set(batch.bytes, 5);
    const part = { ...batch, bytes: larger.subarray(5, -5) };
    expect(await encodedSum(pool, part)).toBe(await reference(batch));
    const transferred = await pool.encode(await pool.sum(part, { transfer: true }));
    expect(Buffer.from(transferred).toString('hex')).toBe(await reference(batch));
    expect(larger.length).toBe(batch.bytes.length + 10);
  });

  test.each([50, 1500])('shared memory of %i records is not copied', async (count) => {
    const { pool, platform } = await openPool();
    const batch = sampleBatch(count);
    const bytes = new Uint8Array(new SharedArrayBuffer(batch.bytes.length));
    const offsets = new Uint32Array(new SharedArrayBuffer(batch.offsets.byteLength));
    const signs = new Int8Array(new SharedArrayBuffer(count)).fill(-1);
    bytes.set(batch.bytes);
    offsets.set(batch.offsets);
    expect(await encodedSum(pool, { bytes, offsets, signs })).toBe(
      await reference({ ...batch, signs: new Int8Array(count).fill(-1) }),
    );
    for (const thread of platform.threads) {
      for (const message of thread.posted) {
        if (message.type === 'run' && message.work.method === 'sum') expect(message.buffer).toBe(undefined);
      }
    }
  });

  test('an input that was detached while it was borrowed is an error, not a wrong sum', async () => {
    const { pool, platform } = await openPool({ threads: 1 });
    platform.thread(0).hold();
    const first = [pool.sum(sampleBatch(10)), pool.sum(sampleBatch(10))];
    const batch = sampleBatch(10);
    const outcome = expect(pool.sum(batch)).rejects.toMatchObject({ code: 'ELLIPTICSUM_INVALID_BATCH' });
    await settle();
    structuredClone(batch.bytes, { transfer: [batch.bytes.buffer as ArrayBuffer] });
    platform.thread(0).release();
    await outcome;
    await Promise.all(first);
  });
});

describe('back-pressure', () => {
  test('no more calls are inside than allowed, the others wait their turn', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxQueuedCalls: 1 });
    platform.thread(0).hold();
    const done: number[] = [];
    const calls = [1, 2, 3].map((seed) => pool.sum(sampleBatch(10, seed)).then(() => done.push(seed)));
    await settle();
    expect(platform.runs).toBe(1);
    platform.thread(0).release();
    await Promise.all(calls);
    expect(done).toEqual([1, 2, 3]);
    expect(platform.runs).toBe(3);
  });

  test('bytes are bounded too, and a call above the bound is taken alone', async () => {
    const { pool, platform } = await openPool({ threads: 2, maxQueuedBytes: 1000 });
    for (const thread of platform.threads) thread.hold();
    const calls = [40, 2, 1].map((count) => pool.sum(sampleBatch(count)));
    await settle();
    expect(platform.runs).toBe(1);
    for (const thread of platform.threads) thread.release();
    await Promise.all(calls);
    expect(platform.runs).toBe(3);
  });

  test('ready resolves when there is a place, after those who came before', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxQueuedCalls: 1 });
    await pool.ready();
    platform.thread(0).hold();
    const order: string[] = [];
    const calls = [
      pool.sum(sampleBatch(10)).then(() => order.push('first')),
      pool.sum(sampleBatch(10)).then(() => order.push('second')),
      pool.ready().then(() => order.push(`ready after ${platform.runs} slices`)),
    ];
    await settle();
    expect(order).toEqual([]);
    platform.thread(0).release();
    await Promise.all(calls);
    expect(order[0]).toBe('first');
    expect(order).toContain('ready after 2 slices');
  });

  test('a call too many is refused', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxQueuedCalls: 1, maxWaitingCalls: 1 });
    platform.thread(0).hold();
    const calls = [pool.sum(sampleBatch(10)), pool.sum(sampleBatch(10))];
    await expect(pool.sum(sampleBatch(10))).rejects.toMatchObject({
      code: 'ELLIPTICSUM_QUEUE_FULL',
      details: { maxWaitingCalls: 1 },
    });
    platform.thread(0).release();
    await Promise.all(calls);
    await pool.sum(sampleBatch(10));
  });
});

describe('abort', () => {
  test.each([
    ['waiting for a place', 1],
    ['in the queue', 64],
  ])('a call %s rejects at once, and its place is free again', async (_, maxQueuedCalls) => {
    const { pool, platform } = await openPool({ threads: 1, maxQueuedCalls });
    platform.thread(0).hold();
    const before = [pool.sum(sampleBatch(10)), pool.sum(sampleBatch(10))];
    const controller = new AbortController();
    const aborted = pool.sum(sampleBatch(10), { signal: controller.signal });
    const after = pool.sum(sampleBatch(10, 4));
    await settle();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(platform.runs).toBeLessThan(3);
    platform.thread(0).release();
    await Promise.all([...before, after]);
    expect(platform.runs).toBe(3);
  });

  test('a running call rejects at once, its slices are cancelled, and later calls work', async () => {
    const { pool, platform } = await openPool({ threads: 2, maxQueuedCalls: 1 });
    for (const thread of platform.threads) thread.hold();
    const controller = new AbortController();
    const aborted = pool.sum(sampleBatch(3000), { signal: controller.signal });
    await settle();
    expect(platform.runs).toBe(4);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await settle();
    expect(platform.threads.map(({ posted }) => posted.filter(({ type }) => type === 'cancel').length)).toEqual([2, 2]);
    for (const thread of platform.threads) thread.release();
    const batch = sampleBatch(700);
    expect(await encodedSum(pool, batch)).toBe(await reference(batch));
    expect(platform.threads.map(({ isBusy }) => isBusy)).toEqual([false, false]);
  });

  test('a worker stops in the middle of a slice', async () => {
    const { pool } = await openPool({ threads: 1 }, async () => {
      const selection = { backend: 'noble', refused: [] } as const;
      return Object.assign(createNobleBackend({ yieldEveryMs: 1 }), { name: 'noble' as const, selection });
    });
    const controller = new AbortController();
    const start = performance.now();
    const aborted = pool.sum(sampleBatch(4000), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(aborted).rejects.toThrow('enough');
    const whileStopping = performance.now() - start;
    await pool.sum(sampleBatch(1));
    // All of it takes a second.
    expect(performance.now() - start).toBeLessThan(whileStopping + 400);
  });

  test('opening can be aborted', async () => {
    const platform = new LocalThreads(() => new Promise(() => undefined));
    const controller = new AbortController();
    const opening = openWorkerPool(platform, { threads: 2, signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(platform.threads.length).toBe(2);
    expect(platform.running).toEqual([]);
  });
});

describe('a worker that dies', () => {
  test('fails the calls it had and no others, and is replaced', async () => {
    const { pool, platform, events } = await openPool({ threads: 2 });
    for (const thread of platform.threads) thread.hold();
    const cause = new Error('out of memory');
    const lost = pool.sum(sampleBatch(10));
    const kept = encodedSum(pool, sampleBatch(20));
    const outcome = expect(lost).rejects.toMatchObject({
      code: 'ELLIPTICSUM_WORKER_FAILED',
      details: { worker: 0, exitCode: 1 },
      cause,
    });
    await settle();
    platform.thread(0).kill(cause);
    await outcome;
    platform.thread(1).release();
    expect(await kept).toBe(await reference(sampleBatch(20)));
    await settle();
    expect(platform.threads.length).toBe(3);
    expect(platform.thread(0).isTerminated).toBe(true);
    expect(events.map(({ type, worker }) => [type, worker])).toEqual([
      ['worker-opened', 0],
      ['worker-opened', 1],
      ['worker-failed', 0],
      ['worker-opened', 0],
    ]);
    expect(events[2]).toMatchObject({ isReplaced: true });
    expect(await encodedSum(pool, sampleBatch(900))).toBe(await reference(sampleBatch(900)));
    expect(platform.thread(2).runs).toBeGreaterThan(0);
  });

  test('fails a cut call once, and what its other workers still answer does no harm', async () => {
    const { pool, platform } = await openPool({ threads: 2 });
    for (const thread of platform.threads) thread.hold();
    const lost = pool.sum(sampleBatch(3000));
    const outcome = expect(lost).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED' });
    await settle();
    platform.thread(1).kill();
    await outcome;
    platform.thread(0).release();
    expect(await encodedSum(pool, sampleBatch(900))).toBe(await reference(sampleBatch(900)));
  });

  test('is given up after so many restarts in a row, and the pool goes on with the others', async () => {
    const { pool, platform, events } = await openPool({ threads: 2, maxRestarts: 2 });
    for (const index of [0, 2, 3]) {
      platform.thread(index).kill();
      await settle();
    }
    expect(platform.threads.length).toBe(4);
    expect(platform.running.length).toBe(1);
    expect(
      events.filter(({ type }) => type === 'worker-failed').map((event) => 'isReplaced' in event && event.isReplaced),
    ).toEqual([true, true, false]);
    expect(pool.workers.map(({ worker }) => worker)).toEqual([1]);
    expect(await encodedSum(pool, sampleBatch(900))).toBe(await reference(sampleBatch(900)));
  });

  test('is replaced without end as long as each replacement finishes some work', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxRestarts: 1 });
    for (let round = 0; round < 4; round++) {
      platform.thread(round).kill();
      await pool.sum(sampleBatch(10));
    }
    expect(platform.threads.length).toBe(5);
  });

  test('as the last one fails all calls, waiting ones too, and every later one', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxRestarts: 0, maxQueuedCalls: 2 });
    platform.thread(0).hold();
    const calls = [1, 2, 3, 4].map((seed) => pool.sum(sampleBatch(10, seed)));
    const outcomes = Promise.allSettled(calls);
    await settle();
    platform.thread(0).kill();
    const codes = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(codes).toEqual(Array(4).fill('ELLIPTICSUM_WORKER_FAILED'));
    for (const call of [pool.sum(sampleBatch(1)), pool.decode(new Uint8Array(32)), pool.ready()]) {
      await expect(call).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED' });
    }
    await pool.close();
    await expect(pool.ready()).rejects.toMatchObject({ code: 'ELLIPTICSUM_BACKEND_CLOSED' });
  });

  test('while the pool opens fails the opening and stops the others', async () => {
    const platform = new LocalThreads(() => new Promise(() => undefined));
    const opening = openWorkerPool(platform, { threads: 3 });
    const outcome = expect(opening).rejects.toMatchObject({
      code: 'ELLIPTICSUM_WORKER_FAILED',
      details: { worker: 1 },
    });
    platform.thread(1).kill();
    await outcome;
    expect(platform.threads.length).toBe(3);
    expect(platform.running).toEqual([]);
  });

  test('is noticed when it never gets ready', async () => {
    const platform = new LocalThreads(() => new Promise(() => undefined));
    await expect(openWorkerPool(platform, { threads: 1, startTimeoutMs: 20 })).rejects.toThrow('not ready after 20 ms');
  });

  test.each([
    [
      'is missing',
      async () => {
        throw new RangeError('backend must be auto or noble');
      },
      { name: 'RangeError' },
    ],
    [
      'breaks',
      async () => {
        throw new Error('broken');
      },
      { code: 'ELLIPTICSUM_WORKER_FAILED' },
    ],
  ])('because its backend %s says so', async (_, openBackend, cause) => {
    const opening = openWorkerPool(new LocalThreads(openBackend), { threads: 1 });
    await expect(opening).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED', cause });
  });
});

describe('close', () => {
  test('ends running, queued and waiting calls and stops all workers', async () => {
    const { pool, platform } = await openPool({ threads: 2, maxQueuedCalls: 2 });
    for (const thread of platform.threads) thread.hold();
    const calls = [1, 2, 3].map((seed) => pool.sum(sampleBatch(1000, seed)));
    const outcomes = Promise.allSettled([...calls, pool.ready()]);
    await settle();
    await pool.close();
    const codes = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(codes).toEqual(Array(4).fill('ELLIPTICSUM_BACKEND_CLOSED'));
    expect(platform.running).toEqual([]);
    expect(pool.workers).toEqual([]);
  });

  test('with drain lets all calls finish first, and refuses new ones at once', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxQueuedCalls: 1 });
    platform.thread(0).hold();
    const calls = [1, 2, 3].map((seed) => pool.sum(sampleBatch(10, seed)));
    await settle();
    let isClosed = false;
    const closing = [pool.close({ drain: true }), pool.close({ drain: true })];
    const closed = Promise.all(closing).then(() => {
      isClosed = true;
    });
    await expect(pool.sum(packRecords([]))).rejects.toMatchObject({ code: 'ELLIPTICSUM_BACKEND_CLOSED' });
    await settle();
    expect(isClosed).toBe(false);
    platform.thread(0).release();
    expect((await Promise.all(calls)).map(({ length }) => length)).toEqual([128, 128, 128]);
    await closed;
    expect(platform.running).toEqual([]);
  });

  test('without drain ends a draining', async () => {
    const { pool, platform } = await openPool({ threads: 1 });
    platform.thread(0).hold();
    const outcome = expect(pool.sum(sampleBatch(10))).rejects.toMatchObject({ code: 'ELLIPTICSUM_BACKEND_CLOSED' });
    await settle();
    const draining = pool.close({ drain: true });
    await pool.close();
    await draining;
    await outcome;
  });

  test('with drain does not wait for ever when the last worker dies', async () => {
    const { pool, platform } = await openPool({ threads: 1, maxRestarts: 0 });
    platform.thread(0).hold();
    const outcome = expect(pool.sum(sampleBatch(10))).rejects.toMatchObject({ code: 'ELLIPTICSUM_WORKER_FAILED' });
    await settle();
    const draining = pool.close({ drain: true });
    platform.thread(0).kill();
    await draining;
    await outcome;
  });
});
