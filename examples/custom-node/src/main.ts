import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNobleBackend, stateRoot } from '@hs/ellipticsum';
import { FullNode, type FullNodeOptions, formatAddress, type Logger, tcpTransport } from '@hs/node';
import { createProposer, quorumOf } from './chain/committee.js';
import { keyFromText } from './chain/keys.js';
import { checksumDomain, createNameChain } from './chain/name-chain.js';
import type { NameHeader } from './chain/name-header.js';
import { compareSnapshot } from './compare.js';
import { createInProcessTransport } from './network/in-process-transport.js';
import { type Options, parseOptions, usage } from './options.js';
import { Users } from './users.js';

const blockIntervalMs = 150;
/** The newcomer comes when the chain has this many blocks: more than a snapshot period and lag. */
const blocksBeforeNewcomer = 26;
const timeoutMs = 120_000;
const exitCodes = { same: 0, different: 1, badArguments: 2 } as const;

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));
process.once('SIGTERM', () => stop.abort(new Error('interrupted')));

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`custom-node: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = exitCodes.badArguments;
}
if (options?.isHelpWanted === true) process.stdout.write(usage);
else if (options !== undefined) {
  try {
    process.exitCode = await run(options);
  } catch (error) {
    console.error(`custom-node: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = exitCodes.different;
  }
}

async function run({ isInProcess, hasQuorum, isVerbose }: Options): Promise<number> {
  // The chain: what all its nodes agree on, and the keys that vote for its blocks.
  const members = [0, 1, 2, 3].map((member) => ({ member, ...keyFromText(`member ${member}`) }));
  const chain = createNameChain({
    committee: members.map(({ publicKey }) => publicKey),
    genesisTimeMs: Date.UTC(2026, 0, 1),
    reserved: { owner: keyFromText('registrar').publicKey, names: ['admin', 'node', 'root', 'www'] },
  });
  const quorum = quorumOf(members.length);
  const votes = hasQuorum ? quorum : quorum - 1;
  console.log(`chain     genesis ${shortHex(chain.genesisHash)}; a block needs ${quorum} of ${members.length} votes`);

  // What both nodes have in common.
  await using folder = temporaryFolder();
  await using hasher = createNobleBackend({ domain: checksumDomain });
  const common = {
    chain,
    hasher,
    stateRoot,
    listen: { host: '127.0.0.1', port: 0 },
    network: { transport: isInProcess ? createInProcessTransport() : tcpTransport },
    sync: { pollIntervalMs: 500 },
  } satisfies Partial<FullNodeOptions<NameHeader>>;

  await using producer = await FullNode.open({
    ...common,
    folder: join(folder.path, 'producer'),
    producer: { sealer: createProposer(members.slice(0, votes)), blockIntervalMs },
    ...(isVerbose ? { logger: printingLogger('producer') } : {}),
  });
  await until(() => producer.status().sync.phase === 'synced');
  await using users = new Users(producer, chain.genesisHash);
  await until(() => (producer.status().height ?? 0) >= blocksBeforeNewcomer);
  const { height, state } = producer.status();
  console.log(`producer  block ${height} with ${votes} votes; ${state.records} records; blocks keep coming`);

  // The newcomer knows the chain's rules and one address, and believes nothing else.
  const address = producer.address;
  if (address === undefined) throw new Error('the producer does not listen');
  await using newcomer = await FullNode.open({
    ...common,
    folder: join(folder.path, 'newcomer'),
    connect: [formatAddress(address)],
    ...(isVerbose ? { logger: printingLogger('newcomer') } : {}),
  });
  await until(() => {
    const { sync, bans } = newcomer.status();
    if (bans[0] !== undefined) throw new Error(`the newcomer refused what it got: ${reasonOf(bans[0])}`);
    return sync.hyperSync !== undefined;
  });
  await users.stop();

  // Blocks go on, though nobody writes: wait for an instant at which both nodes have the same height.
  await until(() => {
    const { sync, height } = newcomer.status();
    return sync.phase === 'synced' && height === producer.status().height;
  });
  const [ours, theirs] = [newcomer.status(), producer.status()];
  const { hyperSync } = ours.sync;
  if (hyperSync === undefined) throw new Error('the newcomer did not hyper-sync');
  const { snapshotHeight, records, bytes, elapsedMs } = hyperSync;
  const carrier = snapshotHeight + chain.parameters.snapshotLag;
  console.log(`newcomer  verified ${ours.headerHeight} headers, each with a quorum of votes`);
  console.log(
    `newcomer  snapshot ${snapshotHeight}: ${records} records, ${bytes} bytes in ${Math.round(elapsedMs)} ms`,
  );
  console.log(`          proved by the state root in header ${snapshotHeight}, the snapshot root in header ${carrier}`);
  console.log(`newcomer  executed blocks ${snapshotHeight + 1} to ${ours.height}, each proved by its state root`);

  const isSameRoot = ours.stateRoot === theirs.stateRoot;
  console.log(`both      block ${ours.height}: state roots are ${isSameRoot ? 'equal' : 'DIFFERENT'}`);
  const compared = newcomer.store.snapshots().at(-1)?.height ?? 0;
  const equalRecords = await compareSnapshot(producer, newcomer, compared);
  const result = equalRecords === undefined ? 'records are DIFFERENT' : `${equalRecords} records, all equal`;
  console.log(`both      snapshot ${compared}: ${result}`);
  console.log(`users     ${users.actions} signed transactions`);
  return isSameRoot && equalRecords !== undefined ? exitCodes.same : exitCodes.different;
}

/** Waits until `isSo`; rejects if that takes too long or somebody stops the program. */
async function until(isSo: () => boolean): Promise<void> {
  const { signal } = stop;
  for (const started = performance.now(); !isSo(); await sleep(20, undefined, { signal })) {
    if (performance.now() - started > timeoutMs) throw new Error(`nothing came of it in ${timeoutMs / 1000} s`);
  }
}

function temporaryFolder(): AsyncDisposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'custom-node-'));
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) };
}

function printingLogger(name: string): Logger {
  const print = (fields: object, message: string): void => console.error(`[${name}] ${message}`, fields);
  return { debug: () => undefined, info: print, warn: print, error: print };
}

function reasonOf(ban: { readonly reason: string; readonly evidence: Readonly<Record<string, unknown>> }): string {
  const { reason } = ban.evidence;
  return typeof reason === 'string' ? `${ban.reason}: ${reason}` : ban.reason;
}

function shortHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 8)).toString('hex');
}
