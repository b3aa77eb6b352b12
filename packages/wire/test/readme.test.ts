import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import {
  createMessageCodec,
  defaultLimits,
  defaultValueLimits,
  desoHeaderCodec,
  encoderMigrations,
  messageTypes,
  statePrefixes,
  wireErrorCodes,
} from '../src/index.js';
import { entryTypes } from '../src/values/internal/entry-types.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string);
const grouped = (value: number | undefined) => value?.toLocaleString('en-US');

describe('README', () => {
  test('lists exactly the error codes there are', () => {
    const listed = [...readme.matchAll(/^\| `(WIRE_\w+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual([...wireErrorCodes]);
  });

  test('names every export', () => {
    const text = readFileSync(join(packageFolder, 'src/index.ts'), 'utf8');
    const names = [...text.matchAll(/^export (?:type )?\{(.*?)\}/gms)]
      .flatMap((match) => (match[1] as string).split(','))
      .map((name) => name.replace(/^\s*type\s/, '').trim())
      .filter(Boolean);
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name) => !new RegExp(`\`${name}[\`(]`).test(readme))).toEqual([]);
  });

  test('lists every message with its number and payload limits', () => {
    const rows = [...readme.matchAll(/^\| (\d+) \| `([a-z\d-]+)` \|.*\| ([\d,/ ]+) \|$/gm)].map((match) =>
      match.slice(1, 4),
    );
    const go = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });
    const extended = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
    const expected = Object.entries(messageTypes).map(([name, type]) => {
      const limits = new Set([go.maxPayloadBytes(type), extended.maxPayloadBytes(type)]);
      limits.delete(undefined);
      return [String(type), name, [...limits].map(grouped).join(' / ')];
    });
    expect(rows).toEqual(expected.sort(([a], [b]) => Number(a) - Number(b)));
  });

  test('lists every limit with its default', () => {
    const rows = [...readme.matchAll(/^\| `(max\w+)` \| ([\d,]+\d)/gm)].map((match) => match.slice(1, 3));
    const limits = [...Object.entries(defaultLimits), ...Object.entries(defaultValueLimits)];
    expect(rows).toEqual(limits.map(([name, limit]) => [name, grouped(limit)]));
  });

  test('lists every entry with its number, versions and prefixes', () => {
    const rows = [...readme.matchAll(/^\| (\d+) \| `([A-Z]\w+)` \| ([\d, ]+) \| ([\d, ]+|in others only) \|$/gm)];
    const expected = Object.entries(entryTypes).map(([name, type]) => {
      const prefixes = [...statePrefixes.values()].filter(({ entry }) => entry === name).map(({ prefix }) => prefix);
      const versions = [0, ...type.migrations.map((migration) => encoderMigrations.indexOf(migration) + 1)];
      return [String(type.encoderType), name, versions.join(', '), prefixes.join(', ') || 'in others only'];
    });
    expect(rows.map((row) => row.slice(1, 5))).toEqual(expected.sort(([a], [b]) => Number(a) - Number(b)));
  });
});

describe('README samples, run against the built package in a process of their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wire-readme-'));
  mkdirSync(join(folder, 'node_modules', '@hs'), { recursive: true });
  symlinkSync(packageFolder, join(folder, 'node_modules', '@hs', 'wire'), 'dir');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are all found', () => {
    expect(samples).toHaveLength(4);
  });

  test.each(samples.map((sample, index) => [index + 1, sample] as const))('sample %i runs', async (index, sample) => {
    const file = join(folder, `sample-${index}.mjs`);
    writeFileSync(file, transformSync(sample, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }).code);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect([stdout, stderr]).toEqual(['', '']);
  });
});

describe('the built package', () => {
  const dist = join(packageFolder, 'dist');

  /** Declaration files that the given one imports, and those that they import. */
  function reachable(file: string, found = new Set<string>()): Set<string> {
    if (found.has(file)) return found;
    found.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g)) {
      reachable(join(dirname(file), `${target}.d.ts`), found);
    }
    return found;
  }

  test('mentions no private package in its public types', () => {
    const files = [...reachable(join(dist, 'index.d.ts'))];
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => /@hs\/|node:/.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  test('imports nothing at run time but its one dependency', () => {
    const imports = readdirSync(dist)
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...readFileSync(join(dist, name), 'utf8').matchAll(/(?:from|import) ?['"]([^'"]+)['"]/g)])
      .map((match) => match[1]);
    expect([...new Set(imports)].sort()).toEqual(['@noble/hashes/sha2.js', '@noble/hashes/sha3.js']);
  });
});
