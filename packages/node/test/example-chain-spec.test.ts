import { createHash } from 'node:crypto';
import { compareBytes, fromHex, toHex } from '@hs/bytes';
import { profileEntryCodec } from '@hs/dao-coin';
import { describe, expect, test } from '@jest/globals';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { chainCommitment } from '../src/example-chain/chain-commitment.js';
import { type ChainSpec, draftChainSpec, parseChainSpec, sealChainSpec } from '../src/example-chain/chain-spec.js';
import { createExampleChain } from '../src/example-chain/example-chain.js';
import { createSealer } from '../src/example-chain/sealer.js';
import { nobleSecp256k1 } from '../src/example-chain/secp256k1-noble.js';
import { baseOptions, openTestChain, producerPrivateKeys } from './example-chain-setup.js';

const someRoot = '01'.repeat(32);
const spec: ChainSpec = { ...draftChainSpec(baseOptions), genesisStateRoot: someRoot };

/** The spec with the value at a dotted path replaced. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(spec) as unknown as Record<string, unknown>;
  const names = path.split('.');
  let target = copy;
  for (const name of names.slice(0, -1)) target = target[name] as Record<string, unknown>;
  const last = names.at(-1) ?? '';
  if (value === undefined) delete target[last];
  else target[last] = value;
  return copy;
}

describe('chain spec', () => {
  test('survives JSON', () => {
    expect(parseChainSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  test('is copied and frozen', () => {
    const source = structuredClone(spec);
    const parsed = parseChainSpec(source);
    (source.producers as string[]).pop();
    expect(parsed.producers).toHaveLength(3);
    for (const part of [parsed, parsed.producers, parsed.parameters, parsed.parameters.statePrefixes, parsed.genesis]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('the default lag is a tenth of the period, at least 1', () => {
    const lagOf = (snapshotPeriod: number): number =>
      draftChainSpec({ ...baseOptions, parameters: { snapshotPeriod } }).parameters.snapshotLag;
    expect([5, 50, 1000].map(lagOf)).toEqual([1, 5, 100]);
  });

  test.each<[string, unknown]>([
    ['name', ''],
    ['name', '\ud800'],
    ['network', 0],
    ['network', '2'],
    ['genesisTimeMs', -1],
    ['genesisTimeMs', 1.5],
    ['producers', []],
    ['producers', 'all'],
    ['producers', [spec.producers[0], spec.producers[0]]],
    ['producers.0', 'zz'.repeat(33)],
    ['producers.0', '02'.repeat(32)],
    ['producers.0', '05'.repeat(33)],
    ['producers.0', `02${'ff'.repeat(32)}`],
    ['parameters', null],
    ['parameters.statePrefixes', [52, 23]],
    ['parameters.statePrefixes', [23, 25, 28, 29, 36, 37, 52, 55, 56]],
    ['parameters.statePrefixes.0', 0],
    ['parameters.snapshotPeriod', 1],
    ['parameters.snapshotLag', 0],
    ['parameters.snapshotLag', 10],
    ['parameters.retainedEpochs', 0],
    ['parameters.maxRangeRecords', 0],
    ['parameters.maxRangeBytes', 0],
    ['parameters.maxKeyBytes', 66],
    ['parameters.maxValueBytes', 1000],
    ['parameters.maxBlockBytes', 65_535],
    ['nonceWindowBlocks', 0],
    ['minFeeNanosPerKb', -1],
    ['daoCoinForkHeight', '0'],
    ['maxFutureTimeMs', -1],
    ['genesis.seed', 7],
    ['genesis.accounts', -1],
    ['genesis.accountNanos', Number.MAX_SAFE_INTEGER],
    ['genesis.profiles', 5],
    ['genesis.followPairs', 2 ** 33],
    ['genesisStateRoot', '01'],
    ['genesisStateRoot', 'AB'.repeat(32)],
    ['genesis', undefined],
    ['minFeeNanosPerKb', undefined],
    ['surprise', 1],
    ['parameters.surprise', 1],
  ])('%s of %j is refused by name', (path, value) => {
    const parse = (): ChainSpec => parseChainSpec(changed(path, value));
    expect(parse).toThrow(expect.objectContaining({ code: 'NODE_CONFIGURATION' }));
    const top = path.split('.')[0] ?? '';
    expect(parse).toThrow(expect.objectContaining({ message: expect.stringContaining(`chain spec: ${top}`) }));
  });

  test.each([null, 7, 'spec', []])('%j is no spec', (value) => {
    expect(() => parseChainSpec(value)).toThrow(expect.objectContaining({ code: 'NODE_CONFIGURATION' }));
  });
});

describe('genesis commitment', () => {
  test('changes with every field of the spec', () => {
    const changes: readonly (readonly [string, unknown])[] = [
      ['name', 'other'],
      ['network', 3],
      ['genesisTimeMs', 1],
      ['producers', spec.producers.toReversed()],
      ['producers', spec.producers.slice(1)],
      ['parameters.statePrefixes', [...spec.parameters.statePrefixes, 99]],
      ['parameters.snapshotPeriod', 11],
      ['parameters.snapshotLag', 3],
      ['parameters.retainedEpochs', 3],
      ['parameters.maxRangeRecords', 1],
      ['parameters.maxRangeBytes', 1],
      ['parameters.maxKeyBytes', 100],
      ['parameters.maxValueBytes', 100_000],
      ['parameters.maxBlockBytes', 100_000],
      ['nonceWindowBlocks', 1],
      ['minFeeNanosPerKb', 1],
      ['daoCoinForkHeight', 1],
      ['maxFutureTimeMs', 1],
      ['genesis.seed', 'other'],
      ['genesis.accounts', 1],
      ['genesis.accountNanos', 1],
      ['genesis.profiles', 1],
      ['genesis.followPairs', 1],
      ['genesisStateRoot', '02'.repeat(32)],
    ];
    const paths = new Set(changes.map(([path]) => path));
    const fields = [
      ...Object.keys(spec).filter((name) => name !== 'parameters' && name !== 'genesis'),
      ...Object.keys(spec.parameters).map((name) => `parameters.${name}`),
      ...Object.keys(spec.genesis).map((name) => `genesis.${name}`),
    ];
    expect([...paths].sort()).toEqual(fields.sort());
    const hashes = [
      createExampleChain(spec).genesisHash,
      ...changes.map(([path, value]) => createExampleChain(parseChainSpec(changed(path, value))).genesisHash),
    ];
    expect(new Set(hashes.map(toHex)).size).toBe(changes.length + 1);
  });

  test('changes if headers have no roots; a spec that says that they have is the one that says nothing', () => {
    const hashOf = (hasRootsInHeaders?: unknown): string =>
      toHex(
        createExampleChain(
          parseChainSpec({ ...spec, ...(hasRootsInHeaders === undefined ? {} : { hasRootsInHeaders }) }),
        ).genesisHash,
      );
    expect(hashOf(true)).toBe(hashOf());
    expect(hashOf(false)).not.toBe(hashOf());
    expect(() => hashOf('no')).toThrow('hasRootsInHeaders must be true or false');
  });

  test('stands where other headers have their merkle root, beside the genesis state root', () => {
    const { genesisHeader } = createExampleChain(spec);
    expect(genesisHeader.transactionMerkleRoot).toEqual(chainCommitment(spec));
    expect(genesisHeader.stateRoot).toEqual(fromHex(someRoot));
    expect(genesisHeader.height).toBe(0);
  });

  test('fixture: genesis hash of a spec', () => {
    expect(toHex(createExampleChain(spec).genesisHash)).toBe(
      'b9e754e2f5f9b3a725e8258a6d19e2d72064adca3c7f72a39e2f4a592f6bf8bc',
    );
  });
});

describe('genesis records', () => {
  const genesis = { seed: 'records', accounts: 40, accountNanos: 5, profiles: 7, followPairs: 1000 };
  const draft = draftChainSpec({ ...baseOptions, genesis });

  async function records(): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const chain = createExampleChain({ ...draft, genesisStateRoot: someRoot });
    const all: [Uint8Array, Uint8Array][] = [];
    for (const { bytes, offsets } of chain.genesisRecords()) {
      expect(offsets.length / 4).toBeLessThanOrEqual(2048);
      for (let i = 0; i < offsets.length; i += 4) {
        all.push([bytes.slice(offsets[i], offsets[i + 1]), bytes.slice(offsets[i + 2], offsets[i + 3])]);
      }
    }
    return all;
  }

  test('are as many as the spec says, under unique keys of state prefixes', async () => {
    const all = await records();
    const counts = new Map<number, number>();
    for (const [key] of all) counts.set(key[0] ?? -1, (counts.get(key[0] ?? -1) ?? 0) + 1);
    expect([...counts].sort(([a], [b]) => a - b)).toEqual([
      [23, 7],
      [25, 7],
      [28, 1000],
      [29, 1000],
      [52, 40],
    ]);
    expect(new Set(all.map(([key]) => toHex(key))).size).toBe(all.length);
  });

  test('ascend by key', async () => {
    const keys = (await records()).map(([key]) => key);
    expect(keys.every((key, index) => index === 0 || compareBytes(keys[index - 1] ?? key, key) < 0)).toBe(true);
  });

  test('are the same every time', async () => {
    expect(await records()).toEqual(await records());
  });

  test('follow pairs mirror each other and nobody follows themselves', async () => {
    const all = await records();
    const forward = all.filter(([key]) => key[0] === 28).map(([key]) => key.slice(1));
    const backward = all
      .filter(([key]) => key[0] === 29)
      .map(([key]) => Uint8Array.of(...key.slice(34), ...key.slice(1, 34)));
    expect(forward.sort(compareBytes)).toEqual(backward.sort(compareBytes));
    expect(forward.every((pair) => toHex(pair.slice(0, 33)) !== toHex(pair.slice(33)))).toBe(true);
  });

  test.each([1, 31, 32, 33, 64, 1100])('%d follow pairs are that many distinct pairs', async (followPairs) => {
    const { view } = await openTestChain({ genesis: { accounts: 0, followPairs } });
    expect(view.entries().size).toBe(2 * followPairs);
  });

  test('profiles belong to the first accounts and own their usernames', async () => {
    const all = new Map((await records()).map(([key, value]) => [toHex(key), value]));
    const publicKey = nobleSecp256k1.publicKeyOf(accountPrivateKey('records', 6));
    const profile = profileEntryCodec.decode(all.get(`17${toHex(publicKey)}`) ?? new Uint8Array());
    expect(new TextDecoder().decode(profile.username)).toBe('genesis_6');
    expect(all.get(`19${toHex(profile.username)}`)).toEqual(publicKey);
  });

  test('an account without money has no record', async () => {
    const { view } = await openTestChain({ genesis: { accounts: 3, accountNanos: 0 } });
    expect(view.entries().size).toBe(0);
  });

  test('sealing computes the root over exactly these records', async () => {
    let count = 0;
    const sealed = await sealChainSpec(draft, (packs, parameters) => {
      expect(parameters).toEqual(draft.parameters);
      for (const { offsets } of packs) count += offsets.length / 4;
      return new Uint8Array(32).fill(0xcd);
    });
    expect(count).toBe((await records()).length);
    expect(sealed).toEqual({ ...draft, genesisStateRoot: 'cd'.repeat(32) });
  });

  test.each([
    [33, '5588a915ab84fcda41cf19b7b5701872dffd2d53a24ff4a1ee619bae6eabe113'],
    [5001, '2f95bf55c053e877dbd6b75c824b8c7b565fad8bdee7960b755cb240bb40c57b'],
  ])('fixture: all records with %d follow pairs', async (followPairs, expected) => {
    const options = { ...draft, genesis: { ...genesis, followPairs } };
    const digest = createHash('sha256');
    await sealChainSpec(options, (packs) => {
      for (const { bytes } of packs) digest.update(bytes);
      return new Uint8Array(32);
    });
    expect(digest.digest('hex')).toBe(expected);
  });

  test('fixture: keys of accounts', () => {
    expect([0, 1].map((index) => toHex(accountPrivateKey('records', index)))).toEqual([
      '50f2b19f799176dc75de38a32a839ef2dca5b03a1793e33bfc8345854c7d903a',
      'bee0553193ec688963e4e13cffa3cfde39e758972ed88e2ed750b6b518962da7',
    ]);
  });
});

describe('sealer', () => {
  test("a key that is no producer's is refused", async () => {
    const { chain } = await openTestChain();
    for (const privateKey of [accountPrivateKey('strangers', 0), new Uint8Array(32)]) {
      expect(() => createSealer({ privateKey, chain })).toThrow(
        expect.objectContaining({ code: 'NODE_CONFIGURATION' }),
      );
    }
  });

  test('knows its turns and seals no other height', async () => {
    const { chain } = await openTestChain();
    const sealer = createSealer({ privateKey: producerPrivateKeys[1] ?? new Uint8Array(), chain });
    expect([0, 1, 2, 3, 4, 5].map((height) => sealer.isInTurn(height))).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    const template = {
      parent: chain.genesisHeader,
      timeMs: chain.genesisHeader.timeMs + 1,
      transactions: [],
      stateRoot: new Uint8Array(32),
      snapshotRoot: undefined,
    };
    expect(() => sealer.seal(template)).toThrow(RangeError);
  });
});
