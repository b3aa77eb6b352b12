import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseCommandLine } from '../src/node/cli/arguments.js';
import { exitCodes } from '../src/node/cli/exit-codes.js';
import { helpTexts } from '../src/node/cli/help.js';
import { durationText, ProgressReport, progressText } from '../src/node/cli/progress.js';
import { compare } from '../src/node/cli/report.js';
import type { PartialSum } from '../src/record-file/index.js';

const total = 'd6be238d951f91343ed92c12914a94f38e3e991311885630f5e8489a88fbc175';

describe('the command line', () => {
  test('is read into what it means', () => {
    const args = ['--format', 'jsonl', '--threads', '1', '--no-prefix', 'a', '--', '--b'];
    expect(parseCommandLine(['sum', ...args])).toEqual({
      kind: 'sum',
      files: ['a', '--b'],
      format: 'jsonl',
      isAscending: false,
      maxKeyBytes: undefined,
      maxValueBytes: undefined,
      domain: undefined,
      backend: undefined,
      threads: 1,
      hasProgress: undefined,
      expectations: { either: undefined, total: undefined, root: undefined, snapshotRoot: undefined },
      isJson: false,
      hasPrefixes: false,
    });
  });

  test('takes expectations in either case', () => {
    const expectations = { either: total, total, root: undefined, snapshotRoot: undefined };
    const parsed = parseCommandLine(['merge', '--expect', total.toUpperCase(), '--expect-total', total, 'a']);
    expect(parsed).toMatchObject({ kind: 'merge', expectations });
  });

  test('names standard input where it names no file', () => {
    expect(parseCommandLine(['verify', '--expect', total])).toMatchObject({ files: ['-'] });
  });

  test.each([
    [['add'], 'there is no command add'],
    [['sum', '--format', 'csv'], '--format is binary, jsonl; not csv'],
    [['sum', '--backend', 'gpu'], '--backend is auto, wasm-simd, wasm, noble; not gpu'],
    [['sum', '--threads', '0'], '--threads is an integer'],
    [['sum', '--threads', '9999999999'], '--threads is an integer'],
    [['sum', '--threads', '1025'], '--threads is at most 1024'],
    [['sum', '--max-key-bytes', '1e3'], '--max-key-bytes is an integer'],
    [['sum', '--domain', ''], '--domain: '],
    [['sum', '--progress', '--no-progress'], 'exclude each other'],
    [['sum', '--json', '--json'], '--json is given twice'],
    [['sum', '--json=yes'], "'--json' does not take an argument"],
    [['sum', '--format'], "'--format <value>' argument missing"],
    [['sum', '-', '-'], 'standard input can be read only once'],
    [['sum', '--format', 'snapshot'], '--format is binary, jsonl; not snapshot'],
    [['verify', '--expect', total, '--format', 'csv'], '--format is binary, jsonl, snapshot; not csv'],
    [['verify', '--expect', total, '--format', 'snapshot', 'a', 'b'], 'a snapshot file is verified alone'],
    [['merge', '--expect-snapshot-root', total, 'a'], "Unknown option '--expect-snapshot-root'"],
    [['verify', '--expect', 'd6be'], '--expect takes 64 hex digits'],
    [['verify', '--expect', '0'.repeat(64)], 'zero is the checksum of no records'],
    [['verify', '--expect-root', '0'.repeat(64)], 'zero is the checksum of no records'],
    [['verify', '--expect-total', 'f'.repeat(64)], 'no set of records has this sum'],
    [['merge'], 'merge needs the files'],
    [['merge', '--domain', 'x', 'a'], "Unknown option '--domain'"],
  ])('is refused where it makes no sense: %j', (args, message) => {
    let error: unknown;
    try {
      parseCommandLine(args);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
  });
});

describe('the help', () => {
  test('fits a terminal of 120 columns', () => {
    for (const text of Object.values(helpTexts)) {
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    }
  });

  test('names every option of a command', () => {
    const source = readFileSync(new URL('../src/node/cli/arguments.ts', import.meta.url), 'utf8');
    const options = [...source.matchAll(/^ {2}'?([a-z-]+)'?: (?:text|flag),$/gm)].map((match) => match[1]);
    expect(options.length).toBeGreaterThan(8);
    for (const option of options) {
      expect(helpTexts.sum).toContain(`--${option}`);
      expect(helpTexts.verify).toContain(`--${option}`);
    }
    for (const option of ['json', 'no-prefix', 'expect', 'expect-total', 'expect-root']) {
      expect(helpTexts.merge).toContain(`--${option} `);
      expect(helpTexts.verify).toContain(`--${option} `);
    }
  });
});

describe('a comparison', () => {
  const sum: PartialSum = {
    domain: 'any',
    prefixes: [],
    records: 0,
    bytes: 0,
    total: new Uint8Array(32).fill(0x11),
    stateRoot: new Uint8Array(32).fill(0x22),
  };
  const [isTotal, isRoot, isNeither] = ['11'.repeat(32), '22'.repeat(32), '33'.repeat(32)];

  test.each([
    [true, {}],
    [true, { either: isTotal }],
    [true, { either: isRoot }],
    [true, { total: isTotal, root: isRoot }],
    [false, { either: isNeither }],
    [false, { total: isRoot }],
    [false, { root: isTotal }],
    [false, { total: isTotal, root: isNeither }],
    [false, { either: isTotal, total: isNeither }],
    [false, { snapshotRoot: isRoot }],
  ])('is %s where %j is expected of total 11… and root 22…', (isMatch, expected) => {
    const none = { either: undefined, total: undefined, root: undefined, snapshotRoot: undefined };
    const expectations = { ...none, ...expected };
    const verdict = compare(sum, expectations);
    expect(verdict.isMatch).toBe(isMatch);
    expect(verdict.checks.length).toBe(Object.keys(expected).length);
  });
});

describe('progress', () => {
  test.each([
    [0, '0 s'],
    [59.2, '1 min 0 s'],
    [185, '3 min 5 s'],
    [7440, '2 h 4 min'],
  ])('spells %d seconds as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  test('names the rate and, of an input of known size, the share and the time left', () => {
    const progress = { records: 2000, bytes: 400_000, inputBytes: 2 ** 20 };
    expect(progressText(progress, 500, undefined)).toBe('2,000 records, 1.0 MiB, 4,000 records/s');
    expect(progressText(progress, 500, 2 ** 22)).toBe('2,000 records, 1.0 MiB, 25 %, 4,000 records/s, 2 s left');
  });

  test('has no time left before anything is done', () => {
    expect(progressText({ records: 0, bytes: 0, inputBytes: 0 }, 500, 100)).toBe(
      '0 records, 0.0 MiB, 0 %, 0 records/s',
    );
  });
});

