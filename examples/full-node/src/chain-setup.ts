import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HashBackend } from '@hs/ellipticsum';
import { stateRoot } from '@hs/ellipticsum';
import type { PackedRecords } from '@hs/node';
import {
  type ChainSpec,
  createExampleChain,
  defaultSecp256k1,
  draftChainSpec,
  type ExampleChain,
  sealChainSpec,
} from '@hs/node/example-chain';
import type { Plan } from './plan.js';

/** A chain of one producer, as files that nodes are started with. */
export interface ChainSetup {
  readonly chain: ExampleChain;
  readonly spec: ChainSpec;
  readonly chainFile: string;
  readonly producerKeyFile: string;
}

/** Writes the spec of a new chain and the key of its producer into `folder`. */
export async function setUpChain(plan: Plan, options: { folder: string; hasher: HashBackend }): Promise<ChainSetup> {
  const producerKey = randomBytes(32);
  const producerKeyFile = join(options.folder, 'producer.key');
  writeFileSync(producerKeyFile, producerKey.toString('hex'), { mode: 0o600 });
  const draft = draftChainSpec({
    genesisTimeMs: Date.now(),
    producers: [Buffer.from(defaultSecp256k1.publicKeyOf(producerKey)).toString('hex')],
    // Blocks come fast here: three snapshots are kept so that none is given up while it is downloaded or compared.
    parameters: { snapshotPeriod: plan.snapshotPeriod, retainedEpochs: 3 },
    genesis: {
      seed: `full-node example ${randomBytes(8).toString('hex')}`,
      accounts: plan.creators * (1 + plan.holdersPerCreator),
      followPairs: plan.followPairs,
    },
  });
  const spec = await sealChainSpec(draft, (records) => rootOf(records, options.hasher));
  const chainFile = join(options.folder, 'chain.json');
  writeFileSync(chainFile, JSON.stringify(spec, null, 2));
  return { chain: createExampleChain(spec), spec, chainFile, producerKeyFile };
}

/** State root of records given in any order. */
export async function rootOf(
  packs: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
  hasher: HashBackend,
): Promise<Uint8Array> {
  const groupCount = 256;
  let sums: Uint8Array | undefined;
  for await (const { bytes, offsets } of packs) {
    const groups = new Uint32Array(offsets.length / 4);
    for (let i = 0; i < groups.length; i++) groups[i] = bytes[offsets[4 * i] ?? 0] ?? 0;
    const partial = await hasher.sum({ bytes, offsets, groups, groupCount });
    sums = sums === undefined ? partial : await hasher.combine(sums, partial);
  }
  if (sums === undefined) return stateRoot([]);
  const encoded = await hasher.encode(sums);
  return stateRoot(
    Array.from({ length: groupCount }, (_, prefix) => [prefix, encoded.slice(32 * prefix, 32 * prefix + 32)]),
  );
}
