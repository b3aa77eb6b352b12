import { StateStore, withDefaults } from '@hs/ancestral-records';
import { stateRoot } from '@hs/ellipticsum';
import type { Block, Transaction } from '@hs/wire';
import { ClassicLevel } from 'classic-level';
import { BlockProcessor, type ConnectedBlock } from '../../src/chain/block-processor.js';
import type { BlockSealer } from '../../src/chain/chain.js';
import { ChainStore } from '../../src/chain/chain-store.js';
import type { ExampleHeader } from '../../src/example-chain/header.js';
import { createSealer } from '../../src/example-chain/sealer.js';
import { cleanUp, testFolder } from './cleanups.js';
import { hasher, type TestChain } from './test-network.js';

/** What a node is made of, without a network and without a loop. */
export interface Parts {
  readonly store: StateStore;
  readonly chainStore: ChainStore<ExampleHeader>;
  readonly processor: BlockProcessor<ExampleHeader>;
  readonly connected: ConnectedBlock[];
  readonly sealer: BlockSealer<ExampleHeader>;
  close(): Promise<void>;
}

/** Opens the parts in a folder, with the genesis state unless the store has one or `isEmpty`. */
export async function openParts(
  test: TestChain,
  options: { readonly folder?: string; readonly isEmpty?: boolean } = {},
): Promise<Parts> {
  const { chain, producerKey } = test;
  const { snapshotLag: _, maxBlockBytes: __, ...parameters } = chain.parameters;
  const database = new ClassicLevel<Uint8Array, Uint8Array>(options.folder ?? testFolder(), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await database.open();
  const store = await StateStore.open({
    database,
    hasher,
    stateRoot,
    isSynced: false,
    parameters: withDefaults({ ...parameters, identity: chain.genesisHash }),
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= store.close().then(() => database.close());
    return closing;
  };
  cleanUp(close);
  if (store.phase === 'empty' && options.isEmpty !== true) await store.initialize({ records: chain.genesisRecords() });
  const chainStore = await ChainStore.open(store, chain);
  const connected: ConnectedBlock[] = [];
  const processor = new BlockProcessor({ store, chain, chainStore, onConnected: (block) => connected.push(block) });
  return { store, chainStore, processor, connected, sealer: createSealer({ privateKey: producerKey, chain }), close };
}

/** Produces blocks on top of what the parts have. */
export async function produceBlocks(
  parts: Parts,
  blocks: readonly (readonly Transaction[])[],
): Promise<Block<ExampleHeader>[]> {
  const made: Block<ExampleHeader>[] = [];
  for (const transactions of blocks) {
    const timeMs = parts.chainStore.tipHeader.timeMs + 1_000;
    made.push(await parts.processor.produce(parts.sealer, transactions, { timeMs }));
  }
  return made;
}

/** A block on `parent` that its producer has signed, whatever it says. */
export function signedBlock(
  { chain, producerKey }: TestChain,
  parent: ExampleHeader,
  fields: {
    readonly timeMs?: number;
    readonly stateRoot?: Uint8Array;
    readonly transactions?: readonly Transaction[];
  } = {},
): Block<ExampleHeader> {
  return createSealer({ privateKey: producerKey, chain }).seal({
    parent,
    timeMs: fields.timeMs ?? parent.timeMs + 1_000,
    transactions: fields.transactions ?? [],
    stateRoot: fields.stateRoot ?? new Uint8Array(32),
    snapshotRoot: chain.snapshotCarriedBy(parent.height + 1) === undefined ? undefined : new Uint8Array(32),
  });
}
