import { toHex } from './core/expectation.js';
import type { StateSummary } from './core/state-summary.js';
import { countText, damageTexts, orderText, snapshotText } from './core/wording.js';

/** The checksums as a table. */
export function summaryLines(summary: StateSummary): readonly string[] {
  const { prefixes, total, stateRoot, snapshot } = summary;
  const row = (cells: readonly string[], checksum: string): string =>
    `${cells.map((cell, column) => cell.padStart(column === 0 ? 6 : 14)).join('')}  ${checksum}`;
  return [
    row(['prefix', 'records', 'bytes'], 'checksum'),
    ...prefixes.map(({ prefix, records, bytes, sum }) =>
      row([String(prefix), countText(records), countText(bytes)], toHex(sum)),
    ),
    '',
    `total       ${toHex(total)}`,
    `state root  ${toHex(stateRoot)}`,
    ...(snapshot === undefined ? [] : [`snapshot root  ${toHex(snapshot.snapshotRoot)}`, snapshotText(summary)]),
    ...damageTexts(summary),
    orderText(summary),
  ];
}
