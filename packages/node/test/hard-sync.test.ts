import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const script = join(import.meta.dirname, '..', 'bench', 'hard-sync.mjs');

describe('a sync in bad company, with real processes', () => {
  test('ends right though one peer lies, one is slow, epochs turn, and it is killed twice; nothing proved is asked for again', () => {
    // The whole of it, with a million records and five kills, is bench/hard-sync.md.
    const settings = ['--records', '10000', '--kills', '2', '--absences', '1', '--period', '5', '--block-ms', '200'];
    settings.push('--bytes-per-second', '300000', '--range-records', '128');
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...settings], { encoding: 'utf8', env });
    expect({ stderr, wrong: stdout.match(/^WRONG.*$/gm), status }).toEqual({ stderr: '', wrong: null, status: 0 });
    expect(stdout).toContain(': 0 asked again.');
    expect(stdout).toContain('10000 records verified in the end.');
  });
});
