import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const run = promisify(execFile);
const worker = join(import.meta.dirname, 'support', 'snapshot-worker.mjs');
const script = join(import.meta.dirname, '..', 'scripts', 'make-snapshot-fixtures.mjs');
const command = fileURLToPath(new URL('../../ellipticsum/bin/ellipticsum.js', import.meta.url));

let folder: string;
let snapshots: readonly { readonly height: number; readonly root: string; readonly stateRoot: string }[];
const at = (name: string): string => join(folder, name);

/** Exports a snapshot of the provider, in a process of its own that commits blocks meanwhile. */
async function exported(height: number): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 1 << 26 } as const;
  const { stdout } = await run(process.execPath, [worker, 'export', at('provider'), String(height)], options);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-file-'));
  const { stdout } = await run(process.execPath, [worker, 'build', at('provider')]);
  snapshots = JSON.parse(stdout);
  for (const { height } of snapshots) await writeFile(at(`${height}.snapshot`), await exported(height));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a snapshot file that one process exports while it commits blocks', () => {
  test('is verified by the command of ellipticsum against either root, for every retained snapshot', async () => {
    expect(snapshots.map(({ height }) => height)).toEqual([10, 20]);
    for (const { height, root, stateRoot } of snapshots) {
      for (const [option, hex, name] of [
        ['--expect-root', stateRoot, 'state root'],
        ['--expect', root, 'snapshot root'],
      ] as const) {
        const args = [command, 'verify', '--threads', '2', option, hex, at(`${height}.snapshot`)];
        const { stdout } = await run(process.execPath, args);
        expect(stdout).toContain(`height ${height}, `);
        expect(stdout).toMatch(new RegExp(`OK: the ${name} is as expected\\n$`));
      }
    }
  });

  test('has its damage named by the command, by the range it lies in', async () => {
    const file = await readFile(at('20.snapshot'));
    file[file.length - 1] = (file[file.length - 1] as number) ^ 1;
    await writeFile(at('damaged.snapshot'), file);
    const args = [command, 'verify', '--json', '--expect', snapshots[1]?.stateRoot ?? '', at('damaged.snapshot')];
    const failure = await run(process.execPath, args).then(
      () => undefined,
      (error: { code: number; stdout: string }) => error,
    );
    expect(failure?.code).toBe(1);
    const { snapshot } = JSON.parse(failure?.stdout ?? '');
    expect(snapshot.ranges).toBeGreaterThan(10);
    expect(snapshot.damaged).toMatchObject([{ index: snapshot.ranges - 1, reason: 'sum' }]);
  });

  test('is imported by other processes, from a file and from a pipe', async () => {
    const { stateRoot = '' } = snapshots[1] ?? {};
    const file = await run(process.execPath, [worker, 'import', at('from-file'), at('20.snapshot'), stateRoot]);
    expect(file.stdout).toBe(`${stateRoot}\n`);
    const importer = spawn(process.execPath, [worker, 'import', at('from-pipe'), '-', stateRoot]);
    const exporter = spawn(process.execPath, [worker, 'export', at('provider'), '20']);
    let stdout = '';
    importer.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const ended = new Promise((resolve) => importer.on('close', resolve));
    await pipeline(exporter.stdout, importer.stdin);
    expect([await ended, stdout]).toEqual([0, `${stateRoot}\n`]);
  });
});

test('the snapshot files in tests and examples are what the export writes', async () => {
  await run(process.execPath, [script, '--check']);
});
