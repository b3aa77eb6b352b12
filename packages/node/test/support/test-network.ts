import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@hs/bytes';
import { createWasmBackend, type HashBackend, stateRoot } from '@hs/ellipticsum';
import type { PackedRecords } from '../../src/chain/chain.js';
import { accountPrivateKey } from '../../src/example-chain/account-key.js';
import {
  type ChainSpec,
  type ChainSpecOptions,
  draftChainSpec,
  sealChainSpec,
} from '../../src/example-chain/chain-spec.js';
import { createExampleChain, type ExampleChain } from '../../src/example-chain/example-chain.js';
import type { ExampleHeader } from '../../src/example-chain/header.js';
import { createSealer } from '../../src/example-chain/sealer.js';
import { defaultSecp256k1 } from '../../src/example-chain/secp256k1-native.js';
import { createWallet, type Wallet } from '../../src/example-chain/wallet.js';
import { FullNode, type FullNodeOptions } from '../../src/full-node.js';
import { cleanUp, makeFolder, testFolder } from './cleanups.js';
import { waitFor } from './wait.js';

export type ExampleNode = FullNode<ExampleHeader>;

export const hasher: HashBackend = await createWasmBackend();

/** A chain with one producer whose key the test has. */
export interface TestChain {
  readonly chain: ExampleChain;
  readonly spec: ChainSpec;
  readonly producerKey: Uint8Array;
  readonly wallets: readonly Wallet[];
}

export async function makeChain(
  options: {
    readonly accounts?: number;
    readonly followPairs?: number;
    readonly parameters?: ChainSpecOptions['parameters'];
    readonly hasRootsInHeaders?: boolean;
  } = {},
): Promise<TestChain> {
  const producerKey = accountPrivateKey('test producer', 0);
  const draft = draftChainSpec({
    genesisTimeMs: Date.now() - 60_000,
    producers: [toHex(defaultSecp256k1.publicKeyOf(producerKey))],
    parameters: { snapshotPeriod: 10, snapshotLag: 2, retainedEpochs: 3, ...options.parameters },
    genesis: {
      seed: 'end to end',
      accounts: options.accounts ?? 40,
      profiles: 10,
      followPairs: options.followPairs ?? 400,
    },
    ...(options.hasRootsInHeaders === undefined ? {} : { hasRootsInHeaders: options.hasRootsInHeaders }),
  });
  const spec = await sealChainSpec(draft, rootOf);
  const wallets = Array.from({ length: spec.genesis.accounts }, (_, index) =>
    createWallet({
      privateKey: accountPrivateKey(spec.genesis.seed, index),
      minFeeNanosPerKb: spec.minFeeNanosPerKb,
    }),
  );
  return { chain: createExampleChain(spec), spec, producerKey, wallets };
}

async function rootOf(packs: Iterable<PackedRecords>): Promise<Uint8Array> {
  let sums = new Uint8Array(0);
  for (const { bytes, offsets } of packs) {
    const groups = Uint32Array.from({ length: offsets.length / 4 }, (_, i) => bytes[offsets[4 * i] ?? 0] ?? 0);
    const part = await hasher.sum({ bytes, offsets, groups, groupCount: 256 });
    sums = new Uint8Array(sums.length === 0 ? part : await hasher.combine(sums, part));
  }
  const encoded = await hasher.encode(sums);
  return stateRoot(Array.from({ length: 256 }, (_, i) => [i, encoded.subarray(32 * i, 32 * i + 32)] as const));
}

export type NodeOverrides = Partial<Omit<FullNodeOptions<ExampleHeader>, 'chain' | 'hasher' | 'stateRoot'>>;

/** A node on a free port of this machine, in a folder of its own unless one is given, without flushing to the disk. */
export async function openNode(chain: ExampleChain, overrides: NodeOverrides = {}): Promise<ExampleNode> {
  return FullNode.open({
    chain,
    hasher,
    stateRoot,
    folder: overrides.folder ?? testFolder(),
    listen: { host: '127.0.0.1', port: 0 },
    isSynced: false,
    ...overrides,
    sync: { pollIntervalMs: 300, patienceMs: 400, ...overrides.sync },
    network: { redial: { minDelayMs: 50, maxDelayMs: 300 }, ...overrides.network },
  });
}

/** The same, closed after the test. */
export async function openTestNode(chain: ExampleChain, overrides: NodeOverrides = {}): Promise<ExampleNode> {
  const node = await openNode(chain, overrides);
  cleanUp(() => node.close());
  return node;
}

export function producerOptions(
  { chain, producerKey }: TestChain,
  blockIntervalMs: number,
): Pick<FullNodeOptions<ExampleHeader>, 'producer'> {
  return { producer: { sealer: createSealer({ privateKey: producerKey, chain }), blockIntervalMs } };
}

