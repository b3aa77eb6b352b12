import { setTimeout as sleep } from 'node:timers/promises';
import type { HashBackend } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { type ChainSetup, setUpChain } from './chain-setup.js';
import { compareDisks, compareSnapshots, DiskState } from './compare.js';
import { ExampleNetwork } from './example-network.js';
import { LightPeer } from './light-peer.js';
import type { NodeProcess } from './node-process.js';
import { type Options, readOptions, usage } from './options.js';
import { makePlan, type Plan } from './plan.js';
import { type Check, type Joined, printReport } from './report.js';
import { count, seconds, Terminal } from './terminal.js';
import { Workload } from './workload.js';
import { transactionKinds } from './write-tally.js';

const pollMs = 100;

/** Chunks small enough that even this small state comes in several from each peer. */
const chunkBytes = 256 * 1024;

interface Run {
  readonly plan: Plan;
  readonly setup: ChainSetup;
  readonly network: ExampleNetwork;
  readonly terminal: Terminal;
  readonly peer: LightPeer;
  readonly hasher: HashBackend;
  readonly signal: AbortSignal;
}

async function main(options: Options, signal: AbortSignal): Promise<boolean> {
  const terminal = new Terminal(process.stdout);
  const plan = makePlan(options.scale);
  setV8Flags();
  const hasher = await createWorkerPool();
  const network = new ExampleNetwork();
  let peer: LightPeer | undefined;
  try {
    terminal.say(
      `Making a chain: ${count(plan.followPairs * 2)} records at genesis, hashed by ${hasher.name}, written once`,
    );
    const setup = await setUpChain(plan, { folder: network.folder, hasher });
    peer = await LightPeer.open(setup.chain);
    const run: Run = { plan, setup, network, terminal, peer, hasher, signal };
    const isHeld = await runExample(run, options);
    if (options.isKept) {
      network.keep();
      sayHowToLook(run);
    }
    return isHeld;
  } finally {
    await peer?.close();
    await network[Symbol.asyncDispose]();
    await hasher.close();
  }
}

async function runExample(run: Run, options: Options): Promise<boolean> {
  const { plan, setup, network, terminal, peer, signal } = run;
  const database = setup.genesisFolder;
  const producer = await network.start(setup, {
    name: 'producer',
    database,
    producer: { keyFile: setup.producerKeyFile, blockIntervalMs: plan.blockIntervalMs },
  });
  const connect = [producer.address];
  terminal.say('Three nodes start from copies of it');
  const followers = await Promise.all(
    ['follower 1', 'follower 2'].map((name) => network.start(setup, { name, database, connect, sync: 'block' })),
  );
  const providers = [producer, ...followers];
  for (const node of providers) {
    terminal.say(`  ${node.name}: pid ${node.pid}, peers ${node.address}, page ${node.url}/`);
  }
  await waitFor(async () => (await heights(providers)).every((height) => height >= 1), signal);

  const entry = followers[0] as NodeProcess;
  for (const node of providers) await peer.connect(node.address);
  const started = performance.now();
  const workload = new Workload({
    plan,
    setup,
    peer,
    address: entry.address,
    onBlock: (height, transactions) => {
      const rate = `${count(workload.included)} transactions, ${count(workload.tally.records)} records written`;
      terminal.show([`filling the chain: block ${height} with ${transactions} transactions; ${rate}`]);
    },
  });
  terminal.say(`Filling the chain with signed transactions, sent to ${entry.name}`);
  await workload.fill(signal);
  terminal.say(
    `  ${count(workload.included)} transactions in ${workload.height} blocks, ${seconds(performance.now() - started)}`,
  );

  const quiet = new AbortController();
  const background = keepBusy(workload, AbortSignal.any([signal, quiet.signal]));
  // Awaited at the end; a failure before that must not hide the one that caused it.
  background.catch(() => undefined);
  const peers = providers.map((node) => node.address);
  terminal.say('A newcomer with an empty folder joins by hyper sync, from all three at once');
  const hyper = await network.join(setup, { name: 'newcomer', connect: peers, chunkBytes, terminal, signal });
  terminal.say(`  at block ${hyper.joined.headerHeightAtEnd} after ${seconds(hyper.joined.elapsedMs)}`);
  terminal.say('Another newcomer joins by block sync, for comparison: from its own genesis state on, every block');
  const block = await network.join(setup, { name: 'block newcomer', connect: peers, sync: 'block', terminal, signal });
  terminal.say(`  at block ${block.joined.headerHeightAtEnd} after ${seconds(block.joined.elapsedMs)}`);

  terminal.say('Comparing newcomer and producer while both run');
  const checks = [
    ...checkHistory(run, workload),
    ...checkHyperSync(hyper.joined, { providers: peers, minRecords: plan.minStateRecords }),
    await checkHeaderRoot(run, producer, hyper.joined),
    await checkRunningNodes(run, producer, hyper.node),
  ];
  quiet.abort();
  await background;
  if (!options.isKept) {
    terminal.say('Restarting the producer without its key, so that no more blocks come');
    const archive = await network.restart(setup, producer, {});
    const others = [...followers, hyper.node, block.node];
    await waitForSameTip(archive, { others, signal });
    checks.push(...(await checkDisks(run, [archive, ...others])));
  }
  printReport(terminal, { hyper: hyper.joined, block: block.joined, tally: workload.tally, checks });
  return checks.every((check) => check.isHeld);
}

