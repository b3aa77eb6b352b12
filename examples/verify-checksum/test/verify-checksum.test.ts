import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { exampleFolder, recordBytes, run, uvarint, verifyChecksum } from './program.js';

interface Vectors {
  readonly total: string;
  readonly count: number;
  readonly prefixes: readonly {
    readonly prefix: number;
    readonly count: number;
    readonly checksum: string;
    readonly records: readonly (readonly [key: string, value: string])[];
  }[];
}

const genesisFile = 'data/deso-genesis.records';
const vectorsFile = join(exampleFolder, '../../packages/ellipticsum/test/vectors/deso-genesis-state.json');
const vectors = JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors;
const genesisBytes = readFileSync(join(exampleFolder, genesisFile));
const { total } = vectors;

function lineOf(stdout: string, start: string): string {
  return stdout.split('\n').find((line) => line.trimStart().startsWith(start)) ?? '';
}

describe('the genesis state of the DeSo main net', () => {
  test('has the checksums that another implementation computed, in total and for each prefix', async () => {
    const { code, stdout } = await verifyChecksum([genesisFile, '--expect', `total:${total}`]);
    expect(code).toBe(0);
    expect(stdout).toContain(`${vectors.count.toLocaleString('en-US')} records, `);
    expect(vectors.prefixes.length).toBe(8);
    for (const { prefix, count, checksum } of vectors.prefixes) {
      expect(lineOf(stdout, `${prefix} `).trim().split(/\s+/)).toEqual([
        String(prefix),
        String(count),
        expect.any(String),
        checksum,
      ]);
    }
  });

  test('has the same checksums as JSON lines in another order on standard input', async () => {
    const lines = vectors.prefixes
      .flatMap(({ records }) => records)
      .map(([key, value]) => `{"key":"${key}","value":"${value}"}\n`)
      .reverse();
    const { code, stdout } = await verifyChecksum(['-', '--format', 'jsonl', '--expect', total], lines);
    expect(stdout).toContain('Keys do not ascend');
    expect(stdout).toMatch(/OK: the total is as expected.\n$/);
    expect(code).toBe(0);
  });

  test('is expected by its state root too, which --expect tells from the total', async () => {
    const { stdout } = await verifyChecksum([genesisFile]);
    const root = lineOf(stdout, 'state root').split(/\s+/).at(-1) ?? '';
    expect(root).toMatch(/^[0-9a-f]{64}$/);
    const asRoot = await verifyChecksum([genesisFile, '--expect', `root:${root.toUpperCase()}`]);
    expect(asRoot.stdout).toMatch(/OK: the state root is as expected.\n$/);
    expect(asRoot.code).toBe(0);
    const asTotal = await verifyChecksum([genesisFile, '--expect', `total:${root}`]);
    expect(asTotal.stdout).toMatch(new RegExp(`MISMATCH: the total is not ${root}\n$`));
    expect(asTotal.code).toBe(1);
  });

  test('with one bit of one value changed is a mismatch', async () => {
    const changed = Uint8Array.from(genesisBytes);
    const last = changed.length - 1;
    changed[last] = (changed[last] ?? 0) ^ 1;
    const { code, stdout } = await verifyChecksum(['--expect', total], [changed]);
    expect(stdout).toMatch(/MISMATCH: neither total nor state root is [0-9a-f]{64}\n$/);
    expect(code).toBe(1);
  });

  test('under another domain has another checksum', async () => {
    const { code } = await verifyChecksum([genesisFile, '--domain', 'another chain', '--expect', total]);
    expect(code).toBe(1);
  });
});

test('no records have zero checksums', async () => {
  const { code, stdout } = await verifyChecksum([]);
  expect(stdout).toContain(`total       ${'00'.repeat(32)}\n`);
  expect(code).toBe(0);
});

describe('bad input ends with exit code 2, an error that says where, and no checksum', () => {
  const twoRecords = [...recordBytes(Uint8Array.of(5, 1), Uint8Array.of(7)), 0];
  const binary: [name: string, bytes: Uint8Array, code: string, error: string][] = [
    ['an end inside a record', genesisBytes.subarray(0, -1), 'TRUNCATED_INPUT', 'record 1932, byte '],
    ['a key without bytes', Uint8Array.of(...twoRecords), 'EMPTY_KEY', 'record 2, byte 5: the key is empty'],
    ['a key above the limit', Uint8Array.of(...uvarint(65_537)), 'RECORD_TOO_LARGE', 'record 1, byte 0: the key'],
    [
      'a value above the limit',
      Uint8Array.of(1, 5, ...uvarint(2 ** 25 + 1)),
      'RECORD_TOO_LARGE',
      'the value is longer',
    ],
    ['a length without end', new Uint8Array(12).fill(0x80), 'MALFORMED_RECORD', 'more bytes than it needs'],
  ];
  test.each(binary)('record file: %s', async (_name, bytes, errorCode, error) => {
    const { code, stdout, stderr } = await verifyChecksum([], [bytes]);
    expect(stderr).toContain(error);
    expect(stderr).toContain(`(ELLIPTICSUM_${errorCode})`);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  const lines: [name: string, input: string | Uint8Array, error: string][] = [
    ['not JSON', '{"key":"05","value":""}\n\nkey=05\n', 'line 3, record 2'],
    ['an odd number of digits', '{"key":"050","value":""}', 'line 1, record 1'],
    ['no value', '{"key":"05"}', 'line 1, record 1'],
    ['a key without bytes', '{"key":"","value":"00"}', 'ELLIPTICSUM_EMPTY_KEY'],
  ];
  test.each(lines)('JSON lines: %s', async (_name, input, error) => {
    const { code, stdout, stderr } = await verifyChecksum(['--format', 'jsonl'], [input]);
    expect(stderr).toContain(error);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  const calls: [name: string, args: string[], error: string][] = [
    ['a file that is not there', ['data/nothing.records'], 'ENOENT'],
    ['a folder', ['data'], 'EISDIR'],
    ['two files', ['a', 'b'], 'expected one file, got 2'],
    ['an unknown option', ['--checksum'], "Unknown option '--checksum'"],
    ['an unknown format', ['--format', 'csv'], '--format is binary or jsonl, not csv'],
    ['an expectation that is no checksum', ['--expect', 'd6be'], '--expect: expected 64 hex digits'],
    ['an expected zero', ['--expect', '00'.repeat(32)], '--expect: zero is the checksum of no records'],
    ['a domain that is none', ['--domain', ''], 'domain'],
  ];
  test.each(calls)('arguments: %s', async (_name, args, error) => {
    const { code, stdout, stderr } = await verifyChecksum(args);
    expect(stderr).toContain(error);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('memory does not grow with the input', async () => {
  const value = new Uint8Array(1 << 20);
  const megabytes = 256;
  const input = function* (): Generator<Uint8Array> {
    for (let record = 0; record < megabytes; record++) {
      yield Uint8Array.of(3, 5, record >> 8, record & 0xff, ...uvarint(value.length));
      yield value;
    }
  };
  const reportPeak = `data:text/javascript,process.on('exit',()=>console.error(process.resourceUsage().maxRSS))`;
  const outcome = await run(process.execPath, ['--import', reportPeak, 'dist/main.js'], input());
  expect(outcome.stdout).toContain(`${megabytes} records, `);
  expect(Number(outcome.stderr) / 1024).toBeLessThan(megabytes);
  expect(outcome.code).toBe(0);
});
