/**
 * Whether more providers mean a faster sync: one provider alone, then one and three of them that are each throttled to a fifth of
 * that rate. After a build:
 *
 * `node bench/scaling.mjs [--records 1000000] [--providers 3] [--part 5] [--node PATH] [--flags=""] [--folder PATH]`
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { recordBytes } from './support/bench-chain.mjs';
import { machine, printTable } from './support/report.mjs';
import { SyncRun } from './support/sync-run.mjs';
import { openThrottle } from './support/throttle.mjs';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    providers: { type: 'string', default: '3' },
    part: { type: 'string', default: '5' },
    node: { type: 'string', default: process.execPath },
    flags: { type: 'string', default: '' },
    folder: { type: 'string' },
  },
});
const [records, count, part] = [values.records, values.providers, values.part].map(Number);
const flags = values.flags.split(' ').filter((flag) => flag !== '');
const run = new SyncRun({ records, folder: values.folder, runtime: { node: values.node, flags } });
const rows = [];
try {
  await run.startProviders(count);
  const addresses = await Promise.all(run.providers.map((provider) => provider.address()));
  const alone = await measure('one, not throttled', addresses.slice(0, 1));
  const bytesPerSecond = (alone * recordBytes) / part;
  const one = await throttled(addresses.slice(0, 1), bytesPerSecond, 'one, throttled');
  const all = await throttled(addresses, bytesPerSecond, `${count}, each throttled`);
  const version = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`${machine(version)}${values.flags === '' ? '' : ` ${values.flags}`}  `);
  console.log(`${records} records of ${recordBytes} bytes; throttled to ${Math.round(bytesPerSecond / 1000)} kB/s`);
  printTable(
    ['providers', 'records/s', 'times one throttled', 'shares', 'download, s'],
    rows.map((row) => row(one)),
  );
  console.log(`\n${count} throttled providers: **${(all / one).toFixed(2)}** times one.`);
} finally {
  await run.close();
}

async function throttled(addresses, bytesPerSecond, name) {
  const lines = await Promise.all(addresses.map((address) => openThrottle(address, bytesPerSecond)));
  try {
    return await measure(
      name,
      lines.map(({ address }) => address),
    );
  } finally {
    await Promise.all(lines.map((line) => line.close()));
  }
}

async function measure(name, connect) {
  const { hyperSync } = await run.sync({ connect, sampleMs: 250 });
  const rate = (1000 * records) / hyperSync.elapsedMs;
  const shares = hyperSync.peers.map((peer) => `${Math.round((100 * peer.records) / records)} %`).join(' ');
  rows.push((one) => [
    name,
    Math.round(rate),
    (rate / one).toFixed(2),
    shares,
    (hyperSync.elapsedMs / 1000).toFixed(1),
  ]);
  return rate;
}
