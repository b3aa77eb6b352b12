import { stateRoot } from '@hs/ellipticsum';
import { accountPrivateKey, createExampleChain, defaultSecp256k1, draftChainSpec } from '@hs/node/example-chain';

/**
 * The example chain with a genesis state of as many records of 150 bytes as wanted, whose keys are spread evenly. A newcomer
 * needs nothing of this file: the spec has the root of the genesis state, and its records come from peers.
 */
export const bulkPrefix = 28;
export const keyBytes = 33;
export const valueBytes = 117;
export const recordBytes = keyBytes + valueBytes;
export const producerKey = accountPrivateKey('bench producer', 0);

/** A generator of 32-bit numbers. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Writes key number `index` of `count`, in ascending order: the first bytes are its place, the rest is noise. */
export function writeKey(bytes, at, { index, count }) {
  bytes[at] = bulkPrefix;
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at + 1, (BigInt(index) << 64n) / BigInt(count));
  fill(bytes, at + 9, at + keyBytes, randomFrom(index));
}

export function fill(bytes, start, end, random) {
  for (let at = start; at < end; at += 4) {
    const word = random();
    for (let i = 0; i < 4 && at + i < end; i++) bytes[at + i] = word >>> (8 * i);
  }
}

/** All records in ascending order, packed in groups. */
export function* bulkRecords(count, groupSize = 4096) {
  const random = randomFrom(count);
  for (let from = 0; from < count; from += groupSize) {
    const size = Math.min(groupSize, count - from);
    const bytes = new Uint8Array(size * recordBytes);
    const offsets = new Uint32Array(4 * size);
    for (let i = 0; i < size; i++) {
      const at = i * recordBytes;
      writeKey(bytes, at, { index: from + i, count });
      fill(bytes, at + keyBytes, at + recordBytes, random);
      offsets.set([at, at + keyBytes, at + keyBytes, at + recordBytes], 4 * i);
    }
    yield { bytes, offsets };
  }
}

/** The spec of a chain with so many genesis records. */
export async function sealBenchSpec({ records, hasher, parameters }) {
  const draft = draftChainSpec({
    genesisTimeMs: Date.now() - 60_000,
    producers: [Buffer.from(defaultSecp256k1.publicKeyOf(producerKey)).toString('hex')],
    parameters,
    genesis: { seed: 'bench', accounts: 0, profiles: 0, followPairs: 0 },
  });
  let sum = new Uint8Array(0);
  for (const pack of bulkRecords(records, 65_536)) {
    const groups = new Uint32Array(pack.offsets.length / 4);
    const part = await hasher.sum({ ...pack, groups, groupCount: 1 });
    sum = sum.length === 0 ? part : await hasher.combine(sum, part);
  }
  const root = stateRoot([[bulkPrefix, await hasher.encode(sum)]]);
  return { ...draft, genesisStateRoot: Buffer.from(root).toString('hex') };
}

/** The chain of such a spec, for who has to write its genesis state. */
export function createBenchChain(spec, records) {
  return { ...createExampleChain(spec), genesisRecords: () => bulkRecords(records) };
}
