import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { round } from './crash/round.mjs';
import { jobs } from './crash/settings.mjs';

/** Of each job; `node test/crash/loop.mjs` does more. */
const rounds = 2;

describe('after SIGKILL at a random moment, reopening gives the last completed batch with sums that match', () => {
  test.each(Object.keys(jobs))(
    'of %s',
    async (name) => {
      const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-crash-'));
      try {
        for (let i = 0; i < rounds; i++) {
          const { left, standing } = await round({ folder, name, random: Math.random });
          expect([left, standing]).toEqual([expect.any(String), expect.anything()]);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
