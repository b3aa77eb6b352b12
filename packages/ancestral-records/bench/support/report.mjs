import { cpus } from 'node:os';

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
