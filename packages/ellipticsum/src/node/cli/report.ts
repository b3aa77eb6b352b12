import { toHex } from '@hs/bytes';
import { defaultDomain } from '../../domain.js';
import { encodePartialSum, type PartialSum } from '../../record-file/index.js';
import type { Expectations, OutputOptions } from './arguments.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** One thing that was expected. */
interface Check {
  readonly option: '--expect' | '--expect-total' | '--expect-root';
  readonly expected: string;
  readonly isMatch: boolean;
}

/** Whether a sum is as expected. */
export interface Verdict {
  readonly isMatch: boolean;
  readonly checks: readonly Check[];
}

/** Compares a sum with all that was expected of it. */
export function compare(partial: PartialSum, { either, total, root }: Expectations): Verdict {
  const [actualTotal, actualRoot] = [toHex(partial.total), toHex(partial.stateRoot)];
  const checks: Check[] = [];
  const check = (option: Check['option'], expected: string | undefined, isMatch: boolean) => {
    if (expected !== undefined) checks.push({ option, expected, isMatch });
  };
  check('--expect', either, either === actualTotal || either === actualRoot);
  check('--expect-total', total, total === actualTotal);
  check('--expect-root', root, root === actualRoot);
  return { isMatch: checks.every(({ isMatch }) => isMatch), checks };
}

/** What the command prints. */
export function reportText(partial: PartialSum, verdict: Verdict, { isJson, hasPrefixes }: OutputOptions): string {
  if (!isJson)
    return `${[...sumLines(partial, hasPrefixes), ...verdictLines(verdict, toHex(partial.total))].join('\n')}\n`;
  if (verdict.checks.length === 0) return encodePartialSum(partial);
  return `${JSON.stringify({ ...verdict, sum: JSON.parse(encodePartialSum(partial)) }, undefined, 2)}\n`;
}

function sumLines({ domain, prefixes, records, bytes, total, stateRoot }: PartialSum, hasPrefixes: boolean): string[] {
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
};

function verdictLines({ checks }: Verdict, total: string): string[] {
  return checks.map(({ option, expected, isMatch }) => {
    if (!isMatch) return `MISMATCH: ${mismatches[option]} ${expected}`;
    return `OK: the ${expected === total ? 'total' : 'state root'} is as expected`;
  });
}
