import { describe, expect, test } from '@jest/globals';
import { AuditError, auditErrorCodes } from '../src/audit-error.js';
import { exitCodeOfError, exitCodeOfVerdict } from '../src/report/exit-codes.js';
import { judge } from '../src/report/verdict.js';

const computed = 'ab'.repeat(32);
const claimOf = (...checksums: string[]) => ({
  height: 1,
  blockHash: '',
  firstSnapshotHeight: 0,
  checksums: checksums.map((checksum) => ({ checksum, chunks: 1 })),
});
const sum = { prefix: 5, records: 1, bytes: 1, sum: computed, undecodable: 0, examples: [] };
const verdictOf = (advertised: string[], options: { expected?: string; undecodable?: number } = {}) =>
  judge({
    computed,
    claim: claimOf(...advertised),
    sums: [{ ...sum, undecodable: options.undecodable ?? 0 }],
    expected: options.expected,
  });

describe('a verdict', () => {
  test.each([
    [[computed], {}, 'match'],
    [['cd'.repeat(32)], {}, 'mismatch'],
    [['00'.repeat(32)], {}, 'nothing-to-compare'],
    [[''], {}, 'nothing-to-compare'],
    [[], {}, 'nothing-to-compare'],
    // What counts is what the node said last.
    [['cd'.repeat(32), computed], {}, 'match'],
    [[computed, 'cd'.repeat(32)], {}, 'mismatch'],
    [['00'.repeat(32)], { expected: computed }, 'match'],
    [[computed], { expected: 'cd'.repeat(32) }, 'mismatch'],
    [[computed], { undecodable: 1 }, 'undecodable'],
    [[computed], { undecodable: 1, expected: computed }, 'undecodable'],
  ] as const)('%p %p: %s', (advertised, options, verdict) => {
    expect(verdictOf([...advertised], options).verdict).toBe(verdict);
  });

  test('of a match says what it does not prove', () => {
    expect(verdictOf([computed]).proves).not.toEqual([]);
    expect(verdictOf([computed]).doesNotProve.join(' ')).toContain('no header of DeSo contains a checksum');
    expect(verdictOf(['']).proves).toEqual([]);
  });
});

test('exit codes', () => {
  expect(
    ['match', 'mismatch', 'undecodable', 'nothing-to-compare'].map((each) => exitCodeOfVerdict(each as never)),
  ).toEqual([0, 1, 1, 3]);
  const codes = new Set(auditErrorCodes.map((code) => exitCodeOfError(new AuditError(code, ''))));
  expect(codes).toEqual(new Set([4, 5]));
  expect(exitCodeOfError(new TypeError('a mistake in the program'))).toBe(70);
});
