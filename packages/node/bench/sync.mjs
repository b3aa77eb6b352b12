/**
 * A whole verified sync: a newcomer and its providers, each a real `hs-node`, share this machine. Its rate is compared with that
 * of bare batched puts of the same records into LevelDB, by the same Node in the same run. After a build:
 *
 * `node bench/sync.mjs [--records 1000000] [--providers 2] [--rounds 3] [--node PATH] [--flags="--experimental-wasm-revectorize"]
 * [--args="--hash-threads 2"] [--folder PATH] [--no-bare]`
 *
 * `--node` and `--flags` are for all processes that are measured, `--args` are settings of the newcomer. With `--folder` the prepared
 * state is kept there and taken again. Processor times are those of threads, as Linux counts them. Peak memory is that of the
 * whole process; the second figure is what no file backs.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { recordBytes } from './support/bench-chain.mjs';
import { machine, median, printTable } from './support/report.mjs';
import { barePuts, SyncRun } from './support/sync-run.mjs';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    providers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    node: { type: 'string', default: process.execPath },
    flags: { type: 'string', default: '' },
    args: { type: 'string', default: '' },
    folder: { type: 'string' },
    'no-bare': { type: 'boolean', default: false },
  },
});
const [records, providers, rounds] = [values.records, values.providers, values.rounds].map(Number);
const words = (text) => text.split(' ').filter((word) => word !== '');
const runtime = { node: values.node, flags: words(values.flags) };

const run = new SyncRun({ records, folder: values.folder, runtime });
const results = [];
try {
  await run.startProviders(providers);
  const connect = await Promise.all(run.providers.map((provider) => provider.address()));
  for (let round = 0; round < rounds; round++) {
    const bare = values['no-bare'] ? undefined : barePuts(records, runtime);
    const samples = new Samples();
    const result = await run.sync({
      connect,
      args: words(values.args),
      onStatus: ({ sync }, { memory }) => samples.add(sync.snapshot, memory),
    });
    results.push({ bare, samples, ...result, rate: (1000 * records) / result.hyperSync.elapsedMs });
  }
} finally {
  await run.close();
}
report();

/** What the newcomer was doing, from time to time. */
function Samples() {
  const waits = new Map();
  const sums = { requests: 0, proving: 0, committing: 0 };
  let count = 0;
  this.add = (snapshot) => {
    if (snapshot === undefined) return;
    count++;
    const { kind } = snapshot.waitingFor;
    waits.set(kind, (waits.get(kind) ?? 0) + 1);
    for (const name of Object.keys(sums)) sums[name] += snapshot.inFlight[name];
  };
  this.describe = () => {
    const mean = (name) => (sums[name] / Math.max(count, 1)).toFixed(1);
    const parts = [...waits].map(([kind, times]) => `${kind} ${Math.round((100 * times) / count)} %`);
    return [
      `What it said it waits for: ${parts.join(', ')} of the time.`,
      `On average ${mean('requests')} requests were outstanding, ${mean('proving')} ranges being checked, ${mean('committing')} being written.`,
    ];
  };
}

function report() {
  const version = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`${machine(version)}${values.flags === '' ? '' : ` ${values.flags}`}  `);
  console.log(
    `${records} records of ${recordBytes} bytes, ${providers} providers${values.args && `, newcomer with ${values.args}`}`,
  );
  const mebibytes = (bytes) => Math.round(bytes / 2 ** 20);
  printTable(
    [
      'bare puts, records/s',
      'chained',
      'sync, records/s',
      'ratio',
      'shares',
      'peak RSS, MiB',
      'no file behind it',
      'providers',
    ],
    results.map(({ bare, rate, hyperSync, memory, providerMemory }) => [
      bare === undefined ? '-' : Math.round(bare.arrays),
      bare === undefined ? '-' : Math.round(bare.chained),
      Math.round(rate),
      bare === undefined ? '-' : (rate / bare.arrays).toFixed(3),
      hyperSync.peers.map((peer) => `${Math.round((100 * peer.records) / records)} %`).join(' '),
      mebibytes(memory.peak),
      mebibytes(memory.own),
      providerMemory.map(({ peak }) => mebibytes(peak)).join(' '),
    ]),
  );
  if (!values['no-bare']) {
    console.log(`\nMedian ratio: **${median(results.map(({ bare, rate }) => rate / bare.arrays)).toFixed(3)}**`);
  }
  const last = results.at(-1);
  const rows = [
    ...Object.entries(last.threads).map(([name, ms]) => [`newcomer, ${name}`, ms]),
    ...last.served.flatMap((times, i) => Object.entries(times).map(([name, ms]) => [`provider ${i + 1}, ${name}`, ms])),
  ].filter(([, ms]) => ms >= 50);
  printTable(
    ['threads of the last run', 'processor time, ms', 'us a record'],
    rows.map(([name, ms]) => [name, Math.round(ms), ((1000 * ms) / records).toFixed(2)]),
  );
  const phases = Object.entries(last.phaseMs).map(([phase, ms]) => `${phase} ${Math.round(ms)}`);
  console.log(`\nPhases, ms: ${phases.join(', ')}.`);
  for (const line of last.samples.describe()) console.log(line);
}
