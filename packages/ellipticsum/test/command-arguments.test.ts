import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from '../src/node/cli/arguments.js';
import { durationText, progressText } from '../src/node/cli/progress.js';

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
      expectations: { either: undefined, total: undefined, root: undefined },
      isJson: false,
      hasPrefixes: false,
    });
  });

  test('takes expectations in either case', () => {
    const expectations = { either: total, total, root: undefined };
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
    [['sum', '--max-key-bytes', '1e3'], '--max-key-bytes is an integer'],
    [['sum', '--domain', ''], '--domain: '],
    [['sum', '--progress', '--no-progress'], 'exclude each other'],
    [['sum', '--json', '--json'], '--json is given twice'],
    [['sum', '--json=yes'], "'--json' does not take an argument"],
    [['sum', '--format'], "'--format <value>' argument missing"],
    [['sum', '-', '-'], 'standard input can be read only once'],
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
