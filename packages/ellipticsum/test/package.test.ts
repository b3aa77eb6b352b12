import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installPackage } from './installed-package.js';

const run = promisify(execFile);
let folder: string;
let modules: string;
let installed: string;
let remove: () => void = () => {};

function filesUnder(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

beforeAll(async () => {
  ({ folder, remove } = await installPackage());
  modules = join(folder, 'node_modules');
  installed = join(modules, '@hs', 'ellipticsum');
}, 120_000);

afterAll(() => remove());

describe('the packed tarball, installed alone', () => {
  test('brings noble and nothing else', () => {
    const visible = (path: string) =>
      readdirSync(path)
        .filter((name) => !name.startsWith('.'))
        .sort();
    expect(visible(modules)).toEqual(['@hs', '@noble']);
    expect(visible(join(modules, '@hs'))).toEqual(['ellipticsum']);
    expect(visible(join(modules, '@noble'))).toEqual(['curves', 'hashes']);
    const nested = filesUnder(modules).filter((file) => file.slice(modules.length + 1).includes('node_modules'));
    expect(nested.filter((file) => !file.endsWith('.package-lock.json'))).toEqual([]);
  });

  test('works in a plain node process', async () => {
    const script = `
      import { createNobleBackend, EllipticSum } from '@hs/ellipticsum';
      import { hashBackendChecks } from '@hs/ellipticsum/testing';
      const record = EllipticSum.ofRecord(Uint8Array.of(0x0a), Uint8Array.from(Buffer.from('001550f7dca70000', 'hex')));
      console.log(Buffer.from(record.encode()).toString('hex'));
      console.log(hashBackendChecks(createNobleBackend).length > 10);
    `;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).toBe('eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013\ntrue\n');
  });

  test('finds the worker of its pool in a plain node process', async () => {
    const script = `
      import { packRecords } from '@hs/ellipticsum';
      import { createWorkerPool } from '@hs/ellipticsum/node';
      const pool = await createWorkerPool({ threads: 2 });
      const sums = await pool.sum(packRecords([[Uint8Array.of(0x0a), Buffer.from('001550f7dca70000', 'hex')]]));
      console.log(Buffer.from(await pool.encode(sums)).toString('hex'));
    `;
    writeFileSync(join(folder, 'pool.mjs'), script);
    const { stdout, stderr } = await run(process.execPath, ['pool.mjs'], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).toBe('eae3b916ea1c4d96fa0372f756406b32c26207900848b87c75a622922c0ac013\n');
  });

  test('imports noble alone, in code and in types, and what is not for Node nothing of the platform', () => {
    const dist = join(installed, 'dist');
    const importsOf = (file: string) =>
      [...readFileSync(file, 'utf8').matchAll(/(?<!\.)\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g)].map(
        (match) => match[1] as string,
      );
    const foreignOf = (entries: readonly string[]) => {
      const files = new Set(entries.map((entry) => join(dist, entry)));
      const foreign = new Set<string>();
      for (const file of files) {
        for (const target of importsOf(file)) {
          if (!target.startsWith('.')) foreign.add(target);
          else files.add(join(file, '..', file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target));
        }
      }
      return [...foreign].filter((target) => !target.startsWith('@noble/')).sort();
    };
    const portable = ['index', 'testing', 'browser', 'record-file', 'browser-worker'];
    expect(foreignOf(portable.map((name) => `${name}.js`))).toEqual([]);
    expect(foreignOf(['node.js', 'node-worker.js'])).toEqual(['node:os', 'node:process', 'node:worker_threads']);
    const types = [
      'index',
      'testing',
      'node',
      'browser',
      'record-file/index',
      'pool/node-worker',
      'pool/browser-worker',
    ];
    expect(foreignOf(types.map((name) => `${name}.d.ts`))).toEqual([]);
  });

  test('holds what is built, the README and the manifest, no sources and no tests', () => {
    const names = new Set(filesUnder(installed).map((file) => file.slice(installed.length + 1).split(/[\\/]/)[0]));
    names.delete('CHANGELOG.md');
    names.delete('LICENSE');
    expect([...names].sort()).toEqual(['README.md', 'bin', 'dist', 'package.json']);
  });
});
