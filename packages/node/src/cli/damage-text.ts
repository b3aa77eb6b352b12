import type { VerifyReport } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { bytesText, countedText, countText } from './units.js';

/** Most items of a kind that are listed in words; with `--json` all are there. */
const maxListed = 20;

/** What a verification found, in lines. */
export function verifyText(report: VerifyReport): string {
  const { height, tipHeight, ranges, records, bytes } = report;
  const scope = tipHeight === undefined ? '' : `, and the sums at block ${tipHeight}`;
  const what = `snapshot ${height}: ${countedText(records, 'record')}, ${bytesText(bytes)} in ${countedText(ranges, 'range')}${scope}`;
  return report.isClean ? `${what}: all right` : [`${what}: damaged`, ...damageLines(report)].join('\n');
}

function damageLines(report: VerifyReport): string[] {
  const { damagedRanges, damagedGaps, damagedPrefixes, unverifiedPrefixes, bookkeeping } = report;
  const lines = [
    ...listed(damagedRanges, ({ index, start, depth, reason, expected, actual }) => {
      return `range ${index} (keys from ${toHex(start)}, ${depth} bits): ${reason}${compared(expected, actual)}`;
    }),
    ...listed(damagedGaps, ({ startKey, endKey, reason }) => {
      return `between ranges, from ${toHex(startKey)} to ${endKey === undefined ? 'the end' : toHex(endKey)}: ${reason}`;
    }),
    ...listed(damagedPrefixes, ({ prefix, reason, expected, actual, suspects }) => {
      const where =
        suspects.length === 0 ? '' : `; changed since the snapshot: ranges ${suspects.slice(0, maxListed).join(', ')}`;
      return `prefix ${prefix} at the tip: ${reason}${compared(expected, actual)}${where}`;
    }),
    ...listed(bookkeeping, ({ what, why }) => `${what}: ${why}`),
  ];
  if (unverifiedPrefixes.length > 0) lines.push(`not verified at the tip: prefixes ${unverifiedPrefixes.join(', ')}`);
  return lines.map((line) => `  ${line}`);
}

function compared(expected: string | number, actual: string | number): string {
  return expected === '' && actual === '' ? '' : `, ${actual} instead of ${expected}`;
}

function listed<Item>(items: readonly Item[], describe: (item: Item) => string): string[] {
  const lines = items.slice(0, maxListed).map(describe);
  if (items.length > maxListed) lines.push(`and ${countText(items.length - maxListed)} more`);
  return lines;
}
