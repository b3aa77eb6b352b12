import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { exampleFolder, run } from './program.js';

const readme = readFileSync(join(exampleFolder, 'README.md'), 'utf8');

/** The commands in the README's `console` blocks, each with what it prints there. */
const commands = [...readme.matchAll(/^```console\n\$ (.*)\n([\s\S]*?)^```$/gm)].map(
  ([, command = '', printed = '']) => [command, printed] as const,
);

/** Heights, counts, times and ports differ from run to run; names, hashes and rules do not. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/(?<![0-9a-f.])\d+(?![0-9a-f])/g, 'N').replaceAll(/127\.0\.0\.1:\w+/g, 'ADDRESS');
}

describe('README', () => {
  test('has commands for sockets, for no sockets, and for a refusal', () => {
    expect(commands.length).toBe(3);
  });

  test.each(commands)('`%s` prints what the README says and cleans up', async (command, printed) => {
    const { stdout, stderr, leftovers } = await run('sh', ['-c', command]);
    expect(withoutNumbers(stdout)).toBe(withoutNumbers(printed));
    expect(stderr).toBe('');
    expect(leftovers).toEqual([]);
  });

  test('sends readers to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThanOrEqual(10);
    for (const link of links) expect(readFileSync(join(exampleFolder, link), 'utf8').length).toBeGreaterThan(0);
  });
});
