import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { exampleFolder, run, withoutTimes } from './program.js';

const readme = readFileSync(join(exampleFolder, 'README.md'), 'utf8');

/** The commands in the README's `console` blocks, each with what it prints there. */
const commands = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const lineEnd = part.indexOf('\n');
      return [part.slice(0, lineEnd), part.slice(lineEnd + 1)] as const;
    }),
);

describe('README', () => {
  test('has commands for a match, a snapshot file, a mismatch and bad input', () => {
    expect(commands.length).toBe(6);
  });

  test.each(commands)('`%s` prints what the README says', async (command, printed) => {
    const { stdout, stderr } = await run('sh', ['-c', command]);
    expect(withoutTimes(stdout)).toBe(withoutTimes(printed));
    expect(stderr).toBe('');
  });
});
