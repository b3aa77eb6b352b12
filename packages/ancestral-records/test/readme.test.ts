import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { transform } from '@swc/core';
import * as api from '../src/index.js';

const root = join(import.meta.dirname, '..');
const readme = await readFile(join(root, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

describe('the README', () => {
  test('lists every error code, and no other', () => {
    const listed = [...readme.matchAll(/^\| `(ANCESTRAL_RECORDS_\w+)`/gm)].map(([, code]) => code);
    expect(listed).toEqual([...api.errorCodes]);
    expect([...api.errorCodes].sort()).toEqual([...api.errorCodes]);
  });

  test('names every export', async () => {
    const source = await readFile(join(root, 'src', 'index.ts'), 'utf8');
    const names = [...source.matchAll(/(?:type )?(\w+)(?=,|\s*\})/g)].map(([, name]) => name as string);
    expect(names).toEqual(expect.arrayContaining(Object.keys(api)));
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test.each(samples.map((code, i) => [i, code] as const))(
    'sample %i runs against the built package',
    async (i, code) => {
      const folder = await mkdtemp(join(tmpdir(), 'ancestral-records-readme-'));
      try {
        await mkdir(join(folder, 'node_modules', '@hs'), { recursive: true });
        await symlink(root, join(folder, 'node_modules', '@hs', 'ancestral-records'));
        await symlink(join(root, 'node_modules', 'memory-level'), join(folder, 'node_modules', 'memory-level'));
        await copyFile(join(root, 'test', 'crash', 'chain.mjs'), join(folder, 'hasher.mjs'));
        const { code: script } = await transform(code, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } });
        await writeFile(join(folder, 'sample.mjs'), script);
        const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'sample.mjs')]);
        expect(stdout).toBe(
          ['snapshots [ 0, 2 ]\n', 'height 0\n', 'unproved no more: 0\n', 'all rules hold\n', 'imported 0\n'][i],
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  test('has five samples', () => {
    expect(samples.length).toBe(5);
  });
});
