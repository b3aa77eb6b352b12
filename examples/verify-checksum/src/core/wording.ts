import { type Expectation, toHex, whatMatches } from './expectation.js';
import type { StateSummary } from './state-summary.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const hundredths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** `1,932`. */
export function countText(count: number): string {
  return whole.format(count);
}

/** `1 record`, `1,932 records`. */
export function recordsText(records: number): string {
  return `${countText(records)} ${records === 1 ? 'record' : 'records'}`;
}

/** `12 s`, `3 min 5 s`, `2 h 4 min`, rounded up. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** How much was summed, and how fast. */
export function tallyText(
  { records, bytes }: { readonly records: number; readonly bytes: number },
  elapsedMs: number,
): string {
  const rate = countText(records / Math.max(elapsedMs / 1000, 0.001));
  return `${recordsText(records)}, ${countText(bytes)} bytes in ${hundredths.format(elapsedMs / 1000)} s (${rate} records/s)`;
}

/** What is known about keys that come twice. */
export function orderText({ isAscending, snapshot }: StateSummary): string {
  if (snapshot !== undefined && !isAscending)
    return 'The sums are those that the file claims, not those of its records.';
  return isAscending
    ? 'Keys ascend, so none comes twice.'
    : 'Keys do not ascend: a key that comes twice counts twice, and nobody checked.';
}

const damages = {
  block: 'its lengths make no sense',
  duplicate: 'a key comes twice',
  'out-of-order': 'its keys do not ascend',
  'out-of-range': 'a key belongs elsewhere',
  sum: 'its records have another sum',
};

/** What a snapshot file is of; empty for other files. */
export function snapshotText({ snapshot }: StateSummary): string {
  if (snapshot === undefined) return '';
  const { height, ranges, identity } = snapshot;
  const count = `${countText(ranges)} ${ranges === 1 ? 'range' : 'ranges'}`;
  return `Snapshot of height ${countText(height)} in ${count}, of chain ${toHex(identity)}`;
}

/** A line for each damaged range of a snapshot file. */
export function damageTexts({ snapshot }: StateSummary): readonly string[] {
  return (snapshot?.damaged ?? []).map(({ index, records, start, depth, reason }) => {
    const keys = `${recordsText(records)} whose keys begin with ${depth} bits of ${toHex(start)}`;
    return `Range ${index} is damaged, ${keys}: ${damages[reason]}.`;
  });
}

/** Whether the summary is as expected, and in words. */
export function verdict(
  summary: StateSummary,
  expectation: Expectation,
): { readonly isMatch: boolean; readonly text: string } {
  const match = whatMatches(summary, expectation);
  const names = { total: 'total', root: 'state root', snapshot: 'snapshot root' };
  const damaged = summary.snapshot?.damaged.length ?? 0;
  if (match !== undefined && damaged > 0) {
    const ranges = `${countText(damaged)} damaged ${damaged === 1 ? 'range' : 'ranges'}`;
    return { isMatch: false, text: `the ${names[match]} that the file claims is as expected, but it has ${ranges}.` };
  }
  if (match !== undefined) return { isMatch: true, text: `the ${names[match]} is as expected.` };
  const any = summary.snapshot === undefined ? 'neither total nor state root is' : 'no total and no root of it is';
  const wanted = expectation.kind === undefined ? any : `the ${names[expectation.kind]} is not`;
  return { isMatch: false, text: `${wanted} ${expectation.hex}` };
}

/** An error in one line: what went wrong, and its code if it has one. */
export function errorText(error: unknown): string {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  return typeof code === 'string' && !text.includes(code) ? `${text} (${code})` : text;
}
