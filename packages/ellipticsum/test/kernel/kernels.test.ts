import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { createNobleBackend, defaultDomain, EllipticSum, type HashBatch, packRecords } from '../../src/index.js';
import { expandRecord } from '../../src/kernel/expand-message.js';
import { curveD, prime, rootOfMinusOne } from '../../src/kernel/field-constants.js';
import { maxLimb } from '../../src/kernel/fma-field.js';
import { Kernel } from '../../src/kernel/kernel.js';
import type { KernelImage } from '../../src/kernel/kernel-image.js';
import { maxRecords } from '../../src/kernel/kernel-memory.js';
import { generateScalarKernel } from '../../src/kernel/scalar-kernel.js';
import { generateSimdKernel } from '../../src/kernel/simd-kernel.js';
import { SumTask } from '../../src/kernel/sum-task.js';
import { engine, hasRelaxedSimd } from './engine.js';
import { hardLimbs, littleEndian, modulo, random, valueOfLimbs } from './field-samples.js';

const domain = Uint8Array.from(Buffer.from(defaultDomain));
const pairedImage = generateSimdKernel({ order: 'paired' });
const apartImage = generateSimdKernel({ order: 'apart' });
const scalarImage = generateScalarKernel();
const simdImages = [
  ['wasm-simd, paired', pairedImage],
  ['wasm-simd, apart', apartImage],
] as const;
const images = [['wasm', scalarImage] as const, ...(hasRelaxedSimd ? simdImages : [])];

