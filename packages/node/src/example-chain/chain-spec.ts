import type { ChainParameters, PackedRecords } from '../chain/chain.js';

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
