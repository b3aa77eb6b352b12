/** Pools of the built package on real threads, each in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const folder = mkdtempSync(join(tmpdir(), 'ellipticsum-pool-'));

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules', '@hs'), { recursive: true });
  symlinkSync(
    fileURLToPath(new URL('../..', import.meta.url)),
    join(folder, 'node_modules', '@hs', 'ellipticsum'),
    'dir',
  );
  writeFileSync(
    join(folder, 'common.mjs'),
    `
    import { createNobleBackend, packRecords } from '@hs/ellipticsum';
    export function sampleBatch(count, seed = 0) {
      const records = Array.from({ length: count }, (_, index) => [
        Uint8Array.of(index >> 8, index, seed), new Uint8Array((index * 37) % 120).fill(index),
      ]);
      return packRecords(records);
    }
    export const hex = (bytes) => Buffer.from(bytes).toString('hex');
    export const encodedSum = async (backend, batch) => hex(await backend.encode(await backend.sum(batch)));
    export const reference = (batch) => encodedSum(createNobleBackend(), batch);
    export const refusal = (promise) => promise.then(() => 'no error', (error) => error);
    `,
  );
  writeFileSync(
    join(folder, 'exiting-worker.mjs'),
    `
    import '@hs/ellipticsum/node-worker';
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ type }) => { if (type === 'run') process.exit(7); });
    `,
  );
  writeFileSync(
    join(folder, 'throwing-worker.mjs'),
    `
    import '@hs/ellipticsum/node-worker';
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ type }) => { if (type === 'run') throw new Error('a defect'); });
    `,
  );
  // The names of a browser's workers, on a thread of Node.
  writeFileSync(
    join(folder, 'web-worker.mjs'),
    `
    import { parentPort } from 'node:worker_threads';
    globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
    globalThis.addEventListener = (type, listener) => parentPort.on(type, (data) => listener({ data }));
    await import('@hs/ellipticsum/browser-worker');
    `,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const preamble = `
  import assert from 'node:assert/strict';
  import { Worker } from 'node:worker_threads';
  import { createWorkerPool } from '@hs/ellipticsum/node';
  import { encodedSum, hex, reference, refusal, sampleBatch } from './common.mjs';
`;

/** Runs a module in a process of its own, which must end by itself. */
async function runModule(name: string, source: string, flags: readonly string[] = []): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, preamble + source);
  const options = { cwd: folder, timeout: 25_000, killSignal: 'SIGKILL' } as const;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, file], options);
  expect(stderr).toBe('');
  return stdout;
}

