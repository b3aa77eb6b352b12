import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { prepare } from './damage/prepare.mjs';
import { chooseFlips, runTrials, verdict } from './damage/run-trials.mjs';

test('a flipped byte anywhere in the files is found, named and repaired, or changes nothing that can be read', async () => {
  const seed = process.env['DAMAGE_SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
  const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-damage-'));
  try {
    await prepare(folder, { records: 1500, changes: 120 });
    const flips = await chooseFlips(folder, { count: 10, seed });
    const results = await runTrials(folder, flips);
    const wrong = results.map((result, i) => ({ seed, flip: flips[i], result, problem: verdict(result) }));
    expect(wrong.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(results.length).toBe(10);
    expect(results.some((result) => result.class !== 'no effect')).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
