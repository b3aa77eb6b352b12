import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import * as library from '../src/index.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);

describe('the README', () => {
  test.each(samples.map((code, index) => [index + 1, code] as const))(
    'sample %i runs on the built package',
    (_, code) => {
      const folder = mkdtempSync(join(packageFolder, '.readme-'));
      try {
        const file = join(folder, 'sample.mjs');
        writeFileSync(file, transformSync(code, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }).code);
        const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 20_000 });
        expect([status, stderr]).toEqual([0, '']);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  test('has samples', () => {
    expect(samples.length).toBeGreaterThan(1);
  });

  test('lists every error code with the name of the Go node, in the order of the source, and no other', () => {
    const listed = [...readme.matchAll(/^\| `(DAO_COIN_\w+)` \| (?:`(\w+)`|none)/gm)].map(([, code, name]) => [
      code,
      name ?? null,
    ]);
    expect(listed).toEqual(Object.entries(library.daoCoinErrors));
  });

  test('mentions every exported name', () => {
    const index = readFileSync(join(packageFolder, 'src', 'index.ts'), 'utf8');
    const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
      names
        .split(',')
        .map((name) => name.trim().replace(/^type /, ''))
        .filter((name) => name !== ''),
    );
    expect(exported).toEqual(expect.arrayContaining(Object.keys(library)));
    expect(exported.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
  });
});
