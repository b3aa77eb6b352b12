import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HashBackend } from '@hs/ellipticsum';
import { stateRoot } from '@hs/ellipticsum';
import { type PackedRecords, writeGenesis } from '@hs/node';
import {
  type ChainSpec,
  createExampleChain,
  defaultSecp256k1,
  draftChainSpec,
  type ExampleChain,
  sealChainSpec,
} from '@hs/node/example-chain';
import type { Plan } from './plan.js';

const packsAtATime = 8;

/** A chain of one producer, as files that nodes are started with. */
export interface ChainSetup {
  readonly chain: ExampleChain;
  readonly spec: ChainSpec;
  readonly chainFile: string;
  readonly producerKeyFile: string;
  /** A database with the genesis state, closed: nodes start from copies of it. */
  readonly genesisFolder: string;
}

/** Writes the spec of a new chain, the key of its producer and its genesis state into `folder`. */
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
  const spec = await sealChainSpec(draft, (records, { statePrefixes }) =>
    rootOf(records, { prefixes: statePrefixes, hasher: options.hasher }),
  );
  const chainFile = join(options.folder, 'chain.json');
  writeFileSync(chainFile, JSON.stringify(spec, null, 2));
  const chain = createExampleChain(spec);
  const genesisFolder = join(options.folder, 'genesis');
  await writeGenesis({ chain, folder: genesisFolder, hasher: options.hasher, stateRoot });
  return { chain, spec, chainFile, producerKeyFile, genesisFolder };
}

/** State root of records given in any order. Several packs are hashed at a time, so that no thread waits for the next one. */
async function rootOf(
  packs: Iterable<PackedRecords>,
  { prefixes, hasher }: { readonly prefixes: readonly number[]; readonly hasher: HashBackend },
): Promise<Uint8Array> {
  const groupCount = prefixes.length;
  const groupOfPrefix = new Uint32Array(256);
  for (const [group, prefix] of prefixes.entries()) groupOfPrefix[prefix] = group;
  let total = await hasher.sum({ bytes: new Uint8Array(0), offsets: new Uint32Array(0), groupCount });
  const underWay: Promise<Uint8Array>[] = [];
  const take = async (): Promise<void> => {
    total = await hasher.combine(total, (await underWay.shift()) as Uint8Array);
  };
  for (const { bytes, offsets } of packs) {
    const groups = new Uint32Array(offsets.length / 4);
    for (let i = 0; i < groups.length; i++)
      groups[i] = groupOfPrefix[bytes[offsets[4 * i] as number] as number] as number;
    underWay.push(hasher.sum({ bytes, offsets, groups, groupCount }));
    if (underWay.length >= packsAtATime) await take();
  }
  while (underWay.length > 0) await take();
  const sums = await hasher.encode(total);
  return stateRoot(prefixes.map((prefix, group) => [prefix, sums.subarray(32 * group, 32 * group + 32)]));
}
