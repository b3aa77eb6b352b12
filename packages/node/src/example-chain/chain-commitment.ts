import { ByteWriter, fromHex } from '@hs/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import type { ChainSpec } from './chain-spec.js';

const utf8 = new TextEncoder();
const domain = utf8.encode('HS:chain-spec:v1');

/**
 * The hash of everything in a spec, 32 bytes.
 *
 * It stands in the transaction merkle root of the genesis header, whose block has no transactions, so that the genesis
 * hash, and with it every signature of a header, commits to the parameters, producers, fork heights, limits and genesis state.
 * Lists are counted and texts carry their lengths, so that no two specs have the same preimage.
 */
export function chainCommitment(spec: ChainSpec): Uint8Array {
  const { parameters, genesis } = spec;
  const writer = new ByteWriter(1024).bytes(domain).byteArray(utf8.encode(spec.name));
  writer.u64be(spec.network).u64be(spec.genesisTimeMs).uvarint(spec.producers.length);
  for (const producer of spec.producers) writer.bytes(fromHex(producer));
  writer.uvarint(parameters.statePrefixes.length).bytes(Uint8Array.from(parameters.statePrefixes));
  for (const value of [
    parameters.snapshotPeriod,
    parameters.snapshotLag,
    parameters.retainedEpochs,
    parameters.maxRangeRecords,
    parameters.maxRangeBytes,
    parameters.maxKeyBytes,
    parameters.maxValueBytes,
    parameters.maxBlockBytes,
    spec.nonceWindowBlocks,
    spec.minFeeNanosPerKb,
    spec.daoCoinForkHeight,
    spec.maxFutureTimeMs,
  ]) {
    writer.u64be(value);
  }
  writer.byteArray(utf8.encode(genesis.seed));
  for (const value of [genesis.accounts, genesis.accountNanos, genesis.profiles, genesis.followPairs])
    writer.u64be(value);
  writer.bytes(fromHex(spec.genesisStateRoot));
  if (spec.hasRootsInHeaders === false) writer.byte(0);
  return sha256(writer.finish());
}
