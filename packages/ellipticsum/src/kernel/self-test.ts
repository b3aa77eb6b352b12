import { fromHex, toHex } from '@hs/bytes';
import { defaultDomain, encodeDomain } from '../domain.js';
import { encodedSumBytes, uncompressedSumBytes } from '../internal/curve.js';
import { type PackedRecords, packRecords } from '../packed-records.js';
import { type Conversion, type Kernel, writeZero } from './kernel.js';
import { SumTask } from './sum-task.js';

/** Sums of the records of {@link selfTestBatch}, group by group. */
const expectedSums: readonly string[] = [
  '74aca09d688b1bc377e8e2e76c34e753c15a769504494c6f2c50e9cff9c1da23',
  '0ac902638d1f896a314ac27a67d81616f9df17f9ad0ca9f1a7b5fbaff5fb6075',
  'be3e3119e8f468e3ed20305915267bdc39f4fb2171964f7c0afe7abfd4ba9d7c',
];

/**
 * Factors within the bounds whose product is wrong if the fourth column is folded before its carry is taken out, and its
 * limbs. Random factors practically never show this.
 */
const left = [2 ** 50, -(2 ** 50), 2 ** 50 + 175, 2 ** 50 - 1, 1089580555008991];
const right = [2 ** 50 - 31, 2 ** 50 + 92, -(2 ** 50), 2 ** 50 + 179, 979730445252525];
const product = [-480626088672562, -269973848642310, -754231873080524, 882560249575042, -1125899906842538];

/** Records of one to seven blocks, in three groups, some of them subtracted; their number is no multiple of the lanes. */
export function selfTestBatch(): PackedRecords & { groups: Uint32Array; groupCount: number; signs: Int8Array } {
  const lengths = [0, 1, 53, 54, 76, 100, 150, 181, 182, 310, 400, 700, 53, 150];
  const records = lengths.map((length, seed) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 89 + seed * 151 + 7) & 255);
    return [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)] as const;
  });
  return {
    ...packRecords(records),
    groups: Uint32Array.from(lengths, (_, index) => (index * 5) % 3),
    groupCount: 3,
    signs: Int8Array.from(lengths, (_, index) => (index % 4 === 2 ? -1 : 1)),
  };
}

/** What a kernel does wrong, or undefined if it passes. Leaves the default domain set. */
export function findDefect(kernel: Kernel): string | undefined {
  kernel.domain = encodeDomain(defaultDomain);
  const batch = selfTestBatch();
  const { groupCount } = batch;
  const task = new SumTask(kernel, batch, batch.signs.length, groupCount);
  while (!task.isDone) task.step(9);
  const convert = (conversion: Conversion, operands: readonly Uint8Array[], resultBytes: number): Uint8Array => {
    const result = new Uint8Array(groupCount * resultBytes);
    const invalid = kernel.convert(conversion, operands, result, 0, groupCount);
    return invalid === undefined ? result : new Uint8Array(0);
  };
  const expected = expectedSums.join('');
  if (toHex(convert('encode', [task.result], encodedSumBytes)) !== expected) return 'sums of known records are wrong';
  const decoded = convert('decode', [fromHex(expected)], uncompressedSumBytes);
  if (toHex(convert('encode', [decoded], encodedSumBytes)) !== expected) return 'decoding and encoding change sums';
  const zeros = new Uint8Array(decoded.length);
  for (let at = 0; at < zeros.length; at += uncompressedSumBytes) writeZero(zeros, at);
  const combined = convert('combine', [decoded, zeros], uncompressedSumBytes);
  if (toHex(convert('encode', [combined], encodedSumBytes)) !== expected) return 'adding zero changes sums';
  return isProductRight(kernel) ? undefined : 'a product that is hard to round is wrong';
}

function isProductRight({ image, exports, bytes }: Kernel): boolean {
  if (image.product === undefined) return true;
  const numbers = new Float64Array(bytes.buffer);
  const write = (address: number, limbs: readonly number[]): void => {
    for (const [k, limb] of limbs.entries()) {
      const row = address / 8 + k * image.lanes;
      numbers.fill(limb, row, row + image.lanes);
    }
  };
  write(image.product.left, left);
  write(image.product.right, right);
  exports.product?.();
  const { result } = image.product;
  return product.every((limb, k) => {
    const row = result / 8 + k * image.lanes;
    return numbers.subarray(row, row + image.lanes).every((number) => number === limb);
  });
}
