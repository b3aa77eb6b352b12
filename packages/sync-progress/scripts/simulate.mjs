import { parseArgs } from 'node:util';
import { createWorld, simulate } from '@hs/sync-progress/testing';

// Runs simulated worlds, one per seed, and prints what they came to; a broken promise is printed with its seed.

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const first = Number(values.seed);

const failures = [];
const reports = [];
const started = performance.now();
for (let seed = first; seed < first + runs; seed++) {
  try {
    reports.push(simulate(createWorld(seed)));
  } catch (error) {
    failures.push(seed);
    console.log(error instanceof Error ? (error.name === 'Error' ? error.message : error.stack) : error);
  }
}

const ratio = (report) => report.downloadedBytes / report.neededBytes;
const withoutLies = reports.filter((report) => report.lies === 0);
const worst = (list, value) => list.reduce((most, report) => Math.max(most, value(report)), 0);
const mean = (list, value) => list.reduce((sum, report) => sum + value(report), 0) / Math.max(list.length, 1);
const seedOf = (list, value) => list.reduce((best, each) => (value(each) > value(best) ? each : best), list[0])?.seed;

console.log(
  `${reports.length} of ${runs} runs kept every promise, ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
console.log(
  `without lies: ${withoutLies.length} runs, downloaded ${mean(withoutLies, ratio).toFixed(3)} times what was needed`,
);
console.log(`  at most ${worst(withoutLies, ratio).toFixed(3)} times (seed ${seedOf(withoutLies, ratio)})`);
console.log(
  `all: downloaded ${mean(reports, ratio).toFixed(3)} times, at most ${worst(reports, ratio).toFixed(3)} (seed ${seedOf(reports, ratio)})`,
);
console.log(
  `lies ${reports.reduce((sum, { lies }) => sum + lies, 0)}, bans ${reports.reduce((sum, { bans }) => sum + bans.length, 0)}`,
);
console.log(
  `adoptions ${mean(reports, (report) => report.adoptions).toFixed(2)}, processes ${mean(reports, (report) => report.lives).toFixed(2)} a run`,
);
console.log(
  `events ${mean(reports, (report) => report.events).toFixed(0)}, requests ${mean(reports, (report) => report.requests).toFixed(0)} a run`,
);
if (failures.length > 0) {
  console.log(`failed seeds: ${failures.join(' ')}`);
  process.exitCode = 1;
}
