/**
 * A sync in bad company, with real processes: three providers that connect a block every second, one of which lies at random and one of
 * which is throttled to a fifth of the rate of the others; a newcomer that is killed with `kill -9` again and again; epochs
 * that turn meanwhile, so that it has to adopt newer manifests. It has to end in the right state, byte by byte, with the liar
 * banned and nobody else, and must not ask for a range again that it had proved and that has not changed. After a build:
 *
 * `node bench/hard-sync.mjs [--records 1000000] [--kills 5] [--absences 2] [--period 10] [--block-ms 1000] [--seed 1]`
 *
 * What the newcomer asks for is seen on the wire, by proxies; what it has proved is read from its database while it is dead.
 * After `--absences` of the kills it stays away until nobody serves its snapshot any more. Exits with 1 if anything is wrong.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Manifest } from '@hs/ancestral-records';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { randomFrom, recordBytes, sealBenchSpec } from './support/bench-chain.mjs';
import { ChurnNode } from './support/child.mjs';
import { createChurnChain } from './support/churn-chain.mjs';
import { entriesOf, RangeHistory } from './support/range-history.mjs';
import { machine, printTable } from './support/report.mjs';
import { openWatchingProxy } from './support/watching-proxy.mjs';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '5' },
    absences: { type: 'string', default: '2' },
    period: { type: 'string', default: '10' },
    'block-ms': { type: 'string', default: '1000' },
    /** Of the two providers that are not throttled; without it, as fast as they can. */
    'bytes-per-second': { type: 'string', default: '10000000' },
    'range-records': { type: 'string', default: '4096' },
    seed: { type: 'string', default: '1' },
  },
});
const snapshotLag = 2;
const [records, kills, absences, period] = [values.records, values.kills, values.absences, values.period].map(Number);
const bytesPerSecond = Number(values['bytes-per-second']);
const script = (name) => fileURLToPath(new URL(`./support/${name}.mjs`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hs-node-hard-'));
const specFile = join(folder, 'chain.json');
const newcomerData = join(folder, 'newcomer');
const random = randomFrom(Number(values.seed));
const problems = [];
const history = new RangeHistory(problems);
const startedMs = performance.now();
const [providers, proxies] = [[], []];
let newcomer;
try {
  const chain = await prepare();
  await startProviders(chain);
  const rows = [];
  for (let life = 1; life <= kills + 1; life++) rows.push(await live(life));
  await judge(rows);
} finally {
  await newcomer?.signal('SIGKILL');
  for (const proxy of proxies) await proxy.close();
  for (const provider of providers) await provider.signal('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
if (problems.length > 0) {
  for (const problem of problems) console.log(`WRONG: ${problem}`);
  process.exitCode = 1;
}

async function prepare() {
  setV8Flags();
  const hasher = await createWorkerPool({ threads: 2 });
  const parameters = { snapshotPeriod: period, snapshotLag, maxRangeRecords: Number(values['range-records']) };
  const spec = await sealBenchSpec({ records, hasher, parameters });
  await hasher.close();
  mkdirSync(folder, { recursive: true });
  writeFileSync(specFile, JSON.stringify(spec));
  return createChurnChain(spec, records);
}

/** The first one makes the blocks. The others begin with a copy of its genesis state. */
async function startProviders(chain) {
  const common = { spec: specFile, records, leaseMs: 2000 };
  const first = { ...common, data: join(folder, 'provider-0'), isProducer: true };
  const writer = new ChurnNode(script('churn-node'), { ...first, blockIntervalMs: 2_000_000_000 });
  while ((await writer.status()).height !== 0) await sleep(50);
  await writer.signal('SIGTERM');
  for (const i of [1, 2]) cpSync(first.data, join(folder, `provider-${i}`), { recursive: true });
  providers.push(new ChurnNode(script('churn-node'), { ...first, blockIntervalMs: Number(values['block-ms']) }));
  const connect = [await providers[0].address()];
  for (const i of [1, 2]) {
    providers.push(new ChurnNode(script('churn-node'), { ...common, data: join(folder, `provider-${i}`), connect }));
  }
  const ways = [
    { bytesPerSecond },
    { bytesPerSecond, isLying: () => random() % 20 === 0 },
    { bytesPerSecond: bytesPerSecond / 5 },
  ];
  for (const [i, way] of ways.entries()) {
    proxies.push(await openWatchingProxy(chain, await providers[i].address(), way));
  }
  // Until a header behind the first snapshot has its root, a newcomer rightly takes blocks.
  const isVouchedFor = ({ height, snapshots }) => snapshots.length >= 2 && height > period + snapshotLag;
  while (!(await statusesOf(providers)).every(isVouchedFor)) await sleep(200);
}

/** The newcomer runs until it is killed at some progress; in its last life until it is at the tip. */
async function live(life) {
  const isLast = life > kills;
  for (const proxy of proxies) proxy.asked.length = 0;
  const committed = [];
  const bans = [];
  newcomer = new ChurnNode(
    script('churn-node'),
    {
      spec: specFile,
      records,
      data: newcomerData,
      connect: proxies.map(({ address }) => address),
      isListening: false,
      sync: { reconsiderAfterMs: 3000 },
    },
    (entry) => {
      if (entry.msg === 'hyper sync: range committed') committed.push({ ...entry, atMs: performance.now() });
      if (entry.msg === 'peer banned') bans.push(entry);
    },
  );
  const bornMs = performance.now();
  const goal = (life - 0.5 + (random() % 100) / 250) / (kills + 1);
  let status = await newcomer.status();
  for (; ; status = await newcomer.status()) {
    const { snapshot, phase } = status.sync;
    const doneBytes = snapshot?.total.bytes > 0 ? snapshot.done.bytes : -1;
    if (isLast ? phase === 'synced' : doneBytes >= goal * (snapshot?.total.bytes ?? 0)) break;
    if (!isLast && (status.sync.hyperSync !== undefined || phase === 'synced'))
      throw new Error(`it was done before it was killed often enough: ${status.sync.text}`);
    if (performance.now() - bornMs > 15 * 60_000) throw new Error(`it does not end: ${status.sync.text}`);
    await sleep(20);
  }
  const asked = proxies.flatMap((proxy) => proxy.asked.map((request) => ({ ...request })));
  await newcomer.signal(isLast ? 'SIGTERM' : 'SIGKILL');
  const found = inspect(isLast);
  for (const proxy of proxies) {
    for (const [height, pages] of proxy.pages) history.learn(height, entriesOf(Manifest.fromPages({ height, pages })));
  }
  history.judge({ life, asked, committed, found });
  for (const { peer } of bans)
    if (peer !== proxies[1].address) problems.push(`${peer} was banned, which sent nothing wrong`);
  const row = {
    life,
    height: found.height ?? status.sync.hyperSync?.snapshotHeight,
    seconds: ((performance.now() - bornMs) / 1000).toFixed(1),
    requests: asked.length,
    committed: committed.length,
    proved: found.proved?.length ?? 'all',
    status,
    found,
    bans: bans.length,
  };
  if (!isLast && life <= absences) await untilRetired(found.height);
  return row;
}

async function untilRetired(height) {
  while ((await snapshotsOf(providers)).some((heights) => heights.includes(height))) await sleep(200);
}

function statusesOf(nodes) {
  return Promise.all(nodes.map((node) => node.status()));
}

async function snapshotsOf(nodes) {
  return (await statusesOf(nodes)).map(({ snapshots }) => snapshots.map(({ height }) => height));
}

function inspect(isLast) {
  const args = [script('inspect-store'), specFile, String(records), newcomerData, ...(isLast ? ['verify'] : [])];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
}

async function judge(rows) {
  const last = rows.at(-1);
  const { status, found } = last;
  if (found.isClean !== true) problems.push('its database does not verify');
  if (found.phase !== 'ready') problems.push(`its store is ${found.phase}`);
  await compareWithProvider(status);
  if (status.bans.length !== 1) problems.push(`${status.bans.length} bans instead of one`);
  if (proxies[1].lies === 0) problems.push('the liar did not lie');
  const heights = [...new Set(rows.map(({ height }) => height))];
  const turned = (Math.max(...heights) - Math.min(...heights)) / period;
  if (!(turned >= 2 && heights.length >= 2)) problems.push(`the epoch turned ${turned} times`);
  console.log(machine());
  console.log(
    `${records} records of ${recordBytes} bytes, snapshots every ${period} blocks, a block every ${values['block-ms']} ms, ` +
      `${bytesPerSecond / 1e6} MB/s, throttled ${bytesPerSecond / 5e6} MB/s, seed ${values.seed}`,
  );
  printTable(
    ['life', 'snapshot', 'seconds', 'requests', 'ranges committed', 'proved at its end', 'bans'],
    rows.map((row) => [row.life, row.height, row.seconds, row.requests, row.committed, row.proved, row.bans]),
  );
  console.log(
    `\nEpochs turned ${turned} times from the first snapshot to the last, manifests of ${heights.length} snapshots; ` +
      `${history.checked} requests compared with ${history.compared} ranges that were proved before: ${history.repeated} asked again. ` +
      `Kept over a newer manifest: ${history.kept} ranges. Lies: ${proxies[1].lies} in ${proxies[1].chunks} answers, bans: ${status.bans.length}. ` +
      `${found.checked} records verified in the end. ${Math.round((performance.now() - startedMs) / 1000)} s in all, preparation included.`,
  );
}

/** The providers go on; so their blocks are looked at when they are at the newcomer's last height, or the state at a common snapshot. */
async function compareWithProvider({ height, stateRoot }) {
  const again = new ChurnNode(script('churn-node'), {
    spec: specFile,
    records,
    data: newcomerData,
    connect: [await providers[0].address()],
    isListening: false,
  });
  newcomer = again;
  for (let tries = 0; tries < 600; tries++) {
    const [mine, theirs] = await Promise.all([again.status(), providers[0].status()]);
    if (mine.height === theirs.height && mine.height > height) {
      if (mine.stateRoot !== theirs.stateRoot) problems.push(`another state root at height ${mine.height}`);
      return;
    }
    await sleep(100);
  }
  problems.push(`it does not follow its providers from height ${height}, state root ${stateRoot}`);
}
