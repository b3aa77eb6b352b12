import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { toHex } from '@hs/bytes';
import { type HashBackend, stateRoot } from '@hs/ellipticsum';
import type { PackedRecords } from '../../chain/chain.js';
import { integer, list, optional, text } from '../../config/setting.js';
import { type ChainSpecOptions, draftChainSpec, sealChainSpec } from '../../example-chain/chain-spec.js';
import { createExampleChain, type ExampleChain } from '../../example-chain/example-chain.js';
import { NodeError } from '../../node-error.js';
import { type Command, type CommandResult, command } from '../command.js';
import { withHashing } from '../offline-node.js';
import { readChain } from '../read-chain.js';
import { columnsText, countText } from '../units.js';

/** Sums are kept apart by the first byte of the key. */
const prefixCount = 256;

export const chainCreate: Command = command({
  name: 'chain create',
  summary: 'Makes a chain: its producers, parameters and genesis state, hashed into a genesis block.',
  details: [
    'Every node of the chain is started with the same file; nodes with different files do not talk to each other. What is not given has the default of the example chain, and can be changed in the file until the first node has been started with it, except for what the genesis state is made of: `statePrefixes` and `genesis`.',
    'The accounts of the genesis state are funded for trying things out. Their keys derive from a seed that is in the file, so whoever has the file can spend from them.',
  ],
  positionals: [{ name: 'FILE', help: 'new file for the chain spec' }],
  settings: ['hashBackend', 'hashThreads'],
  options: {
    producers: list('producer', (key) => key, {
      placeholder: 'KEY',
      help: 'public key of a producer, as `keys generate` prints it; they take turns in this order',
    }),
    name: optional(text('name', { help: 'name of the chain' })),
    snapshotPeriod: optional(integer('snapshot-period', { help: 'blocks between snapshots', least: 2 })),
    accounts: optional(integer('accounts', { help: 'funded accounts at genesis', least: 0 })),
    followPairs: optional(integer('follow-pairs', { help: 'pairs of other records at genesis, for size', least: 0 })),
  },
  examples: [
    'chain create chain.json --producer 02b4632d08485ff1df2db55b9dafd23347d1c47a457072a1e87be26896549a8737',
    'chain create small.json --producer 02b4632d08485ff1df2db55b9dafd23347d1c47a457072a1e87be26896549a8737 --snapshot-period 20 --json',
  ],
  async run({ args: [file = ''], settings, options, signal }) {
    if (options.producers.length === 0) {
      const message = '--producer is needed: the public key that `keys generate` prints, once for each producer';
      throw new NodeError('NODE_CONFIGURATION', message, { details: { name: 'producer' } });
    }
    const draft = draftChainSpec({
      ...given({ name: options.name }),
      producers: options.producers,
      genesisTimeMs: Date.now(),
      parameters: given({ snapshotPeriod: options.snapshotPeriod }),
      genesis: {
        seed: randomBytes(16).toString('hex'),
        ...given({ accounts: options.accounts, followPairs: options.followPairs }),
      },
    } satisfies ChainSpecOptions);
    const spec = await withHashing(settings, (hasher) =>
      sealChainSpec(draft, (packs) => rootOf(packs, { hasher, signal })),
    );
    try {
      writeFileSync(file, `${JSON.stringify(spec, null, 2)}\n`, { flag: 'wx' });
    } catch (cause) {
      const exists = (cause as { code?: unknown }).code === 'EEXIST';
      const message = exists
        ? `${file} exists, and a chain spec is never overwritten: name another file`
        : `cannot write the chain spec to ${file}`;
      throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { file } });
    }
    return chainResult(createExampleChain(spec), file);
  },
});

export const chainShow: Command = command({
  name: 'chain show',
  summary: 'Says what a chain spec is: its genesis hash, producers and parameters.',
  details: ['Compare the genesis hash with somebody you trust: it commits to all that is in the file.'],
  settings: ['chain'],
  examples: ['chain show --chain chain.json', 'chain show --chain chain.json --json'],
  async run({ settings }) {
    return chainResult(readChain(settings.chain), settings.chain);
  },
});

/** Only what has a value. */
function given<Value>(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

async function rootOf(
  packs: Iterable<PackedRecords>,
  { hasher, signal }: { readonly hasher: HashBackend; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  let sums: Uint8Array | undefined;
  for (const { bytes, offsets } of packs) {
    const groups = Uint32Array.from({ length: offsets.length / 4 }, (_, i) => bytes[offsets[4 * i] ?? 0] ?? 0);
    const part = await hasher.sum({ bytes, offsets, groups, groupCount: prefixCount }, { signal });
    sums = sums === undefined ? part : await hasher.combine(sums, part);
  }
  if (sums === undefined) return stateRoot([]);
  const encoded = await hasher.encode(sums);
  return stateRoot(
    Array.from({ length: prefixCount }, (_, prefix) => [prefix, encoded.slice(32 * prefix, 32 * prefix + 32)]),
  );
}

function chainResult({ spec, genesisHash }: ExampleChain, file: string): CommandResult {
  const { name, producers, parameters, genesis, genesisStateRoot, genesisTimeMs } = spec;
  const { snapshotPeriod, snapshotLag, retainedEpochs } = parameters;
  return {
    data: {
      file,
      name,
      genesisHash: toHex(genesisHash),
      genesisStateRoot,
      genesisTimeMs,
      producers,
      parameters,
      genesis,
    },
    text: columnsText([
      ['chain', name],
      ['file', file],
      ['genesis hash', toHex(genesisHash)],
      ['state root', genesisStateRoot],
      ['made', new Date(genesisTimeMs).toISOString()],
      ...producers.map((key, i) => [i === 0 ? 'producers' : '', key]),
      [
        'snapshots',
        `every ${countText(snapshotPeriod)} blocks, root ${countText(snapshotLag)} later, ${retainedEpochs} kept`,
      ],
      ['genesis', `${countText(genesis.accounts)} accounts, ${countText(2 * genesis.followPairs)} other records`],
    ]),
  };
}
