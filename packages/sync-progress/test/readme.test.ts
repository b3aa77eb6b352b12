import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { HyperSyncProgress, syncProgressErrorCodes } from '../src/index.js';
import { settingsFrom } from '../src/options.js';
import { unprovedSettingsFrom } from '../src/unproved/unproved-options.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Names in the export lists of an entry. */
function exportedNames(entry: string): string[] {
  const source = readFileSync(join(root, entry), 'utf8');
  const lists = [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)].map(([, list]) => list ?? '');
  return lists.flatMap((list) => list.split(',').map((name) => name.replace('type ', '').trim())).filter(Boolean);
}

describe('README', () => {
  test('its examples run against the built package', () => {
    const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
    expect(examples).toHaveLength(2);
    // Inside the package, so that it resolves its own name.
    const folder = mkdtempSync(join(root, 'dist', 'readme-'));
    try {
      for (const [index, code] of examples.entries()) {
        const file = join(folder, `example-${index}.mjs`);
        writeFileSync(file, code);
        const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
        expect({ index, status, stderr }).toEqual({ index, status: 0, stderr: '' });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('it lists exactly the error codes there are', () => {
    const listed = [...readme.matchAll(/^\| `(SYNC_PROGRESS_\w+)`/gm)].map(([, code]) => code);
    expect(listed).toEqual([...syncProgressErrorCodes]);
  });

  test('it names every export', () => {
    const names = [...exportedNames('src/index.ts'), ...exportedNames('src/testing/index.ts')];
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !new RegExp(`\`${name}[\`(]`).test(readme))).toEqual([]);
  });

  test('it lists every setting with its default', () => {
    const units: Record<string, number> = { GiB: 1024 ** 3, MiB: 1024 * 1024, KiB: 1024, s: 1000 };
    const listedIn = (heading: string): Record<string, number> => {
      const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
      const listed = [...section.matchAll(/^\| `(\w+)` \| (\d+)(?: (\w+))? \|/gm)].map(([, name, amount, unit]) => [
        name,
        Number(amount) * (unit === undefined ? 1 : (units[unit] ?? Number.NaN)),
      ]);
      return Object.fromEntries(listed);
    };
    expect(listedIn('Settings')).toEqual(settingsFrom({}));
    expect(listedIn('Downloads that nothing proves')).toEqual(unprovedSettingsFrom({}));
    expect(new HyperSyncProgress().nextTickMs).toBeUndefined();
  });
});
