import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { sha3_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { desoHashV0, desoHashV1 } from '../src/index.js';
import { bytes, hex } from './support/hex.js';

interface HashVector {
  readonly name: string;
  readonly input: string;
  readonly v0: string;
  readonly v1: string;
}
const vectors: { readonly hashes: readonly HashVector[] } = JSON.parse(
  readFileSync(new URL('./vectors/deso-hashes.json', import.meta.url), 'utf8'),
);

describe.each(vectors.hashes)('$name', ({ input, v0, v1 }) => {
  test('hashes as the Go node hashes it', () => {
    expect([hex(desoHashV0(bytes(input))), hex(desoHashV1(bytes(input)))]).toEqual([v0, v1]);
  });
});

/** The hash of version 1 with lanes as bigints and bits moved one by one. */
function slowDesoHashV1(input: Uint8Array): Uint8Array {
  const mask = 2n ** 64n - 1n;
  const rotated = (lane: bigint, count: bigint) => ((lane << count) | (lane >> (64n - count))) & mask;
  const lanes = new Array<bigint>(25).fill(0n);
  const at = (x: number, y: number) => (x % 5) + 5 * (y % 5);
  const round = (constant: bigint) => {
    const parity = [0, 1, 2, 3, 4].map((x) => [0, 1, 2, 3, 4].reduce((sum, y) => sum ^ lane(x, y), 0n));
    for (let x = 0; x < 5; x++) {
      const d = (parity[(x + 4) % 5] as bigint) ^ rotated(parity[(x + 1) % 5] as bigint, 1n);
      for (let y = 0; y < 5; y++) lanes[at(x, y)] = lane(x, y) ^ d;
    }
    const moved = [...lanes];
    for (let t = 0, x = 1, y = 0; t < 24; t++) {
      const shift = BigInt((((t + 1) * (t + 2)) / 2) % 64);
      moved[at(y, 2 * x + 3 * y)] = rotated(lane(x, y), shift);
      [x, y] = [y, (2 * x + 3 * y) % 5];
    }
    for (let x = 0; x < 5; x++) {
      for (let y = 0; y < 5; y++) {
        lanes[at(x, y)] =
          (moved[at(x, y)] as bigint) ^ (~(moved[at(x + 1, y)] as bigint) & mask & (moved[at(x + 2, y)] as bigint));
      }
    }
    lanes[0] = lane(0, 0) ^ constant;
    for (let index = 0; index < 25; index++) lanes[index] = exchanged(lanes[index] as bigint);
  };
  const lane = (x: number, y: number) => lanes[at(x, y)] as bigint;
  const padding = Buffer.alloc(136 - (input.length % 136));
  padding[0] = 6;
  padding[padding.length - 1] = (padding[padding.length - 1] ?? 0) | 0x80;
  const padded = Buffer.concat([input, padding]);
  for (let block = 0; block < padded.length; block += 136) {
    for (let index = 0; index < 17; index++) {
      lanes[index] = (lanes[index] as bigint) ^ padded.readBigUInt64LE(block + 8 * index);
    }
    for (const constant of constants) round(constant);
  }
  const output = Buffer.alloc(32);
  for (let index = 0; index < 4; index++) output.writeBigUInt64LE(lanes[index] as bigint, 8 * index);
  const final = bytes('8cb3a3bb4949e4ae468b6e7b4da02e34a55144b8b3e7be499855679ed8d0cff5');
  return output.map((byte, index) => byte ^ (final[index] as number));
}

function exchanged(lane: bigint): bigint {
  let result = lane;
  for (let k = 0n; k < 20n; k++) {
    const [low, high] = [2n + 3n * k, 4n + 3n * k];
    const differ = ((lane >> low) ^ (lane >> high)) & 1n;
    result ^= (differ << low) | (differ << high);
  }
  return result;
}

const constants = [
  0x0000000000000001n,
  0x0000000000008082n,
  0x800000000000808an,
  0x8000000080008000n,
  0x000000000000808bn,
  0x0000000080000001n,
  0x8000000080008081n,
  0x8000000000008009n,
  0x000000000000008an,
  0x0000000000000088n,
  0x0000000080008009n,
  0x000000008000000an,
  0x000000008000808bn,
  0x800000000000008bn,
  0x8000000000008089n,
  0x8000000000008003n,
  0x8000000000008002n,
  0x8000000000000080n,
  0x000000000000800an,
  0x800000008000000an,
  0x8000000080008081n,
  0x8000000000008080n,
  0x0000000080000001n,
  0x8000000080008008n,
];

describe('the hash of version 1', () => {
  test('is the one of its definition, whatever the length of the input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        expect(hex(desoHashV1(input))).toBe(hex(slowDesoHashV1(input)));
      }),
      { numRuns: 60 },
    );
    for (const length of [134, 135, 136, 137, 271, 272]) {
      const input = new Uint8Array(length).fill(length);
      expect(hex(desoHashV1(input))).toBe(hex(slowDesoHashV1(input)));
    }
  });

  test('is not SHA3-256, and spreads over all bytes', () => {
    const sums = new Array<number>(32).fill(0);
    const rounds = 4_000;
    for (let index = 0; index < rounds; index++) {
      const input = Uint8Array.of(index & 255, index >> 8);
      const hash = desoHashV1(input);
      expect(hex(hash)).not.toBe(hex(sha3_256(input)));
      for (const [place, byte] of hash.entries()) sums[place] = (sums[place] as number) + byte;
    }
    // The mean of 4,000 even bytes has a standard deviation of 1.17.
    for (const sum of sums) expect(Math.abs(sum / rounds - 127.5)).toBeLessThan(6);
  });
});

test('injected hashes are used', () => {
  const used: string[] = [];
  const hashes = {
    sha256: () => Uint8Array.of(used.push('sha256') & 255),
    sha3: () => Uint8Array.of(used.push('sha3') & 255),
  };
  desoHashV0(new Uint8Array(0), hashes);
  expect(used.filter((name) => name === 'sha256')).toHaveLength(101);
  expect(used.filter((name) => name === 'sha3')).toHaveLength(15);
});
