import { type Expectation, whatMatches } from './expectation.js';
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
export function orderText({ isAscending }: StateSummary): string {
  return isAscending
    ? 'Keys ascend, so none comes twice.'
    : 'Keys do not ascend: a key that comes twice counts twice, and nobody checked.';
}

/** Whether the summary is as expected, and in words. */
export function verdict(
  summary: StateSummary,
  expectation: Expectation,
): { readonly isMatch: boolean; readonly text: string } {
  const match = whatMatches(summary, expectation);
  if (match !== undefined) {
    return { isMatch: true, text: `the ${match === 'total' ? 'total' : 'state root'} is as expected.` };
  }
  const wanted = {
    total: 'the total is not',
    root: 'the state root is not',
    either: 'neither total nor state root is',
  };
  return { isMatch: false, text: `${wanted[expectation.kind ?? 'either']} ${expectation.hex}` };
}

/** An error in one line: what went wrong, and its code if it has one. */
export function errorText(error: unknown): string {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  return typeof code === 'string' && !text.includes(code) ? `${text} (${code})` : text;
}