describe('a report of progress', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** What a target gets in 1.1 seconds of work. */
  function report(isTTY: boolean, isDone: boolean): string[] {
    const written: string[] = [];
    const refused = [{ backend: 'wasm', reason: 'no-webassembly', message: 'there is none' }] as const;
    const target = { isTTY, write: (text: string) => written.push(text) };
    const progress = new ProgressReport(target, {
      inputBytes: 4000,
      threads: 2,
      selection: { backend: 'noble', refused },
    });
    progress.update({ records: 10, bytes: 900, inputBytes: 1000 });
    jest.advanceTimersByTime(1100);
    progress.stop({ isDone });
    jest.advanceTimersByTime(5000);
    return written;
  }

  test('rewrites one line of a terminal, and clears it in the end', () => {
    const [head, ...rest] = report(true, false);
    expect(head).toBe('backend noble, 2 threads\n  not wasm: there is none\n');
    expect(rest.length).toBe(5);
    expect(rest.at(-2)).toBe('\r\x1b[K10 records, 0.0 MiB, 25 %, 10 records/s, 3 s left');
    expect(rest.at(-1)).toBe('\r\x1b[K');
  });

  test('writes a line a second elsewhere, and what was done if it was done', () => {
    expect(report(false, true).slice(1)).toEqual([
      '10 records, 0.0 MiB, 25 %, 10 records/s, 3 s left\n',
      '10 records in 1.1 s, 9 records/s\n',
    ]);
    expect(report(false, false).length).toBe(2);
  });
});

describe('the exit codes', () => {
  test.each(Object.entries(exitCodes))('%s, %i, stands in the README and in the help of each command', (_, code) => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(readme).toMatch(new RegExp(`^\\| (\\d+, )?${code}(, \\d+)? \\| .`, 'm'));
    for (const text of Object.values(helpTexts)) expect(text).toMatch(new RegExp(`\\b${code}\\b`));
  });
});