export function addressOf(node: ExampleNode): string {
  const { address } = node;
  if (address === undefined) throw new Error('the node does not listen');
  return `${address.host}:${address.port}`;
}

export async function synced(node: ExampleNode, timeoutMs?: number): Promise<true> {
  const probe = () => ['synced', 'stale'].includes(node.status().sync.phase) && (node.status().height ?? 0) > 0;
  try {
    return (await waitFor('the node is synced', () => probe() || undefined, timeoutMs)) as true;
  } catch (cause) {
    const { height, sync } = node.status();
    throw new Error(`the node is not synced: ${JSON.stringify({ height, sync })}`, { cause });
  }
}

let nextPartialId = 1n;

/** Submits transactions of many kinds; which depends on `round`. */
export async function makeTraffic(node: ExampleNode, { wallets }: TestChain, round: number): Promise<void> {
  const height = node.status().height ?? 0;
  const nonce = () => ({ nonce: { expirationBlockHeight: BigInt(height + 100), partialId: nextPartialId++ } });
  const creator = wallets[round % 10];
  const other = wallets[10 + (round % 30)];
  if (creator === undefined || other === undefined) throw new Error('too few wallets');
  const outputs = [{ publicKey: other.publicKey, amountNanos: 1_000n + BigInt(round) }];
  const transactions = [creator.transfer(outputs, nonce()), creator.mint(1_000_000n, nonce())];
  if (round >= 10) {
    const transfer = { receiverPublicKey: other.publicKey, amount: 10n, ...nonce() };
    transactions.push(creator.transferDaoCoin(creator.publicKey, transfer));
  }
  for (const transaction of transactions) await node.submit(transaction);
}

/** Folder of a chain that was made by a producer and then left alone. */
export interface FrozenChain extends TestChain {
  readonly folder: string;
  readonly height: number;
}

/** Makes `blocks` blocks with traffic, then closes the producer and keeps its folder. */
export async function freezeChain(
  options: Parameters<typeof makeChain>[0] & { readonly blocks: number },
): Promise<FrozenChain> {
  const test = await makeChain(options);
  const folder = makeFolder();
  const node = await openNode(test.chain, { folder, ...producerOptions(test, 15) });
  for (let round = 0, seen = -1; (node.status().height ?? 0) < options.blocks; ) {
    const height = node.status().height ?? -1;
    if (height > seen && height > 0) await makeTraffic(node, test, round++);
    seen = height;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await node.close();
  const reopened = await openNode(test.chain, { folder });
  const height = reopened.status().headerHeight;
  await reopened.close();
  return { ...test, folder, height };
}

/** Nodes that each have a copy of a frozen chain, connected in a row; they serve, and make no blocks. */
export async function openProviders(
  frozen: FrozenChain,
  options: { readonly count: number; readonly overrides?: NodeOverrides },
): Promise<{ readonly nodes: readonly ExampleNode[]; readonly folders: readonly string[] }> {
  const nodes: ExampleNode[] = [];
  const folders: string[] = [];
  for (let i = 0; i < options.count; i++) {
    const folder = makeFolder();
    cpSync(frozen.folder, folder, { recursive: true });
    const previous = nodes.at(-1);
    const connect = previous === undefined ? [] : [addressOf(previous)];
    nodes.push(await openNode(frozen.chain, { folder, connect, ...options.overrides }));
    folders.push(folder);
  }
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first !== undefined && last !== undefined && first !== last) first.connect(addressOf(last));
  await Promise.all(nodes.map((node) => synced(node)));
  return { nodes, folders };
}

/** Writes what `hs-node` is started with; gives the files' names. */
export function writeChainFiles(
  { spec, producerKey }: TestChain,
  folder: string,
): { readonly chainFile: string; readonly keyFile: string } {
  const chainFile = join(folder, 'chain.json');
  const keyFile = join(folder, 'producer.key');
  writeFileSync(chainFile, JSON.stringify(spec));
  writeFileSync(keyFile, `${toHex(producerKey)}\n`, { mode: 0o600 });
  return { chainFile, keyFile };
}

/** All state records of a snapshot or the tip, as text, in key order. */
export async function recordsOf(node: ExampleNode, height: number): Promise<string[]> {
  const records: string[] = [];
  for (const prefix of node.store.parameters.statePrefixes) {
    let startKey: Uint8Array | undefined = Uint8Array.of(prefix);
    while (startKey !== undefined) {
      const chunk: Awaited<ReturnType<typeof node.store.readChunk>> = await node.store.readChunk({ height, startKey });
      const { bytes, offsets } = chunk.records;
      for (let i = 0; i < offsets.length; i += 4) {
        const key = toHex(bytes.subarray(offsets[i], offsets[i + 1]));
        records.push(`${key}=${toHex(bytes.subarray(offsets[i + 2], offsets[i + 3]))}`);
      }
      startKey = chunk.nextKey;
    }
  }
  return records;
}
