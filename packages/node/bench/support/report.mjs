import { cpus } from 'node:os';

/** A line that says where a benchmark ran. */
export function machine(version = process.version) {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${version}`;
}

/** Prints a markdown table. */
export function printTable(head, rows) {
  console.log(`\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
