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

describe('a snapshot file', () => {
  const snapshotFile = 'data/deso-genesis.snapshot';
  const snapshotBytes = readFileSync(join(exampleFolder, snapshotFile));
  const stateRoot = '36d07966690cc24c0f737a271e789be1c6ccd5ec60c03254225d7922c9603c0a';
  const snapshotRoot = '5741e01c2eab938ca7987a3bca980c833ffd477991c6560b18e50b1e68946c8b';

  test('has the checksums of the records in it, and two roots to be expected by', async () => {
    const records = await verifyChecksum([genesisFile]);
    for (const [expected, name] of [
      [total, 'total'],
      [`root:${stateRoot}`, 'state root'],
      [`snapshot:${snapshotRoot}`, 'snapshot root'],
      [snapshotRoot, 'snapshot root'],
    ] as const) {
      const { code, stdout, stderr } = await verifyChecksum([snapshotFile, '--expect', expected]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`OK: the ${name} is as expected.\n$`));
      expect(stdout).toContain('Snapshot of height 0 in 20 ranges, of chain ');
      expect(stdout.split('\n').slice(2, 14)).toEqual(records.stdout.split('\n').slice(2, 14));
    }
  });

  test('with one bit changed is no match on standard input, and the range with the bit is named', async () => {
    const changed = Uint8Array.from(snapshotBytes);
    const last = changed.length - 1;
    changed[last] = (changed[last] ?? 0) ^ 1;
    const { code, stdout } = await verifyChecksum(['--expect', stateRoot], [changed]);
    expect(stdout).toContain('\nRange 19 is damaged, 119 records whose keys begin with 17 bits of 350380: ');
    expect(stdout).toMatch(
      /MISMATCH: the state root that the file claims is as expected, but it has 1 damaged range.\n$/,
    );
    expect(code).toBe(1);
    expect((await verifyChecksum([], [changed])).code).toBe(1);
  });

  test('with another root is a mismatch, and without its end bad input', async () => {
    const wrong = await verifyChecksum([snapshotFile, '--expect', total.replace('d', 'e')]);
    expect(wrong.stdout).toMatch(/MISMATCH: no total and no root of it is [0-9a-f]{64}\n$/);
    expect(wrong.code).toBe(1);
    const cut = await verifyChecksum([], [snapshotBytes.subarray(0, -1)]);
    expect(cut).toMatchObject({ code: 2, stdout: '' });
    expect(cut.stderr).toContain('in range 19 (ELLIPTICSUM_TRUNCATED_INPUT)');
    const forced = await verifyChecksum([genesisFile, '--format', 'snapshot']);
    expect(forced.stderr).toContain('(ELLIPTICSUM_INVALID_SNAPSHOT_FILE)');
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
    ['an unknown format', ['--format', 'csv'], '--format is binary, jsonl or snapshot, not csv'],
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
