import { toHex } from '@hs/bytes';
import { defaultDomain } from '../../domain.js';
import { encodePartialSum, type PartialSum, type SnapshotFileReport } from '../../record-file/index.js';
import type { Expectations, OutputOptions } from './arguments.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** One thing that was expected. */
interface Check {
  readonly option: '--expect' | '--expect-total' | '--expect-root' | '--expect-snapshot-root';
  readonly expected: string;
  readonly isMatch: boolean;
}

/** Whether a sum is as expected. */
export interface Verdict {
  readonly isMatch: boolean;
  readonly checks: readonly Check[];
}

/** True for what a snapshot file holds. */
export function isSnapshotReport(sums: PartialSum | SnapshotFileReport): sums is SnapshotFileReport {
  return 'snapshotRoot' in sums;
}

/** Compares a sum with all that was expected of it. */
export function compare(sums: PartialSum | SnapshotFileReport, expectations: Expectations): Verdict {
  const { either, total, root, snapshotRoot } = expectations;
  const names = namesOf(sums);
  const checks: Check[] = [];
  const check = (option: Check['option'], expected: string | undefined, isMatch: boolean) => {
    if (expected !== undefined) checks.push({ option, expected, isMatch });
  };
  check('--expect', either, either !== undefined && names.has(either));
  check('--expect-total', total, total === toHex(sums.total));
  check('--expect-root', root, root === toHex(sums.stateRoot));
  check('--expect-snapshot-root', snapshotRoot, isSnapshotReport(sums) && snapshotRoot === toHex(sums.snapshotRoot));
  return { isMatch: checks.every(({ isMatch }) => isMatch), checks };
}

/** What each sum is called, by its hex. */
function namesOf(sums: PartialSum | SnapshotFileReport): Map<string, string> {
  const names = new Map([[toHex(sums.stateRoot), 'state root']]);
  if (isSnapshotReport(sums)) names.set(toHex(sums.snapshotRoot), 'snapshot root');
  return names.set(toHex(sums.total), 'total');
}

/** What the command prints of records. */
export function reportText(partial: PartialSum, verdict: Verdict, { isJson, hasPrefixes }: OutputOptions): string {
  if (!isJson) return `${[...sumLines(partial, hasPrefixes), ...verdictLines(verdict, partial)].join('\n')}\n`;
  if (verdict.checks.length === 0) return encodePartialSum(partial);
  return `${JSON.stringify({ ...verdict, sum: JSON.parse(encodePartialSum(partial)) }, undefined, 2)}\n`;
}

/** A table of the sums. */
export function sumLines(
  { domain, prefixes, records, bytes, total, stateRoot }: PartialSum,
  hasPrefixes: boolean,
): string[] {
  const rows = [
    ['prefix', 'records', 'bytes', 'checksum'],
    ...(hasPrefixes ? prefixes : []).map((entry) => [
      String(entry.prefix),
      whole.format(entry.records),
      whole.format(entry.bytes),
      toHex(entry.sum),
    ]),
    ['total', whole.format(records), whole.format(bytes), toHex(total)],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
  lines.push(`state root  ${toHex(stateRoot)}`);
  if (domain !== defaultDomain) lines.push(`domain  ${domain}`);
  return lines;
}

const mismatches = {
  '--expect': 'neither the total nor the state root is',
  '--expect-total': 'the total is not',
  '--expect-root': 'the state root is not',
  '--expect-snapshot-root': 'the snapshot root is not',
};
const snapshotMismatch = 'neither the total nor the state root nor the snapshot root is';

/** A line for each thing that was expected. `ok` stands before those that are as expected. */
export function verdictLines({ checks }: Verdict, sums: PartialSum | SnapshotFileReport, ok = 'OK'): string[] {
  const names = namesOf(sums);
  return checks.map(({ option, expected, isMatch }) => {
    if (isMatch) return `${ok}: the ${names.get(expected)} is as expected`;
    const isAny = option === '--expect' && isSnapshotReport(sums);
    return `MISMATCH: ${isAny ? snapshotMismatch : mismatches[option]} ${expected}`;
  });
}
