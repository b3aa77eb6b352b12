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
 * Waits until this process has nothing to do, at most a minute: LevelDB goes on compacting after writes, on a thread of its own, and
 * what is measured next should not pay for that.
 */
export async function untilQuiet() {
  for (let rounds = 0, quiet = 0; quiet < 3 && rounds < 600; rounds++) {
    const before = process.cpuUsage();
    await sleep(100);
    const { user, system } = process.cpuUsage(before);
    quiet = user + system < 10_000 ? quiet + 1 : 0;
  }
}
