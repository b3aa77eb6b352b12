import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultKind } from '../../src/testing.js';
import type { FaultJob } from './fault-jobs.js';
import { isPlanned, type PreparedJob, prepareJob, runWithFault } from './fault-run.js';

/** With ALL_FAULTS=1 every call fails in turn in every way; else some calls are left out of what takes long. */
const isComplete: boolean = process.env['ALL_FAULTS'] === '1';

const writeKinds: readonly FaultKind[] = ['stop', 'apply-reject', 'reject', 'reject-on', 'apply-stop'];
const readKinds = ['stop', 'reject', 'reject-on'] as const;

/** Fails the test file if a promise was rejected and nobody heard of it. */
export function expectNoUnhandledRejections(): void {
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
}

/** Tests jobs against failing writes and reads; `most` bounds the calls that fail in an incomplete run. */
export function describeFaults(
  jobs: readonly FaultJob[],
  most: { readonly writes: number; readonly otherWrites: number; readonly reads: number },
): void {
  describe.each(jobs.map((job) => [job.name, job] as const))('%s', (_name, job) => {
    let prepared: PreparedJob;
    let calls: { writes: number; reads: number };
    beforeAll(async () => {
      prepared = await prepareJob(job);
      calls = await runWithFault(prepared);
    });

    const counted = writeKinds.map((kind, i) => [kind, i < 2 ? most.writes : most.otherWrites] as const);
    test.each(counted.filter(([, count]) => isComplete || count > 0))(
      'when the n-th write fails (%s), every n leaves the last completed state',
      async (kind, count) => {
        let failures = 0;
        for (const at of turns(calls.writes, count, writeKinds.indexOf(kind))) {
          const { hasFailed, error } = await runWithFault(prepared, { write: { at, kind } });
          if (!hasFailed) continue;
          failures++;
          expect(error).toMatchObject({ code: expect.stringMatching(/^ANCESTRAL_RECORDS_(WRITE|REPAIR)_FAILED$/) });
          expect(isPlanned(error)).toBe(true);
        }
        expect(failures).toBeGreaterThan(0);
      },
      300_000,
    );

    if (!isComplete && most.reads === 0) return;
    test.each(readKinds)(
      'when the n-th read fails (%s), every n leaves the last completed state',
      async (kind) => {
        let failures = 0;
        for (const at of turns(calls.reads, most.reads, readKinds.indexOf(kind))) {
          const { error } = await runWithFault(prepared, { read: { at, kind } });
          if (error === undefined) continue;
          failures++;
          const { code } = error as { code?: unknown };
          expect(isPlanned(error) || code === 'ANCESTRAL_RECORDS_REPAIR_FAILED').toBe(true);
        }
        expect(failures).toBeGreaterThan(0);
      },
      300_000,
    );
  });
}

/** Numbers from 1 to `total`: all of them, or about `most` at equal distances, beginning elsewhere for each `shift`. */
function turns(total: number, most: number, shift: number): number[] {
  const all = Array.from({ length: total }, (_, i) => i + 1);
  const distance = isComplete ? 1 : Math.ceil(total / most);
  return all.filter((at) => (at + shift) % distance === 0 || at === 1);
}