function checkHistory({ plan, setup }: Run, workload: Workload): Check[] {
  const { records, rewritten, kinds } = workload.tally;
  const missing = transactionKinds.filter((kind) => !kinds.has(kind));
  const epochs = Math.floor(workload.height / setup.spec.parameters.snapshotPeriod);
  return [
    {
      name: 'records written by signed transactions',
      isHeld: records >= plan.minRecords && rewritten >= plan.minRecords / 2,
      seen: `${count(records)}, ${count(rewritten)} of them rewritten several times`,
    },
    {
      name: 'transactions of every kind',
      isHeld: missing.length === 0,
      seen: missing.length === 0 ? `${transactionKinds.length} kinds` : `no ${missing.join(', ')}`,
    },
    { name: 'snapshot epochs', isHeld: epochs >= plan.epochs, seen: `${epochs} of ${plan.snapshotPeriod} blocks` },
  ];
}

function checkHyperSync(
  joined: Joined,
  options: { readonly providers: readonly string[]; readonly minRecords: number },
): Check[] {
  const report = joined.status.sync.hyperSync;
  const shares = (report?.peers ?? []).filter(({ records }) => records > 0);
  const isFromAll = options.providers.every((address) => shares.some(({ peer }) => peer === address));
  const { headerHeightAtStart, headerHeightAtEnd } = joined;
  const records = report?.records ?? 0;
  return [
    {
      name: 'the snapshot is as large as planned',
      isHeld: records >= options.minRecords,
      seen: `${count(records)} records, at least ${count(options.minRecords)}`,
    },
    {
      name: 'the snapshot came from all three providers',
      isHeld: isFromAll,
      seen: shares.map(({ peer, records }) => `${peer} ${count(records)}`).join(', ') || 'no snapshot was downloaded',
    },
    {
      name: 'blocks kept coming during the hyper sync',
      isHeld: headerHeightAtEnd > headerHeightAtStart,
      seen: `${headerHeightAtEnd - headerHeightAtStart} blocks`,
    },
  ];
}

/** The newcomer's state root against the one in the header that the producer serves for the same height. */
async function checkHeaderRoot({ peer, setup }: Run, producer: NodeProcess, joined: Joined): Promise<Check> {
  const { height, stateRoot } = joined.status;
  let hash = setup.chain.genesisHash;
  let promised = '';
  for (let reached = 0; reached < (height ?? 0); ) {
    const headers = await peer.headersAfter(producer.address, hash);
    if (headers.length === 0) break;
    for (const header of headers) {
      hash = setup.chain.hashHeader(header);
      reached = header.height;
      if (reached === height && header.stateRoot !== undefined) promised = hexOf(header.stateRoot);
    }
  }
  const isHeld = stateRoot !== undefined && promised === stateRoot;
  return { name: `the newcomer's state root is the header's at block ${height}`, isHeld, seen: `${stateRoot}` };
}

async function checkRunningNodes(run: Run, producer: NodeProcess, newcomer: NodeProcess): Promise<Check> {
  const { peer, setup } = run;
  await peer.connect(newcomer.address);
  const prefixes = setup.chain.parameters.statePrefixes;
  const both = { left: producer.address, right: newcomer.address, prefixes };
  let height = await newestCommonSnapshot(producer, newcomer);
  let comparison = await compareSnapshots(peer, { ...both, height });
  // A snapshot may be given up while it is compared; the next one is younger.
  for (let tries = 1; comparison === 'given up' && tries < 3; tries++) {
    height = await newestCommonSnapshot(producer, newcomer);
    comparison = await compareSnapshots(peer, { ...both, height });
  }
  if (comparison === 'given up') comparison = { records: 0, difference: 'every snapshot was given up' };
  const { records, difference } = comparison;
  return {
    name: `newcomer and producer serve the same snapshot ${height}, record by record`,
    isHeld: difference === undefined && records > 0,
    seen: difference ?? `${count(records)} records`,
  };
}