async function openKernel(image: KernelImage): Promise<Kernel> {
  const kernel = await Kernel.open(engine, image);
  kernel.domain = domain;
  return kernel;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Adds uniform bytes given directly, each in its own step and stream, to the slot of that stream. */
function addUniform(kernel: Kernel, uniform: readonly Uint8Array[], isFresh = true): void {
  const { memory, streams, slotBytes } = kernel.image;
  if (isFresh) kernel.exports.clear(memory.slots, streams);
  const steps = Math.ceil(uniform.length / streams);
  for (let index = 0; index < steps * streams; index++) {
    kernel.bytes.set(uniform[index] ?? new Uint8Array(64), memory.uniform + 64 * index);
    const at = memory.steps / 4 + 4 * index;
    kernel.numbers[at] = memory.uniform + 64 * index;
    kernel.numbers[at + 1] = memory.slots + (index % streams) * slotBytes;
    kernel.numbers[at + 2] = 0;
  }
  kernel.exports.accumulate(steps);
}

/** The encoded sums of the streams' slots. */
function readStreams(kernel: Kernel): string[] {
  const { memory, streams, slotBytes, lanes } = kernel.image;
  for (let index = 0; index < lanes; index++) {
    kernel.numbers[memory.list / 4 + index] = memory.slots + (index % streams) * slotBytes;
  }
  kernel.exports.finalize(lanes);
  const sums = kernel.bytes.slice(memory.results, memory.results + 128 * streams);
  const encoded = new Uint8Array(32 * streams);
  expect(kernel.convert('encode', [sums], encoded, 0, streams)).toBeUndefined();
  return Array.from({ length: streams }, (_, stream) => hex(encoded.subarray(32 * stream, 32 * stream + 32)));
}

function sumOf(kernel: Kernel, batch: HashBatch, slice = maxRecords): Uint8Array {
  const task = new SumTask(kernel, batch, batch.offsets.length / 4, batch.groupCount ?? 1);
  while (!task.isDone) task.step(slice);
  return task.result;
}

function encodedSums(kernel: Kernel, batch: HashBatch, slice?: number): string {
  const sums = sumOf(kernel, batch, slice);
  const encoded = new Uint8Array(sums.length / 4);
  for (let first = 0; first < sums.length / 128; first += 256) {
    kernel.convert('encode', [sums], encoded, first, Math.min(256, sums.length / 128 - first));
  }
  return hex(encoded);
}

const references = new Map<string, unknown>();

/** What noble says, computed once for all kernels. */
function reference<T>(question: string, answer: () => T): T {
  if (!references.has(question)) references.set(question, answer());
  return references.get(question) as T;
}

/** The encoded element that noble derives from 64 uniform bytes. */
function derived(uniform: Uint8Array): string {
  return reference(hex(uniform), () => hex(ristretto255_hasher.deriveToCurve?.(uniform).toBytes() ?? uniform));
}

function randomBytes(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

function modularPower(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, modulo(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}

/** (u·v)^((p-1)/4) of the map of t: which of its four cases t is. */
function caseOf(t: bigint): string {
  const r = modulo(rootOfMinusOne * t * t);
  const u = modulo((r + 1n) * (1n - curveD ** 2n));
  const v = modulo(-(r * curveD + 1n) * (r + curveD));
  const chi = modularPower(u * v, (prime - 1n) / 4n);
  const names = new Map([
    [0n, 'zero'],
    [1n, '1'],
    [prime - 1n, '-1'],
    [rootOfMinusOne, 'i'],
    [prime - rootOfMinusOne, '-i'],
  ]);
  return names.get(chi) ?? 'none';
}

const singular = [
  BigInt('0x7a4caaa70b8414688acbab668c1491ea324356d2f11592558acfd534b5a3e445'),
  BigInt('0x00c4ba48a0ac8d5965c35b01d94aab62430cf920516d7c05f63ac7e4c56a2540'),
];
const specials = [
  0n,
  1n,
  2n,
  prime - 1n,
  prime,
  prime + 1n,
  2n ** 255n - 1n,
  rootOfMinusOne,
  ...singular.flatMap((root) => [root, prime - root]),
  ...Array.from({ length: 17 }, (_, index) => prime + BigInt(index + 2)),
];

describe('the bytes of the kernels', () => {
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  test('are those that were measured', () => {
    expect(sha256(scalarImage.bytes)).toBe('e22b3009d8f88f4641580f8d46f5a48c152a0ff6b63b37a757b513a2f8eb932a');
    expect(sha256(pairedImage.bytes)).toBe('33fa2272dc70da13a26710c7a7bf58686d98ecb81e1b674d6488c49d40ecfc08');
    expect(sha256(apartImage.bytes)).toBe('afdabd4c83c1077c90f03e9111be2b43df81f0a2c5023f5be391844cb59c40bc');
  });

  test('come out the same every time', () => {
    expect(sha256(generateScalarKernel().bytes)).toBe(sha256(scalarImage.bytes));
    expect(sha256(generateSimdKernel({ order: 'paired' }).bytes)).toBe(sha256(pairedImage.bytes));
  });
});

describe.each(images)('%s kernel', (_, image) => {
  test('expands messages of every length to the uniform bytes of RFC 9380', async () => {
    const kernel = await openKernel(image);
    const next = random(1);
    const records = Array.from({ length: 420 }, (_, length) => {
      const bytes = randomBytes(next, length);
      const cut = Math.floor(next() * (length + 1));
      return [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
    });
    sumOf(kernel, packRecords(records));
    for (const [index, [key, value]] of records.entries()) {
      const at = image.memory.uniform + 64 * index;
      expect(hex(kernel.bytes.subarray(at, at + 64))).toBe(hex(expandRecord(key, value, domain)));
    }
  });

  test('maps special numbers right in either half and any lane', async () => {
    const kernel = await openKernel(image);
    const next = random(2);
    const { streams } = image;
    for (const [index, special] of specials.entries()) {
      for (const isUpper of [false, true]) {
        const uniform = Array.from({ length: streams }, () => randomBytes(next, 64));
        (uniform[index % streams] as Uint8Array).set(littleEndian(special), isUpper ? 32 : 0);
        addUniform(kernel, uniform);
        expect(readStreams(kernel)).toEqual(uniform.map(derived));
      }
    }
    addUniform(
      kernel,
      Array.from({ length: streams }, () => new Uint8Array(64)),
    );
    expect(new Set(readStreams(kernel))).toEqual(new Set(['00'.repeat(32)]));
  });

  test('maps numbers of all four cases right, with bit 255 set or not', async () => {
    const kernel = await openKernel(image);
    const next = random(3);
    const seen = new Map<string, number>();
    for (let round = 0; round < 160 / image.streams; round++) {
      const uniform = Array.from({ length: image.streams }, () => randomBytes(next, 64));
      for (const bytes of uniform) {
        for (const half of [bytes.subarray(0, 32), bytes.subarray(32)]) {
          const t = half.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n) & (2n ** 255n - 1n);
          const name = reference(`case of ${t}`, () => caseOf(t));
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
      }
      addUniform(kernel, uniform);
      expect(readStreams(kernel)).toEqual(uniform.map(derived));
    }
    expect([...seen.keys()].sort()).toEqual(['-1', '-i', '1', 'i']);
    for (const count of seen.values()) expect(count).toBeGreaterThan(40);
  });

  test('adds equal points and the identity, and opposite points to the identity', async () => {
    const kernel = await openKernel(image);
    const uniform = randomBytes(random(4), 64);
    const element = ristretto255_hasher.deriveToCurve?.(uniform) ?? ristretto255.Point.ZERO;
    const all = Array.from({ length: image.streams }, () => uniform);
    addUniform(kernel, all);
    for (let times = 2; times <= 5; times++) {
      addUniform(kernel, all, false);
      for (const sum of readStreams(kernel)) expect(sum).toBe(hex(element.multiply(BigInt(times)).toBytes()));
    }
    const [key, value] = [Uint8Array.of(1), Uint8Array.of(2)];
    const batch = packRecords(Array.from({ length: 6 }, () => [key, value] as const));
    expect(encodedSums(kernel, { ...batch, signs: Int8Array.of(1, -1, 1, 1, -1, -1) })).toBe('00'.repeat(32));
  });

  test('keeps the bounds of accumulators over 100,000 additions', async () => {
    const kernel = await openKernel(image);
    const next = random(5);
    const count = 256;
    const uniform = Array.from({ length: count }, () => randomBytes(next, 64));
    addUniform(kernel, uniform);
    const { streams, memory, slotBytes } = image;
    const rounds = Math.ceil(100_000 / 2 / (count / streams));
    for (let round = 1; round < rounds; round++) kernel.exports.accumulate(count / streams);
    const cells = memory.slots / 8;
    const end = cells + (streams * slotBytes) / 8;
    const limbs =
      image === scalarImage
        ? Array.from(new BigInt64Array(kernel.bytes.buffer).subarray(cells, end), Number)
        : [...new Float64Array(kernel.bytes.buffer).subarray(cells, end)];
    expect(Math.max(...limbs.map(Math.abs))).toBeLessThanOrEqual(image === scalarImage ? 1.01 * 2 ** 25 : maxLimb);
    let element = ristretto255.Point.ZERO;
    for (const bytes of uniform) element = element.add(ristretto255_hasher.deriveToCurve?.(bytes) ?? element);
    const sums = readStreams(kernel).map((sum) => EllipticSum.decode(Uint8Array.from(Buffer.from(sum, 'hex'))));
    const total = sums.reduce((left, right) => left.add(right), EllipticSum.zero);
    expect(hex(total.encode())).toBe(hex(element.multiply(BigInt(rounds)).toBytes()));
  }, 60_000);

  test('gives the same sums in whatever slices, groups, signs and lengths', async () => {
    const kernel = await openKernel(image);
    await using noble = createNobleBackend();
    const next = random(6);
    const lengths = [
      0, 1, 52, 53, 54, 55, 76, 79, 100, 150, 180, 183, 204, 207, 309, 311, 333, 335, 400, 461, 462, 1500,
    ];
    const shapes = [
      { count: 1, groupCount: 1 },
      { count: 37, groupCount: 1 },
      { count: 150, groupCount: 3 },
      { count: 150, groupCount: 60 },
      { count: 97, groupCount: 97 },
    ];
    for (const { count, groupCount } of shapes) {
      const records = Array.from({ length: count }, (_, index) => {
        const bytes = randomBytes(next, lengths[index % lengths.length] as number);
        const cut = Math.floor(next() * (bytes.length + 1));
        return [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
      });
      // Some records twice.
      for (let index = 3; index < count; index += 10) records[index] = records[index - 1] as (typeof records)[number];
      const batch = {
        ...packRecords(records),
        groups: Uint32Array.from(records, () => Math.floor(next() * groupCount)),
        signs: Int8Array.from(records, () => (next() < 0.3 ? -1 : 1)),
        groupCount,
      };
      const shape = `${count} records in ${groupCount} groups`;
      const sums = async (of: HashBatch): Promise<string> => hex(await noble.encode(await noble.sum(of)));
      const expected = await reference(shape, () => sums(batch));
      for (const slice of [1, 2, 3, 5, 16, 61, maxRecords]) expect(encodedSums(kernel, batch, slice)).toBe(expected);
      const sorted = { ...batch, groups: batch.groups.slice().sort() };
      const expectedSorted = await reference(`${shape}, sorted`, () => sums(sorted));
      for (const slice of [4, 7, maxRecords]) expect(encodedSums(kernel, sorted, slice)).toBe(expectedSorted);
    }
  });

  test('has the same sums as noble at every count around its steps and slices', async () => {
    const kernel = await openKernel(image);
    const records = Array.from({ length: 2 * maxRecords + 3 }, (_, index) => {
      return [Uint8Array.of(index & 255, index >> 8), new Uint8Array(index % 150)] as const;
    });
    const counts = new Set([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      31,
      32,
      33,
      maxRecords - 1,
      maxRecords,
      maxRecords + 1,
      2051,
    ]);
    const expected = reference('sums of the first records', () => {
      const sums = [EllipticSum.zero];
      for (const [key, value] of records)
        sums.push((sums.at(-1) ?? EllipticSum.zero).add(EllipticSum.ofRecord(key, value)));
      return sums;
    });
    for (const count of counts) {
      const sum = encodedSums(kernel, packRecords(records.slice(0, count)));
      expect(sum).toBe(hex((expected[count] ?? EllipticSum.zero).encode()));
    }
  });

  test('refuses coordinates and encodings as noble does, at the edges of the field', async () => {
    const kernel = await openKernel(image);
    const next = random(7);
    const candidates = [
      ...specials.map((value) => littleEndian(value)),
      ...Array.from({ length: 200 }, () => littleEndian(modulo(valueOfLimbs(hardLimbs(next))))),
      ...[0xffn, 0x7fn, 0x80n, 0xecn, 0xedn, 0xeen].flatMap((low) => [
        littleEndian(2n ** 256n - 256n + low),
        littleEndian(2n ** 255n - 256n + low),
      ]),
    ];
    let accepted = 0;
    for (const candidate of candidates) {
      const decoded = new Uint8Array(128);
      const isRefused = kernel.convert('decode', [candidate], decoded, 0, 1) !== undefined;
      let expected: EllipticSum | undefined;
      try {
        expected = EllipticSum.decode(candidate);
      } catch {
        expected = undefined;
      }
      expect(isRefused).toBe(expected === undefined);
      if (expected === undefined) continue;
      accepted++;
      expect(EllipticSum.fromUncompressed(decoded).equals(expected)).toBe(true);
      const encoded = new Uint8Array(32);
      expect(kernel.convert('encode', [expected.toUncompressed()], encoded, 0, 1)).toBeUndefined();
      expect(hex(encoded)).toBe(hex(candidate));
    }
    expect(accepted).toBeGreaterThan(20);
  });
});
