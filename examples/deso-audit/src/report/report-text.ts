import type { AuditReport } from './report.js';

/** The report for people. */
export function reportText(report: AuditReport): string {
  const { node, headers, snapshot, prefixes } = report;
  const width = Math.max(...prefixes.map(({ name }) => name.length), 4);
  const row = (cells: readonly [string, string, string, string], checksum: string): string => {
    const [prefix, name, records, bytes] = cells;
    return `${prefix.padStart(6)}  ${name.padEnd(width)}${records.padStart(14)}${bytes.padStart(18)}  ${checksum}`;
  };
  const byRule =
    snapshot.heightByRule === snapshot.height
      ? ''
      : `; by rule it should be ${count(snapshot.heightByRule)} (see --snapshot-period)`;
  return [
    node === null
      ? `network   ${report.network}, from what was downloaded before`
      : `node      ${node.address}, ${node.userAgent}, protocol ${node.negotiatedVersion}, block ${count(node.blockHeight)}, ${report.network}`,
    `headers   ${count(headers.height)} of ${headers.time}, ${headers.hash}`,
    `snapshot  ${count(snapshot.height)}, block ${snapshot.blockHash}${byRule}`,
    `download  ${count(snapshot.chunks)} answers, ${count(snapshot.bytes)} bytes of keys and values, begun anew ${count(snapshot.restarts)} times`,
    '',
    row(['prefix', 'name', 'records', 'bytes'], 'sum'),
    ...prefixes.map((each) => row([String(each.prefix), each.name, count(each.records), count(each.bytes)], each.sum)),
    '',
    `records     ${count(report.records)}, ${count(report.bytes)} bytes`,
    ...prefixes.flatMap(({ prefix, undecodable, examples }) =>
      undecodable === 0
        ? []
        : [
            `prefix ${prefix}: ${count(undecodable)} values could not be decoded, among them`,
            ...examples.map(({ key, code, message }) => `  ${key}: ${message} (${code})`),
          ],
    ),
    `computed    ${report.computedChecksum}`,
    `advertised  ${report.advertisedChecksum || 'none'}`,
    ...(report.expectedChecksum === null ? [] : [`expected    ${report.expectedChecksum}`]),
    '',
    `${report.verdict.toUpperCase().replaceAll('-', ' ')}: ${report.summary}`,
    ...section('What this proves:', report.proves),
    ...section('What it does not prove:', report.doesNotProve),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `- ${line}`)];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
