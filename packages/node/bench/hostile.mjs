/**
 * How long blocks take to connect, and how long an honest peer waits, while a node is attacked: as ratios to the same node
 * left alone, measured in the same run, in turn with the attack.
 *
 * `node bench/hostile.mjs [--seconds 4] [--rounds 3] [--pairs 100000] [--transactions 10] [--only NAME]`. The node is a process of its
 * own that makes a block every 100 ms and is sent transactions all the time, under attack and not.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stateRoot } from '@hs/ellipticsum';
import { createWorkerPool } from '@hs/ellipticsum/node';
import { PeerNetwork } from '@hs/node';
import {
  accountPrivateKey,
  createExampleChain,
  createWallet,
  defaultSecp256k1,
  draftChainSpec,
  sealChainSpec,
} from '@hs/node/example-chain';
import { serviceBits } from '@hs/wire';
import { attacks } from './support/hostile-client.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '100000' },
    transactions: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const followPrefix = 28;

const folder = mkdtempSync(join(tmpdir(), 'hs-node-hostile-'));
const { chain, wallets } = await makeChain();
const node = await startNode();
const client = await PeerNetwork.open({
  headerCodec: chain.headerCodec,
  network: chain.network,
  services: serviceBits.hyperSyncExtended,
  userAgent: 'honest',
  height: () => 0,
});
const peer = await client.connect(`127.0.0.1:${node.port}`);
const traffic = sendTransactions();
try {
  while ((await node.status()).snapshots.length < 1 || node.height() < 12) await sleep(200);
  const [{ height }] = (await node.status()).snapshots.slice(-1);
  const target = { host: '127.0.0.1', port: node.port, network: chain.network, height, prefix: followPrefix };
  const rows = [];
  for (const [name, attack] of Object.entries(attacks)) {
    if (values.only !== undefined && name !== values.only) continue;
    const [idleParts, attackedParts] = [[], []];
    let [made, bytesRead] = [0, 0];
    // In turn, so that whatever else this machine does meanwhile is in both.
    for (let round = 0; round < rounds; round++) {
      idleParts.push(await measure(height));
      const attacker = attack(target);
      await sleep(500);
      attackedParts.push(await measure(height));
      made += attacker.made;
      bytesRead += attacker.bytesRead;
      attacker.stop();
      await sleep(1500);
    }
    const [idle, attacked] = [summarise(idleParts), summarise(attackedParts)];
    rows.push({
      attack: name,
      'block p95 idle ms': idle.blockP95Ms.toFixed(1),
      'attacked ms': attacked.blockP95Ms.toFixed(1),
      ratio: (attacked.blockP95Ms / idle.blockP95Ms).toFixed(2),
      'blocks idle': idle.blocks,
      'blocks attacked': attacked.blocks,
      'honest p95 idle ms': idle.honestP95Ms.toFixed(0),
      'honest attacked ms': attacked.honestP95Ms.toFixed(0),
      'memory MiB': `${toMebibytes(idle.memoryBytes)} -> ${toMebibytes(attacked.memoryBytes)}`,
      connections: made,
      'MiB drawn': toMebibytes(bytesRead),
    });
  }
  console.table(rows);
} finally {
  traffic.stop();
  await client.close();
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function makeChain() {
  const producerKey = accountPrivateKey('bench producer', 0);
  const publicKey = Buffer.from(defaultSecp256k1.publicKeyOf(producerKey)).toString('hex');
  const accounts = 200;
  const draft = draftChainSpec({
    genesisTimeMs: Date.now() - 1000,
    producers: [publicKey],
    parameters: { snapshotPeriod: 1000, snapshotLag: 100 },
    genesis: { seed: 'bench', accounts, profiles: 10, followPairs: Number(values.pairs) },
  });
  const hasher = await createWorkerPool({ threads: 2 });
  const spec = await sealChainSpec(draft, async (packs) => {
    let sums;
    for (const { bytes, offsets } of packs) {
      const groups = Uint32Array.from({ length: offsets.length / 4 }, (_, i) => bytes[offsets[4 * i]]);
      const part = await hasher.sum({ bytes, offsets, groups, groupCount: 256 });
      sums = sums === undefined ? part : await hasher.combine(sums, part);
    }
    const encoded = await hasher.encode(sums);
    return stateRoot(Array.from({ length: 256 }, (_, i) => [i, encoded.subarray(32 * i, 32 * i + 32)]));
  });
  await hasher.close();
  writeFileSync(join(folder, 'chain.json'), JSON.stringify(spec));
  writeFileSync(join(folder, 'producer.key'), Buffer.from(producerKey).toString('hex'));
  const { seed } = spec.genesis;
  const { minFeeNanosPerKb } = spec;
  const made = Array.from({ length: accounts }, (_, i) =>
    createWallet({ privateKey: accountPrivateKey(seed, i), minFeeNanosPerKb }),
  );
  return { chain: createExampleChain(spec), wallets: made };
}

async function startNode() {
  const args = [
    'run',
    '--chain',
    join(folder, 'chain.json'),
    '--data',
    join(folder, 'data'),
    '--listen',
    '127.0.0.1:0',
  ];
  args.push('--http', '127.0.0.1:0', '--producer-key', join(folder, 'producer.key'), '--block-interval-ms', '100');
  const command = new URL('../bin/hs-node.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [command, ...args, '--log-level', 'debug'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  const blocks = [];
  const up = await new Promise((resolve, reject) => {
    void exited.then((code) => reject(new Error(`the node has ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line);
      if (entry.msg === 'node is up') resolve(entry);
      if (entry.msg === 'block connected') blocks.push(entry);
    });
  });
  const status = async () => (await fetch(`http://127.0.0.1:${up.http.port}/status`)).json();
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { port: up.peers.port, blocks, height: () => blocks.at(-1)?.height ?? 0, status, stop };
}

/** Transfers between all accounts, as many as wanted for each block. */
function sendTransactions() {
  let partialId = 1n;
  const timer = setInterval(() => {
    const transactions = Array.from({ length: Number(values.transactions) }, () => {
      const from = wallets[Number(partialId) % wallets.length];
      const to = wallets[Number(partialId * 7n + 1n) % wallets.length];
      const nonce = { expirationBlockHeight: BigInt(node.height() + 50), partialId: partialId++ };
      return from.transfer([{ publicKey: to.publicKey, amountNanos: 1n }], { nonce });
    });
    peer.send({ type: 'transaction-bundle-v2', transactions }).catch(() => undefined);
  }, 100);
  return { stop: () => clearInterval(timer) };
}

/** What an honest peer and the log see for a while. */
async function measure(height) {
  const from = node.blocks.length;
  const waits = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const started = performance.now();
    const range = { startKey: Uint8Array.of(followPrefix), endKey: new Uint8Array(0), maxBytes: 256 * 1024 };
    await peer.request({ type: 'get-snapshot', requestId: 0, height, ...range });
    waits.push(performance.now() - started);
    await sleep(50);
  }
  const blocks = node.blocks.slice(from).map(({ elapsedMs }) => elapsedMs);
  const { memoryBytes } = await node.status();
  return { blocks, waits, memoryBytes };
}

function summarise(parts) {
  const blocks = parts.flatMap((part) => part.blocks);
  const memoryBytes = Math.max(...parts.map((part) => part.memoryBytes));
  const honestP95Ms = p95(parts.flatMap((part) => part.waits));
  return { blockP95Ms: p95(blocks), blocks: blocks.length, honestP95Ms, memoryBytes };
}

function p95(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? Number.NaN;
}

function toMebibytes(bytes) {
  return Math.round(bytes / 1024 / 1024);
}
