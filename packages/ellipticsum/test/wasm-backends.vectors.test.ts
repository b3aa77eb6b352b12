import { fromHex, toHex, u64be } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import { sha512 } from '@noble/hashes/sha2.js';
import { createWasmBackend, createWasmSimdBackend, defaultDomain, packRecords } from '../src/index.js';
import { Kernel } from '../src/kernel/kernel.js';
import { generateScalarKernel } from '../src/kernel/scalar-kernel.js';
import { generateSimdKernel } from '../src/kernel/simd-kernel.js';
import { engine, hasRelaxedSimd } from './kernel/engine.js';
import { type EllipticSumVectors, type GenesisVectors, readVectors } from './vectors.js';

const vectors = readVectors<EllipticSumVectors>('ellipticsum.json');
const genesis = readVectors<GenesisVectors>('deso-genesis-state.json');

const scalar = { name: 'wasm', open: createWasmBackend, generate: generateScalarKernel };
const simd = { name: 'wasm-simd', open: createWasmSimdBackend, generate: generateSimdKernel };
const backends = hasRelaxedSimd ? [scalar, simd] : [scalar];

/** Elements of messages as they are, without the lengths that records get. */
const messages: readonly (readonly [what: string, message: Uint8Array, element: string])[] = [
  ['nothing', new Uint8Array(0), 'be7134ff124d8567c85636dc8a7c60f525d7ad3741a8fc58b5861f146022f443'],
  ['abc', Uint8Array.of(97, 98, 99), '46e5e1d4bc8b80228edfa97954f6acecfb08f60ecc4f21f5ef69e8072bf57a33'],
  ['150 zeros', new Uint8Array(150), '328a2a538519e9bf1a70b62ab02dd6954532ef0ba582d8057f7508f0101ea749'],
  [
    '0 to 149',
    Uint8Array.from({ length: 150 }, (_, index) => index),
    'c42ba04167025252356fb250bb27dc3aecc36a579045cce9a729f26fe708352c',
  ],
];
const sumOfMessages = 'c64d139696d3b2dd22499a2a0c0dcb7d442a67545415f95a04a5c9bbff368f27';

/** expand_message_xmd of RFC 9380, section 5.3.1, for 64 bytes. */
function expand(message: Uint8Array): Uint8Array {
  const domain = [...Buffer.from(defaultDomain), defaultDomain.length];
  const first = sha512(Uint8Array.from([...new Uint8Array(128), ...message, 0, 64, 0, ...domain]));
  return sha512(Uint8Array.from([...first, 1, ...domain]));
}

describe.each(backends)('$name backend, vectors of an independent implementation', ({ open, generate }) => {
  test('every record hashes to its point', async () => {
    await using backend = await open();
    const batch = packRecords(vectors.records.map(({ key, value }) => [fromHex(key), fromHex(value)]));
    const groups = Uint32Array.from(vectors.records.keys());
    const sums = await backend.encode(await backend.sum({ ...batch, groups, groupCount: groups.length }));
    expect(toHex(sums)).toBe(vectors.records.map(({ point }) => point).join(''));
  });

  test('the checksums of a history of added and removed records', async () => {
    await using backend = await open();
    const batch = packRecords(vectors.steps.map(({ key, value }) => [fromHex(key), fromHex(value)]));
    const signs = Int8Array.from(vectors.steps, ({ op }) => (op === 'add' ? 1 : -1));
    for (let count = 1; count <= signs.length; count++) {
      const steps = { ...batch, offsets: batch.offsets.slice(0, 4 * count), signs: signs.slice(0, count) };
      expect(toHex(await backend.encode(await backend.sum(steps)))).toBe(vectors.steps[count - 1]?.checksum);
    }
  });

  test('bulk sums up to 20,000 records', async () => {
    await using backend = await open();
    for (const { count, checksum } of vectors.bulk) {
      const records = Array.from({ length: count }, (_, i): [Uint8Array, Uint8Array] => {
        const value = new Uint8Array(8 * (i % 13));
        for (let at = 0; at < value.length; at += 8) value.set(u64be(i * 17 + 1), at);
        return [Uint8Array.of((i % 7) + 1, ...u64be(i)), value];
      });
      expect(toHex(await backend.encode(await backend.sum(packRecords(records))))).toBe(checksum);
    }
  });

  test('the genesis state, each prefix and in total', async () => {
    await using backend = await open();
    const records = genesis.prefixes.flatMap((prefix, group) => prefix.records.map((record) => ({ record, group })));
    const batch = {
      ...packRecords(records.map(({ record: [key, value] }) => [fromHex(key), fromHex(value)])),
      groups: Uint32Array.from(records, ({ group }) => group),
      groupCount: genesis.prefixes.length,
    };
    const sums = await backend.sum(batch);
    const checksums = genesis.prefixes.map(({ checksum }) => checksum);
    expect(toHex(await backend.encode(sums))).toBe(checksums.join(''));
    let total: Uint8Array = sums.slice(0, 128);
    for (let at = 128; at < sums.length; at += 128) total = await backend.combine(total, sums.slice(at, at + 128));
    expect(toHex(await backend.encode(total))).toBe(genesis.total);
  });

  test('messages as they are, and their sum', async () => {
    const kernel = await Kernel.open(engine, generate());
    const { memory, streams, slotBytes, lanes } = kernel.image;
    const sumOf = (uniform: readonly Uint8Array[]): string => {
      kernel.exports.clear(memory.slots, streams + 1);
      for (const [index, bytes] of uniform.entries()) {
        kernel.bytes.fill(0, memory.uniform, memory.uniform + 64 * streams);
        kernel.bytes.set(bytes, memory.uniform);
        for (let stream = 0; stream < streams; stream++) {
          const slot = stream === 0 ? 0 : stream + 1;
          kernel.numbers.set(
            [memory.uniform + 64 * stream, memory.slots + slot * slotBytes, 0],
            memory.steps / 4 + 4 * stream,
          );
        }
        if (index === 0) kernel.numbers.fill(memory.slots, memory.list / 4, memory.list / 4 + lanes);
        kernel.exports.accumulate(1);
      }
      kernel.exports.finalize(lanes);
      const encoded = new Uint8Array(32);
      kernel.convert('encode', [kernel.bytes.slice(memory.results, memory.results + 128)], encoded, 0, 1);
      return toHex(encoded);
    };
    expect(toHex(expand(new Uint8Array(0)).subarray(0, 16))).toBe('f789e47c192404f8a835479c2653b0a7');
    for (const [, message, element] of messages) expect(sumOf([expand(message)])).toBe(element);
    expect(sumOf(messages.map(([, message]) => expand(message)))).toBe(sumOfMessages);
  });
});
