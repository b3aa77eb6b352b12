import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A line that says where a benchmark ran. */
export function machine() {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
}

/** Prints a markdown table. */
export function printTable(head, rows) {
  console.log(`\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

export function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

export async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** A whole number from the command line. */
export function count(text, name) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} must be a whole number`);
  return value;
}

/**
 * Waits until this process has had nothing to do for a fifth of a second, at most a minute: LevelDB goes on compacting after writes,
 * on a thread of its own. Resolves to when that was over, on the clock of `performance.now()`, to 20 ms.
 */
export async function untilQuiet() {
  const pollMs = 20;
  const started = performance.now();
  let busyUntil = started;
  for (let quiet = 0; quiet < 10 && performance.now() - started < 60_000; ) {
    const before = process.cpuUsage();
    await sleep(pollMs);
    const { user, system } = process.cpuUsage(before);
    const isQuiet = (user + system) / 1000 < pollMs / 10;
    quiet = isQuiet ? quiet + 1 : 0;
    if (!isQuiet) busyUntil = performance.now();
  }
  return busyUntil;
}