describe('a pool of worker threads', () => {
  test('passes the compliance suite', async () => {
    const stdout = await runModule(
      'compliance',
      `
      import { hashBackendChecks } from '@hs/ellipticsum/testing';
      const checks = hashBackendChecks((options) => createWorkerPool({ threads: 1, backend: 'wasm', ...options }));
      for (const check of checks) await check.run();
      console.log(checks.length);
      `,
    );
    expect(Number(stdout)).toBeGreaterThan(15);
  });

  test('lets the process end when it is idle and forgotten, but not while it works', async () => {
    const stdout = await runModule(
      'forgotten',
      `
      const pool = await createWorkerPool({ threads: 2, backend: 'noble' });
      pool.sum(sampleBatch(600)).then((sums) => console.log(sums.length));
      `,
    );
    expect(stdout).toBe('128\n');
  });

  test('leaves nothing behind when it is closed during work', async () => {
    const stdout = await runModule(
      'closed',
      `
      const pool = await createWorkerPool({ threads: 2, backend: 'noble' });
      const sums = [1, 2, 3].map((seed) => refusal(pool.sum(sampleBatch(20_000, seed))));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await Promise.all([pool.close(), pool.close()]);
      console.log((await Promise.all(sums)).map(({ code }) => code).join());
      const left = process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|Timeout/.test(name));
      console.log(left.join());
      `,
    );
    expect(stdout).toBe(`${Array(3).fill('ELLIPTICSUM_BACKEND_CLOSED').join()}\n\n`);
  });

  test('finishes its calls first when it is drained', async () => {
    const stdout = await runModule(
      'drained',
      `
      const pool = await createWorkerPool({ threads: 2, maxQueuedCalls: 2 });
      const sums = [1, 2, 3, 4, 5].map((seed) => pool.sum(sampleBatch(500, seed)));
      await pool.close({ drain: true });
      console.log((await Promise.all(sums)).map(({ length }) => length).join());
      `,
    );
    expect(stdout).toBe('128,128,128,128,128\n');
  });

  test.each([
    ['calls process.exit', 'exiting-worker.mjs', 'assert.equal(error.details.exitCode, 7);'],
    ['throws', 'throwing-worker.mjs', "assert.equal(error.cause.message, 'a defect');"],
  ])('fails the call when its worker %s, and works on', async (_, script, check) => {
    await runModule(
      `dead-by-${script}`,
      `
      let started = 0;
      const events = [];
      const pool = await createWorkerPool({
        threads: 1,
        backend: 'wasm',
        onEvent: (event) => events.push(event.type),
        createWorker: () =>
          new Worker(started++ === 0 ? new URL('./${script}', import.meta.url) : new URL(import.meta.resolve('@hs/ellipticsum/node-worker'))),
      });
      const error = await refusal(pool.sum(sampleBatch(10)));
      assert.equal(error.code, 'ELLIPTICSUM_WORKER_FAILED');
      ${check}
      assert.equal(await encodedSum(pool, sampleBatch(300)), await reference(sampleBatch(300)));
      assert.deepEqual(events, ['worker-opened', 'worker-failed', 'worker-opened']);
      `,
    );
  });

  test('fails the call when its worker is terminated, and works on', async () => {
    await runModule(
      'terminated',
      `
      const workers = [];
      const pool = await createWorkerPool({
        threads: 2,
        backend: 'noble',
        createWorker: () => workers[workers.push(new Worker(new URL(import.meta.resolve('@hs/ellipticsum/node-worker')))) - 1],
      });
      const outcome = refusal(pool.sum(sampleBatch(4000)));
      await new Promise((resolve) => setTimeout(resolve, 30));
      await workers[1].terminate();
      assert.equal((await outcome).code, 'ELLIPTICSUM_WORKER_FAILED');
      assert.equal(await encodedSum(pool, sampleBatch(300)), await reference(sampleBatch(300)));
      assert.equal(workers.length, 3);
      `,
    );
  });

  test('cannot be opened with a worker that does not load, or without its backend', async () => {
    await runModule(
      'unavailable',
      `
      const missing = await refusal(createWorkerPool({ threads: 2, createWorker: () => new Worker(new URL('./none.mjs', import.meta.url)) }));
      assert.equal(missing.code, 'ELLIPTICSUM_WORKER_FAILED');
      assert.match(missing.cause.code, /MODULE_NOT_FOUND/);
      const unknown = await refusal(createWorkerPool({ threads: 2, backend: 'magic' }));
      assert.equal(unknown.code, 'ELLIPTICSUM_WORKER_FAILED');
      assert.equal(unknown.cause.name, 'RangeError');
      `,
    );
  });

  test('stops a running call that is aborted', async () => {
    await runModule(
      'aborted',
      `
      const pool = await createWorkerPool({ threads: 2, backend: 'noble' });
      const start = performance.now();
      const error = await refusal(pool.sum(sampleBatch(60_000), { signal: AbortSignal.timeout(50) }));
      assert.equal(error.name, 'TimeoutError');
      assert.equal(await encodedSum(pool, sampleBatch(10)), await reference(sampleBatch(10)));
      // All of it takes more than seven seconds.
      assert(performance.now() - start < 3500);
      `,
    );
  });

  test('gives the sums of one thread, from shared memory and from memory given away', async () => {
    await runModule(
      'ownership',
      `
      const pool = await createWorkerPool({ threads: 2 });
      const batch = sampleBatch(1000);
      const expected = await reference(batch);
      const bytes = new Uint8Array(new SharedArrayBuffer(batch.bytes.length));
      bytes.set(batch.bytes);
      assert.equal(await encodedSum(pool, { ...batch, bytes }), expected);
      assert.equal(await encodedSum(pool, batch), expected);
      const small = sampleBatch(100);
      const wanted = await reference(small);
      assert.equal(hex(await pool.encode(await pool.sum(small, { transfer: true }), { transfer: true })), wanted);
      assert.equal(small.bytes.length, 0);
      `,
    );
  });

  test('works in a program that is given on the command line', async () => {
    const source = `
      import { createWorkerPool } from '@hs/ellipticsum/node';
      const pool = await createWorkerPool({ threads: 1, backend: 'wasm' });
      console.log((await pool.decode(new Uint8Array(32))).length);
    `;
    const options = { cwd: folder, timeout: 25_000 };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', source],
      options,
    );
    expect([stdout, stderr]).toEqual(['128\n', '']);
  });
});

describe('a pool of Web Workers, on threads of Node with the names of a browser', () => {
  test('gives the sums of one thread, and fails the calls of a worker that dies', async () => {
    await runModule(
      'browser',
      `
      import { createWorkerPool as createBrowserPool } from '@hs/ellipticsum/browser';
      const workers = [];
      function createWorker() {
        const worker = new Worker(new URL('./web-worker.mjs', import.meta.url));
        workers.push(worker);
        return {
          postMessage: (message, transfer) => worker.postMessage(message, transfer),
          addEventListener: (type, listener) =>
            worker.on(type, (value) => listener(type === 'message' ? { data: value } : { error: value })),
          terminate: () => void worker.terminate(),
        };
      }
      const pool = await createBrowserPool({ threads: 2, createWorker });
      const batch = { ...sampleBatch(1000), signs: Int8Array.from({ length: 1000 }, (_, index) => (index % 3 ? 1 : -1)) };
      assert.equal(await encodedSum(pool, batch), await reference(batch));
      const outcome = refusal(pool.sum(sampleBatch(100_000)));
      await new Promise((resolve) => setTimeout(resolve, 30));
      workers[0].emit('error', new Error('a defect'));
      const error = await outcome;
      assert.equal(error.code, 'ELLIPTICSUM_WORKER_FAILED');
      assert.equal(error.cause.message, 'a defect');
      assert.equal(await encodedSum(pool, batch), await reference(batch));
      await pool.close();
      `,
    );
  });
});
