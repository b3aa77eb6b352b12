import { toHex } from '@hs/bytes';
import type { Block, Transaction, TransactionNonce } from '@hs/wire';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { type ChainSpecOptions, draftChainSpec, sealChainSpec } from '../src/example-chain/chain-spec.js';
import { createExampleChain, type ExampleChain } from '../src/example-chain/example-chain.js';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { createSealer } from '../src/example-chain/sealer.js';
import { defaultSecp256k1 } from '../src/example-chain/secp256k1-native.js';
import { createWallet, type Wallet } from '../src/example-chain/wallet.js';
import { MemoryView } from './example-chain-memory-view.js';

export const genesisTimeMs = 1_700_000_000_000;
export const producerPrivateKeys: readonly Uint8Array[] = [0, 1, 2].map((index) =>
  accountPrivateKey('producers', index),
);
export const producerPublicKeys: readonly Uint8Array[] = producerPrivateKeys.map((key) =>
  defaultSecp256k1.publicKeyOf(key),
);

export const baseOptions: ChainSpecOptions = {
  name: 'test',
  genesisTimeMs,
  producers: producerPublicKeys.map(toHex),
  parameters: { snapshotPeriod: 10, snapshotLag: 2 },
  nonceWindowBlocks: 20,
  minFeeNanosPerKb: 1000,
  genesis: { seed: 'test', accounts: 4, accountNanos: 1_000_000, profiles: 0, followPairs: 0 },
};

export interface TestChain {
  readonly chain: ExampleChain;
  /** The genesis state. */
  readonly view: MemoryView;
  readonly wallets: readonly Wallet[];
}

export async function openTestChain(options: Partial<ChainSpecOptions> = {}): Promise<TestChain> {
  const spec = await sealChainSpec(draftChainSpec({ ...baseOptions, ...options }), () => new Uint8Array(32).fill(0xab));
  const chain = createExampleChain(spec);
  const view = new MemoryView();
  for (const { bytes, offsets } of chain.genesisRecords()) {
    for (let i = 0; i < offsets.length; i += 4) {
      view.set(bytes.subarray(offsets[i], offsets[i + 1]), bytes.subarray(offsets[i + 2], offsets[i + 3]));
    }
  }
  const wallets = Array.from({ length: spec.genesis.accounts }, (_, index) =>
    createWallet({
      privateKey: accountPrivateKey(spec.genesis.seed, index),
      minFeeNanosPerKb: spec.minFeeNanosPerKb,
    }),
  );
  return { chain, view, wallets };
}

let lastPartialId = 0n;

/** A nonce that no other call gives. */
export function freshNonce(expirationBlockHeight: number): TransactionNonce {
  lastPartialId++;
  return { expirationBlockHeight: BigInt(expirationBlockHeight), partialId: lastPartialId };
}

export function walletOf(wallets: readonly Wallet[], index: number): Wallet {
  const wallet = wallets[index];
  if (wallet === undefined) throw new RangeError(`no wallet ${index}`);
  return wallet;
}

/** Seals a block on `parent` with the producer whose turn it is. */
export function sealBlock(
  chain: ExampleChain,
  parent: ExampleHeader,
  fields: Partial<{
    readonly transactions: readonly Transaction[];
    readonly timeMs: number;
    readonly snapshotRoot: Uint8Array;
  }> = {},
): Block<ExampleHeader> {
  const height = parent.height + 1;
  const privateKey = producerPrivateKeys[(height - 1) % producerPrivateKeys.length];
  if (privateKey === undefined) throw new RangeError('no producer');
  const snapshotRoot =
    fields.snapshotRoot ?? (chain.snapshotCarriedBy(height) === undefined ? undefined : new Uint8Array(32).fill(0x55));
  return createSealer({ privateKey, chain }).seal({
    parent,
    timeMs: fields.timeMs ?? parent.timeMs + 1000,
    transactions: fields.transactions ?? [],
    stateRoot: new Uint8Array(32).fill(height % 256),
    snapshotRoot,
  });
}

/** The producer of a height. */
export function producerOf(height: number): Uint8Array {
  const key = producerPublicKeys[(height - 1) % producerPublicKeys.length];
  if (key === undefined) throw new RangeError('no producer');
  return key;
}

/** The rule that a call breaks; fails if it breaks none. */
export async function ruleBrokenBy(call: () => unknown): Promise<{ readonly code: unknown; readonly rule: unknown }> {
  try {
    await call();
  } catch (error) {
    const { code, details } = error as { code?: unknown; details?: { readonly rule?: unknown } };
    if (details?.rule === undefined) throw error;
    return { code, rule: details.rule };
  }
  throw new Error('expected a broken rule');
}

/** Applies one block of these transactions to the view; gives back what refused it, if anything. */
export async function execute(
  { chain }: TestChain,
  view: MemoryView,
  block: { readonly height: number; readonly transactions: readonly Transaction[] },
): Promise<void> {
  await chain.executeBlock({ ...block, producer: producerOf(block.height) }, view);
}
