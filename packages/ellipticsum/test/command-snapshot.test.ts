import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { binaryFile, fromHex } from './record-files.js';
import { readVectors, type SnapshotFileVector } from './vectors.js';

const command = fileURLToPath(new URL('../bin/ellipticsum.js', import.meta.url));
const vector = readVectors<SnapshotFileVector>('snapshot-file.json');
const file = fromHex(vector.file);
const ranges = vector.blockBytes.length;
const folder = mkdtempSync(join(tmpdir(), 'ellipticsum-snapshot-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const damaged = Uint8Array.from(file);
damaged[file.length - 1] = (damaged[file.length - 1] as number) ^ 1;
const otherVersion = Uint8Array.from(file);
otherVersion[8] = 9;
for (const [name, bytes] of [
  ['state.snapshot', file],
  ['damaged.snapshot', damaged],
  ['cut.snapshot', file.subarray(0, -100)],
  ['version.snapshot', otherVersion],
  ['some.records', binaryFile([[Uint8Array.of(5), Uint8Array.of(1)]])],
] as const) {
  writeFileSync(join(folder, name), bytes);
}

/** Runs the built command. */
async function run(
  args: readonly string[],
  input?: Uint8Array,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  // The reference backend starts at once; several threads are a test of their own.
  const backend = args.includes('--threads') ? [] : ['--backend', 'noble'];
  const [name = '', ...rest] = args;
  const child = spawn(process.execPath, [command, name, ...backend, ...rest], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A command that fails early does not read on.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

describe('ellipticsum verify, given a snapshot file', () => {
  test.each([
    ['--expect', vector.stateRoot, 'state root'],
    ['--expect', vector.snapshotRoot, 'snapshot root'],
    ['--expect-root', vector.stateRoot.toUpperCase(), 'state root'],
    ['--expect-snapshot-root', vector.snapshotRoot, 'snapshot root'],
  ])('says that it has the %s %s, which is its %s', async (option, hex, name) => {
    const { code, stdout, stderr } = await run(['verify', option, hex, 'state.snapshot']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(-4)).toEqual([
      `state root  ${vector.stateRoot}`,
      `snapshot root  ${vector.snapshotRoot}`,
      `height 0, ${ranges} ranges, chain ${vector.identity}`,
      `OK: the ${name} is as expected`,
    ]);
  });

  test('takes it from a pipe, on several threads, and prints JSON', async () => {
    const args = ['verify', '--json', '--threads', '2', '--progress', '--expect', vector.snapshotRoot];
    const { code, stdout, stderr } = await run(args, file);
    expect(code).toBe(0);
    expect(stderr).toMatch(/2 threads\n(.*\n)*39 records in /);
    expect(JSON.parse(stdout)).toEqual({
      isMatch: true,
      checks: [{ option: '--expect', expected: vector.snapshotRoot, isMatch: true }],
      snapshot: {
        identity: vector.identity,
        height: 0,
        stateRoot: vector.stateRoot,
        snapshotRoot: vector.snapshotRoot,
        ranges,
        damaged: [],
      },
      sum: expect.objectContaining({ format: 'ellipticsum-partial-sum', stateRoot: vector.stateRoot }),
    });
  });

  test('says no to another root', async () => {
    const other = '11'.repeat(32);
    for (const [option, text] of [
      ['--expect', 'neither the total nor the state root nor the snapshot root is'],
      ['--expect-root', 'the state root is not'],
      ['--expect-snapshot-root', 'the snapshot root is not'],
    ] as const) {
      const { code, stdout } = await run(['verify', option, other, 'state.snapshot']);
      expect(code).toBe(1);
      expect(stdout).toContain(`MISMATCH: ${text} ${other}\n`);
    }
    const swapped = await run(['verify', '--expect-root', vector.snapshotRoot, 'state.snapshot']);
    expect(swapped.code).toBe(1);
  });

  test('names what is damaged, and gives no sum of it', async () => {
    const text = await run(['verify', '--expect', vector.stateRoot, 'damaged.snapshot']);
    expect([text.code, text.stderr]).toEqual([1, '']);
    expect(text.stdout.trimEnd().split('\n').slice(-3)).toEqual([
      expect.stringMatching(new RegExp(`^DAMAGED: range ${ranges - 1}, 1 record whose keys begin with 8 bits of ff: `)),
      'CLAIMED: the state root is as expected',
      `MISMATCH: 1 of ${ranges} ranges has other records than the sums above`,
    ]);
    const json = await run(['verify', '--json', '--expect', vector.stateRoot, 'damaged.snapshot']);
    expect(json.code).toBe(1);
    const { isMatch, snapshot, sum } = JSON.parse(json.stdout);
    expect([isMatch, sum]).toEqual([false, undefined]);
    expect(snapshot.damaged).toEqual([{ index: ranges - 1, start: 'ff', depth: 8, records: 1, reason: 'sum' }]);
  });

  test('asks for the domain where every range has another sum', async () => {
    const { code, stdout } = await run(['verify', '--domain', 'x', '--expect', vector.stateRoot, 'state.snapshot']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/is --domain that of the file\?\n$/);
  });

  test.each([
    [
      ['verify', '--expect', vector.stateRoot, 'cut.snapshot'],
      3,
      `in range ${ranges - 1} (ELLIPTICSUM_TRUNCATED_INPUT)`,
    ],
    [['verify', '--expect', vector.stateRoot, 'version.snapshot'], 3, '(ELLIPTICSUM_SNAPSHOT_FILE_VERSION)'],
    [
      ['verify', '--expect', vector.stateRoot, '--format', 'snapshot', 'some.records'],
      3,
      'not begin as a snapshot file does',
    ],
    [['verify', '--expect', vector.stateRoot, '--format', 'binary', 'state.snapshot'], 3, '(ELLIPTICSUM_EMPTY_KEY)'],
    [
      ['verify', '--expect', vector.stateRoot, 'some.records', 'state.snapshot'],
      3,
      'state.snapshot: this looks like a snapshot file',
    ],
    [['verify', '--expect', vector.stateRoot, 'missing.snapshot'], 3, 'ENOENT'],
    [['verify', '--expect', vector.stateRoot, '.'], 3, 'EISDIR'],
    [['sum', 'state.snapshot'], 3, 'state.snapshot: this looks like a snapshot file, which "verify" takes alone'],
    [['verify', '--expect-snapshot-root', vector.stateRoot, 'some.records'], 2, 'only a snapshot file'],
    [
      ['verify', '--expect', vector.stateRoot, '--max-key-bytes', '9', 'state.snapshot'],
      2,
      '--max-key-bytes says nothing',
    ],
  ])('%j ends with code %i and says why', async (args, expected, text) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toContain(text);
  });
});
