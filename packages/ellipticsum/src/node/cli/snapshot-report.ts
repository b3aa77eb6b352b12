import { toHex } from '@hs/bytes';
import { type DamagedRange, encodePartialSum, type SnapshotFileReport } from '../../record-file/index.js';
import type { OutputOptions } from './arguments.js';
import { sumLines, type Verdict, verdictLines } from './report.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Damaged ranges shown as text; JSON has all. */
const maxLines = 100;

/** What the command prints of a snapshot file. */
export function snapshotReportText(
  report: SnapshotFileReport,
  verdict: Verdict,
  { isJson, hasPrefixes }: OutputOptions,
): string {
  if (isJson) return `${JSON.stringify(snapshotJson(report, verdict), undefined, 2)}\n`;
  const { damaged, ranges, snapshotRoot, identity, height } = report;
  const lines = [
    ...sumLines(report, hasPrefixes),
    `snapshot root  ${toHex(snapshotRoot)}`,
    `height ${height}, ${whole.format(ranges)} ${ranges === 1 ? 'range' : 'ranges'}, chain ${toHex(identity)}`,
    ...damaged.slice(0, maxLines).map(damageLine),
  ];
  if (damaged.length > maxLines) lines.push(`and ${whole.format(damaged.length - maxLines)} more; --json names all`);
  lines.push(...verdictLines(verdict, report, damaged.length === 0 ? 'OK' : 'CLAIMED'));
  if (damaged.length > 0) lines.push(damageText(report));
  return `${lines.join('\n')}\n`;
}

const reasons: Readonly<Record<DamagedRange['reason'], string>> = {
  block: 'its lengths make no sense',
  duplicate: 'a key comes twice',
  'out-of-order': 'its keys do not ascend',
  'out-of-range': 'a key belongs elsewhere',
  sum: 'its records have another sum',
};

function damageLine({ index, start, depth, records, reason }: DamagedRange): string {
  const count = `${whole.format(records)} ${records === 1 ? 'record' : 'records'}`;
  return `DAMAGED: range ${index}, ${count} whose keys begin with ${depth} bits of ${toHex(start)}: ${reasons[reason]}`;
}

function damageText({ damaged, ranges }: SnapshotFileReport): string {
  const head = `MISMATCH: ${whole.format(damaged.length)} of ${whole.format(ranges)} ranges`;
  if (damaged.length === ranges && damaged.every(({ reason }) => reason === 'sum')) {
    return `${head} have other records than the sums above; all of them: is --domain that of the file?`;
  }
  return `${head} ${damaged.length === 1 ? 'has' : 'have'} other records than the sums above`;
}

function snapshotJson(report: SnapshotFileReport, { isMatch, checks }: Verdict): object {
  const { identity, height, stateRoot, snapshotRoot, ranges, damaged } = report;
  return {
    isMatch: isMatch && damaged.length === 0,
    checks,
    snapshot: {
      identity: toHex(identity),
      height,
      stateRoot: toHex(stateRoot),
      snapshotRoot: toHex(snapshotRoot),
      ranges,
      damaged: damaged.map((range) => ({ ...range, start: toHex(range.start) })),
    },
    // Whoever adds it up with others must not get sums that the records do not have.
    ...(damaged.length === 0 ? { sum: JSON.parse(encodePartialSum(report)) } : {}),
  };
}
