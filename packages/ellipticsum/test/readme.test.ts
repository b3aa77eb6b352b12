import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { ellipticSumErrorCodes } from '../src/index.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string);

function exportedNames(source: string): string[] {
  const text = readFileSync(join(packageFolder, 'src', source), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{(.*?)\}/gms)].flatMap((match) =>
    (match[1] as string).split(','),
  );
  const declared = [...text.matchAll(/^export (?:interface|type|function|class|const) (\w+)/gm)].map(
    (match) => match[1],
  );
  return [...lists.map((name) => name.replace(/^\s*type\s/, '').trim()), ...(declared as string[])].filter(Boolean);
}

describe('README', () => {
  test('lists exactly the error codes there are', () => {
    const listed = [...readme.matchAll(/^\| `(ELLIPTICSUM_\w+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual([...ellipticSumErrorCodes]);
  });

  test.each(['index.ts', 'testing.ts', 'node.ts', 'browser.ts', 'record-file/index.ts'])(
    'names every export of %s',
    (source) => {
      const names = exportedNames(source);
      expect(names.length).toBeGreaterThanOrEqual(
        { 'index.ts': 15, 'testing.ts': 3, 'node.ts': 9, 'browser.ts': 8 }[source] ?? 16,
      );
      expect(names.filter((name) => !new RegExp(`\`${name}[\`(]`).test(readme))).toEqual([]);
    },
  );
});

describe('README samples, run against the built package in a process of their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ellipticsum-readme-'));
  mkdirSync(join(folder, 'node_modules', '@hs'), { recursive: true });
  symlinkSync(packageFolder, join(folder, 'node_modules', '@hs', 'ellipticsum'), 'dir');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are all found', () => {
    expect(samples.length).toBe(7);
  });

  test.each(samples.map((sample, index) => [index + 1, sample] as const))('sample %i runs', async (index, sample) => {
    const file = join(folder, `sample-${index}.mjs`);
    writeFileSync(file, transformSync(sample, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }).code);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(stderr).toBe('');
    if (sample.includes("'node:test'"))
      expect(stdout).toMatch(/^# pass [1-9]\d*\n# fail 0$|^ℹ pass [1-9]\d*\nℹ fail 0$/m);
    else expect(stdout).toBe('');
  });
});