async function newestCommonSnapshot(left: NodeProcess, right: NodeProcess): Promise<number> {
  const [ours, theirs] = (await Promise.all([left.status(), right.status()])).map(
    (status) => new Set(status.snapshots.map(({ height }) => height)),
  );
  return Math.max(...[...(ours ?? [])].filter((height) => theirs?.has(height) === true));
}

/** Stops everything, then compares the states on disk with the producer's. */
async function checkDisks(run: Run, nodes: readonly NodeProcess[]): Promise<Check[]> {
  const { setup, hasher, network, terminal } = run;
  terminal.say('Stopping the network and comparing the databases');
  const codes = await network.stop();
  const checks: Check[] = [
    {
      name: 'every node stopped cleanly',
      isHeld: codes.every((code) => code === 0),
      seen: `exit codes ${codes.join(', ')}`,
    },
  ];
  const states = await Promise.all(nodes.map((node) => DiskState.open(node.folder, { chain: setup.chain, hasher })));
  try {
    const [left, ...others] = states;
    if (left === undefined) return checks;
    const comparisons = await compareDisks(left, others, setup.chain.parameters.statePrefixes);
    for (const [index, { records, difference }] of comparisons.entries()) {
      const right = others[index] as DiskState;
      const isSameTip = left.height === right.height && hexOf(left.stateRoot) === hexOf(right.stateRoot);
      checks.push({
        name: `on disk, ${nodes[index + 1]?.name} and producer have the same state at block ${left.height}, record by record`,
        isHeld: isSameTip && difference === undefined && records > 0,
        seen: isSameTip ? (difference ?? `${count(records)} records`) : `heights ${left.height} and ${right.height}`,
      });
    }
  } finally {
    for (const state of states) await state.close();
  }
  return checks;
}

async function keepBusy(workload: Workload, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of workload.background(signal)) {
      // The generator does the work.
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function waitForSameTip(
  leader: NodeProcess,
  options: { readonly others: readonly NodeProcess[]; readonly signal: AbortSignal },
): Promise<void> {
  const { height } = await leader.status();
  await waitFor(async () => (await heights(options.others)).every((reached) => reached === height), options.signal);
}

async function heights(nodes: readonly NodeProcess[]): Promise<number[]> {
  return Promise.all(nodes.map(async (node) => (await node.status()).height ?? -1));
}

async function waitFor(condition: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition())) await sleep(pollMs, undefined, { signal });
}

function sayHowToLook({ network, terminal }: Run): void {
  terminal.say('\nThe network is still running:');
  for (const node of network.nodes) {
    terminal.say(`  ${node.name.padEnd(16)} pid ${node.pid}, peers ${node.address}, page ${node.url}/`);
  }
  terminal.say(`Its databases and logs are in ${network.folder}.`);
  terminal.say(`Look:  ${network.nodes[0]?.url}/ in a browser, or curl -s ${network.nodes[0]?.url}/status`);
  terminal.say(`      tail -f ${network.nodes[0]?.folder}.log`);
  terminal.say(`Stop:  kill ${network.nodes.map((node) => node.pid).join(' ')}; rm -r ${network.folder}`);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (abort.signal.aborted) return;
    process.stdout.write('\nStopping the network\n');
    abort.abort(new Error('interrupted'));
  });
}
const started = performance.now();
try {
  const options = readOptions(process.argv.slice(2));
  if (options.kind === 'help') process.stdout.write(usage);
  else if (options.kind === 'wrong') {
    process.stderr.write(`${options.message}\n\n${usage}`);
    process.exitCode = 2;
  } else {
    const isHeld = await main(options, abort.signal);
    const verdict = isHeld ? 'Every check held.' : 'Some checks FAILED.';
    process.stdout.write(`\n${verdict} ${seconds(performance.now() - started)} in all.\n`);
    process.exitCode = isHeld ? 0 : 1;
  }
} catch (error) {
  if (abort.signal.aborted) process.exitCode = 130;
  else {
    process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
}
