import { fromHex, toHex } from '@hs/bytes';
import type { ChainParameters, PackedRecords } from '../chain/chain.js';
import { checkDraft, checkSpec } from './chain-spec-check.js';
import { genesisRecords } from './genesis-records.js';
import { exampleStatePrefixes } from './state-keys.js';

/** Deterministic records that the chain starts with. Whoever knows the seed can sign for the accounts. */
export interface GenesisSpec {
  /** Any text; the accounts' keys derive from it. */
  readonly seed: string;
  /** Funded accounts. */
  readonly accounts: number;
  /** Balance of each account. */
  readonly accountNanos: number;
  /** The first so many accounts have a profile. */
  readonly profiles: number;
  /** Each is two records, under prefixes 28 and 29. */
  readonly followPairs: number;
}

/** A chain spec without the root of its genesis state. */
export interface ChainSpecDraft {
  readonly name: string;
  /** Network number of the wire frames. */
  readonly network: number;
  readonly genesisTimeMs: number;
  /** Compressed secp256k1 public keys in hex, in the order of their turns. */
  readonly producers: readonly string[];
  readonly parameters: ChainParameters;
  /** How far ahead of its block a transaction may expire, in blocks. */
  readonly nonceWindowBlocks: number;
  readonly minFeeNanosPerKb: number;
  /** First height at which DAO coin transactions are valid. */
  readonly daoCoinForkHeight: number;
  /** How far ahead of a node's clock a header's time may be. */
  readonly maxFutureTimeMs: number;
  readonly genesis: GenesisSpec;
  /** False for headers without state roots and snapshot roots; left out or true for headers with them. */
  readonly hasRootsInHeaders?: boolean;
}

/** All that makes one example chain, as plain JSON. All of it is hashed into the genesis block. */
export interface ChainSpec extends ChainSpecDraft {
  /** State root after block 0, in hex. */
  readonly genesisStateRoot: string;
}

/** Gives the state root of records, for {@link sealChainSpec}. */
export type ComputeStateRoot = (
  records: Iterable<PackedRecords>,
  parameters: ChainParameters,
) => Promise<Uint8Array> | Uint8Array;

/** What {@link draftChainSpec} needs; everything else has a default. */
export interface ChainSpecOptions extends Partial<Omit<ChainSpecDraft, 'parameters' | 'genesis'>> {
  readonly producers: readonly string[];
  readonly genesisTimeMs: number;
  readonly parameters?: Partial<ChainParameters>;
  readonly genesis?: Partial<GenesisSpec>;
}

/** The example chain's parameters unless a spec says otherwise. */
export const defaultChainParameters: ChainParameters = {
  statePrefixes: exampleStatePrefixes,
  snapshotPeriod: 1000,
  snapshotLag: 100,
  retainedEpochs: 2,
  maxRangeRecords: 4096,
  maxRangeBytes: 4 * 1024 * 1024,
  maxKeyBytes: 256,
  maxValueBytes: 64 * 1024,
  maxBlockBytes: 2 * 1024 * 1024,
};

/**
 * A draft with defaults for all that is left out. The default lag is a tenth of the period, at least 1.
 *
 * @throws NODE_CONFIGURATION naming the field that is wrong
 */
export function draftChainSpec(options: ChainSpecOptions): ChainSpecDraft {
  const snapshotPeriod = options.parameters?.snapshotPeriod ?? defaultChainParameters.snapshotPeriod;
  const snapshotLag = Math.max(1, Math.floor(snapshotPeriod / 10));
  return checkDraft({
    name: options.name ?? 'hyper-sync-example',
    network: options.network ?? 2,
    genesisTimeMs: options.genesisTimeMs,
    producers: options.producers,
    parameters: { ...defaultChainParameters, snapshotLag, ...options.parameters },
    nonceWindowBlocks: options.nonceWindowBlocks ?? 1000,
    minFeeNanosPerKb: options.minFeeNanosPerKb ?? 1000,
    daoCoinForkHeight: options.daoCoinForkHeight ?? 0,
    maxFutureTimeMs: options.maxFutureTimeMs ?? 10_000,
    genesis: {
      seed: 'hyper-sync-example',
      accounts: 100,
      accountNanos: 1_000_000_000_000,
      profiles: 0,
      followPairs: 0,
      ...options.genesis,
    },
    ...(options.hasRootsInHeaders === undefined ? {} : { hasRootsInHeaders: options.hasRootsInHeaders }),
  });
}

/** Reads a spec, for instance from JSON: a frozen copy. @throws NODE_CONFIGURATION naming the field that is wrong */
export function parseChainSpec(value: unknown): ChainSpec {
  return checkSpec(value);
}

/** Completes a draft with the root of its genesis state, so that a node that joins need not generate that state. */
export async function sealChainSpec(draft: ChainSpecDraft, computeStateRoot: ComputeStateRoot): Promise<ChainSpec> {
  const checked = checkDraft(draft);
  const root = await computeStateRoot(genesisRecords(checked), checked.parameters);
  return checkSpec({ ...checked, genesisStateRoot: toHex(root) });
}

/** The producers' keys as bytes, in the order of their turns. */
export function producerKeys(spec: ChainSpec): readonly Uint8Array[] {
  return spec.producers.map(fromHex);
}
