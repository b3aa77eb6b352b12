import { parseArgs } from 'node:util';
import { createUnprovedWorld, simulateUnproved } from '@hs/sync-progress/testing';

// Runs simulated unproved downloads, one per seed, and prints what they came to; a broken promise is printed with its seed.

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
    const report = simulateUnproved(createUnprovedWorld(seed));
    if (report.isDone) reports.push(report);
    else throw new Error(`Seed ${seed}: ${report.status.text}`);
  } catch (error) {
    failures.push(seed);
    console.log(error instanceof Error ? (error.name === 'Error' ? error.message : error.stack) : error);
  }
}

const sum = (value) => reports.reduce((total, report) => total + value(report), 0);
const ratio = ({ receivedBytes, stateBytes }) => receivedBytes / Math.max(stateBytes, 1);
const untroubled = reports.filter(({ status, lives }) => status.restarts === 0 && lives === 1);
const mean = (list) => (list.reduce((total, report) => total + ratio(report), 0) / Math.max(list.length, 1)).toFixed(3);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(`${reports.length} of ${runs} runs kept every promise, ${seconds} s`);
console.log(`${untroubled.length} without a lie or a restart: downloaded ${mean(untroubled)} times the state`);
console.log(`all: downloaded ${mean(reports)} times the state`);
console.log(`banned ${sum(({ banned }) => banned.length)}, lies without a name ${sum(({ unnamed }) => unnamed)}`);
console.log(`restarts of prefixes ${sum(({ status }) => status.restarts)}, processes ${sum(({ lives }) => lives)}`);
if (failures.length > 0) {
  console.log(`failed seeds: ${failures.join(' ')}`);
  process.exitCode = 1;
}
