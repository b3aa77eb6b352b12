import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { transform } from '@swc/core';
import { commands } from '../src/cli/commands.js';
import { manual } from '../src/cli/help.js';
import * as exampleChain from '../src/example-chain/index.js';
import * as api from '../src/index.js';
import { testFolder } from './support/cleanups.js';

const root = join(import.meta.dirname, '..');
const readme = await readFile(join(root, 'README.md'), 'utf8');
const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** Names that a module exports, types included, from its source. */
async function namesIn(file: string): Promise<string[]> {
  const source = await readFile(join(root, 'src', file), 'utf8');
  return [...source.matchAll(/(?:type )?(\w+)(?=,|\s*\})/g)].map(([, name]) => name as string);
}

describe('the README', () => {
  test('names every command, and the manual is what the command prints', async () => {
    const missing = commands.filter(({ name }) => !readme.includes(`\`${name.split(' ')[0]}`));
    expect(missing).toEqual([]);
    // After a change: npm run build && npm run manual
    expect(await readFile(join(root, 'docs', 'cli.md'), 'utf8')).toBe(manual(commands));
  });

  test('lists every error code, and no other', () => {
    const listed = [...readme.matchAll(/^\| `(NODE_\w+)`/gm)].map(([, code]) => code);
    expect(listed).toEqual([...api.nodeErrorCodes]);
    expect([...api.nodeErrorCodes].sort()).toEqual([...api.nodeErrorCodes]);
  });

  test('lists every error of the HTTP server, with its status, and no other', () => {
    const listed = [...readme.matchAll(/^\| `(HTTP_\w+)` \| (\d+) \| (.*) \|$/gm)].map(([, ...columns]) => columns);
    const expected = Object.entries(api.httpErrors).map(([code, { status, when }]) => [code, String(status), when]);
    expect(listed).toEqual(expected);
    expect(listed).toEqual([...listed].sort());
  });

  test('lists every phase', async () => {
    const source = await readFile(join(root, 'src', 'sync', 'sync-manager.ts'), 'utf8');
    const [, union = ''] = /export type NodePhase =([^;]+);/.exec(source) ?? [];
    const phases = [...union.matchAll(/'(\w+)'/g)].map(([, phase]) => phase);
    expect(phases.length).toBeGreaterThan(5);
    expect(phases.filter((phase) => !readme.includes(`| \`${phase}\` |`))).toEqual([]);
  });

  test.each([
    ['index.ts', api],
    ['example-chain/index.ts', exampleChain],
  ] as const)('names every export of %s', async (file, module) => {
    const names = await namesIn(file);
    expect(names).toEqual(expect.arrayContaining(Object.keys(module)));
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test('states the defaults that the code has', () => {
    const { maxBytesInFlight, chunkBytes, requestTimeoutMs, patienceMs, blocksPerRequest } = api.defaultSyncSettings;
    expect([maxBytesInFlight, chunkBytes]).toEqual([20 * 1024 * 1024, 2 * 1024 * 1024]);
    expect([requestTimeoutMs, patienceMs, blocksPerRequest]).toEqual([60_000, 2_000, 32]);
    const { blockRequestsAhead, snapshotPeerTimeoutMs, reconsiderAfterMs, maxTipAgeMs, banMs } =
      api.defaultSyncSettings;
    expect([blockRequestsAhead, snapshotPeerTimeoutMs, reconsiderAfterMs]).toEqual([4, 60_000, 20_000]);
    expect([maxTipAgeMs, banMs]).toEqual([600_000, 86_400_000]);
    const { maxHeadersPerBundle, maxBlockBundleBytes, maxChunkBytes } = api.defaultServingLimits;
    expect([maxHeadersPerBundle, maxBlockBundleBytes, maxChunkBytes]).toEqual([2000, 2 * 1024 * 1024, 2 * 1024 * 1024]);
    const { maxInbound, maxInboundPerHost, maxOutbound } = api.defaultNetworkLimits;
    expect([maxInbound, maxInboundPerHost, maxOutbound]).toEqual([125, 16, 8]);
    const { requestsPerSecond, servedBytesPerSecond } = api.defaultAllowances;
    expect([requestsPerSecond, servedBytesPerSecond]).toEqual([200, 64 * 1024 * 1024]);
  });

  test('has one sample, which runs against the built package', async () => {
    expect(samples).toHaveLength(1);
    const folder = testFolder();
    await mkdir(join(folder, 'node_modules', '@hs'), { recursive: true });
    await symlink(root, join(folder, 'node_modules', '@hs', 'node'));
    await symlink(join(root, 'node_modules', '@hs', 'ellipticsum'), join(folder, 'node_modules', '@hs', 'ellipticsum'));
    const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } } as const;
    const { code } = await transform(samples[0] ?? '', options);
    await writeFile(join(folder, 'sample.mjs'), code);
    const { stdout } = await promisify(execFile)(process.execPath, ['sample.mjs'], { cwd: folder });
    expect(stdout).toBe('synced by a proved snapshot\n');
  });
});
