import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MemoryLevel } from 'memory-level';
import { type FaultKind, faultyDatabase } from '../src/testing.js';
import { changesOf } from './crash/chain.mjs';
import { smallJobs, wideJobs } from './support/fault-jobs.js';
import { isPlanned, type Outcome, type PreparedJob, prepareJob, runWithFault } from './support/fault-run.js';
import { bytes } from './support/plain-state.js';
import { openStore, parameters } from './support/stores.js';

const chosen = { parameters: parameters({ snapshotPeriod: 3, retainedEpochs: 2 }) };
const failed = { code: 'ANCESTRAL_RECORDS_WRITE_FAILED' };

const unhandled: unknown[] = [];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeAll(() => {
  process.on('unhandledRejection', note);
});
afterAll(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

/** Runs a job once for each of its writes, that one failing; returns how many really failed. */
async function failEveryWrite(prepared: PreparedJob, kind: FaultKind): Promise<number> {
  const { writes } = await runWithFault(prepared);
  let failures = 0;
  for (let at = 1; at <= writes; at++) {
    const outcome = await runWithFault(prepared, { write: { at, kind } });
    if (!outcome.hasFailed) continue;
    failures++;
    expectWriteFailure(outcome);
  }
  return failures;
}

function expectWriteFailure({ error }: Outcome): void {
  expect(error).toMatchObject(failed);
  expect(isPlanned(error)).toBe(true);
}

describe.each(smallJobs.map((job) => [job.name, job] as const))('%s', (_name, job) => {
  test.each(['reject', 'reject-on', 'stop', 'apply-reject', 'apply-stop'] as const)(
    'when the n-th write fails (%s), every n leaves the last completed state',
    async (kind) => {
      expect(await failEveryWrite(await prepareJob(job), kind)).toBeGreaterThan(2);
    },
  );

  test.each(['reject', 'stop'] as const)(
    'when the n-th read fails (%s), every n leaves the last completed state',
    async (kind) => {
      const prepared = await prepareJob(job);
      const { reads } = await runWithFault(prepared);
      let failures = 0;
      for (let at = 1; at <= reads; at++) {
        const { hasFailed, error } = await runWithFault(prepared, { read: { at, kind } });
        if (kind === 'stop' && hasFailed && at < reads) expect(isPlanned(error)).toBe(true);
        if (error !== undefined) failures++;
      }
      expect(failures).toBeGreaterThan(2);
    },
  );
});

describe.each(wideJobs.map((job) => [job.name, job] as const))('%s', (_name, job) => {
  test.each(['stop', 'apply-reject'] as const)(
    'when the n-th write fails (%s), every n leaves the last completed state',
    async (kind) => {
      expect(await failEveryWrite(await prepareJob(job), kind)).toBeGreaterThan(4);
    },
  );
});

describe('after a failed write', () => {
  async function memory(): Promise<MemoryLevel<Uint8Array, Uint8Array>> {
    const inner = new MemoryLevel<Uint8Array, Uint8Array>({ storeEncoding: 'view' });
    await inner.open();
    return inner;
  }

  test('the store refuses everything and says to open it again', async () => {
    const inner = await memory();
    await (await openStore(inner, chosen)).initialize({ records: [] });
    const store = await openStore(faultyDatabase(inner, { write: { at: 1, kind: 'reject' } }), chosen);
    const prepared = await store.prepareBlock(1, changesOf(1));
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      cause: new Error('the fault that was planned'),
    });
    expect(store.height).toBe(0);
    await expect(store.commitBlock(prepared)).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('open it again'),
    });
    await expect(store.get(bytes(5))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, [])).rejects.toMatchObject(failed);
    await expect(store.maintenance()).rejects.toMatchObject(failed);
    await store.close();
    const again = await openStore(inner, chosen);
    expect(again.height).toBe(0);
    await again.commitBlock(await again.prepareBlock(1, changesOf(1)));
  });

  test('of records outside of the state, it refuses everything too', async () => {
    const inner = await memory();
    await (await openStore(inner, chosen)).initialize({ records: [] });
    const store = await openStore(faultyDatabase(inner, { write: { at: 1, kind: 'reject' } }), chosen);
    await expect(store.write([{ key: bytes(70), value: bytes(1) }])).rejects.toMatchObject(failed);
    await expect(store.get(bytes(70))).rejects.toMatchObject(failed);
    await expect(store.prepareBlock(1, changesOf(1))).rejects.toMatchObject(failed);
    await store.close();
  });
});
