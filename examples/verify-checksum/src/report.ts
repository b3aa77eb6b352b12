import { type Expectation, toHex, whatMatches } from './core/expectation.js';
import type { StateSummary, Tally } from './core/state-summary.js';

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const seconds = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** How much was summed, and how fast. */
export function tallyLine({ records, bytes }: Tally, elapsedMs: number): string {
  const rate = number.format(records / Math.max(elapsedMs / 1000, 0.001));
  const amount = `${number.format(records)} ${records === 1 ? 'record' : 'records'}, ${number.format(bytes)} bytes`;
  return `${amount} in ${seconds.format(elapsedMs / 1000)} s (${rate} records/s)`;
}

export function summaryLines(summary: StateSummary): readonly string[] {
  const { prefixes, total, stateRoot, isAscending } = summary;
  const row = (cells: readonly string[], checksum: string): string =>
    `${cells.map((cell, column) => cell.padStart(column === 0 ? 6 : 14)).join('')}  ${checksum}`;
  return [
    row(['prefix', 'records', 'bytes'], 'checksum'),
    ...prefixes.map(({ prefix, records, bytes, checksum }) =>
      row([String(prefix), number.format(records), number.format(bytes)], toHex(checksum)),
    ),
    '',
    `total       ${toHex(total)}`,
    `state root  ${toHex(stateRoot)}`,
    isAscending
      ? 'Keys ascend, so none comes twice.'
      : 'Keys do not ascend: a key that comes twice counts twice, and nobody checked.',
  ];
}

/** Whether the summary is as expected, with a line that says so. */
export function verdict(summary: StateSummary, expectation: Expectation): { isMatch: boolean; line: string } {
  const match = whatMatches(summary, expectation);
  if (match !== undefined) {
    return { isMatch: true, line: `OK: the ${match === 'total' ? 'total' : 'state root'} is as expected.` };
  }
  const wanted = {
    total: 'the total is not',
    root: 'the state root is not',
    either: 'neither total nor state root is',
  };
  return { isMatch: false, line: `MISMATCH: ${wanted[expectation.kind ?? 'either']} ${expectation.hex}` };
}
