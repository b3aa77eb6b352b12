import { createHash, randomBytes } from 'node:crypto';
import type { HashBatch, StateHasher } from '../../src/index.js';

/**
 * A simple group in place of the elliptic curve: sums of SHA-256 values modulo 2^256. An uncompressed sum is two numbers
 * whose difference is the sum, the second one random, so that equal sums never have equal uncompressed bytes.
 */
const modulus = 1n << 256n;

export function element(key: Uint8Array, value: Uint8Array): bigint {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(key.length, 0);
  lengths.writeUInt32BE(value.length, 4);
  return BigInt(`0x${createHash('sha256').update(lengths).update(key).update(value).digest('hex')}`);
}

export function encodeElement(sum: bigint): Uint8Array {
  return toBytes(((sum % modulus) + modulus) % modulus);
}

export const toyHasher: StateHasher = {
  async sum(batch: HashBatch) {
    const sums = new Array<bigint>(batch.groupCount ?? 1).fill(0n);
    for (let i = 0; i < batch.offsets.length / 4; i++) {
      const [a, b, c, d] = batch.offsets.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
      const one = element(batch.bytes.subarray(a, b), batch.bytes.subarray(c, d));
      const group = batch.groups?.[i] ?? 0;
      sums[group] = (sums[group] as bigint) + BigInt(batch.signs?.[i] ?? 1) * one;
    }
    return join(sums.map(uncompressed));
  },
  async combine(left, right) {
    const a = split(left, 128).map(numberOf);
    const b = split(right, 128).map(numberOf);
    if (a.length !== b.length) throw new TypeError('lists of different length');
    return join(a.map((value, i) => uncompressed(value + (b[i] as bigint))));
  },
  async negate(sums) {
    return join(split(sums, 128).map((sum) => uncompressed(-numberOf(sum))));
  },
  async encode(sums) {
    return join(split(sums, 128).map((sum) => encodeElement(numberOf(sum))));
  },
  async decode(encoded) {
    return join(
      split(encoded, 32).map((bytes) => {
        if (bytes.every((byte) => byte === 255)) throw new RangeError('no canonical encoding');
        return uncompressed(fromBytes(bytes));
      }),
    );
  },
};

/** The same with the method that may be left out. */
export const addingHasher: StateHasher = {
  ...toyHasher,
  async addUp(sums, sizes) {
    const values = split(sums, 128).map(numberOf);
    let at = 0;
    const added = Array.from(sizes, (size) => {
      if (size === 0) throw new RangeError('an empty list');
      at += size;
      return uncompressed(values.slice(at - size, at).reduce((sum, value) => sum + value, 0n));
    });
    if (at !== values.length) throw new RangeError('sizes do not fit');
    return join(added);
  },
};

/** A root over checksums, skipping identities, whatever their order. */
export function toyRoot(checksums: Iterable<readonly [number, Uint8Array]>): Uint8Array {
  const hash = createHash('sha256').update('toy-root');
  for (const [prefix, checksum] of [...checksums].sort(([a], [b]) => a - b)) {
    if (checksum.some((byte) => byte !== 0)) hash.update(Uint8Array.of(prefix)).update(checksum);
  }
  return new Uint8Array(hash.digest());
}

function uncompressed(value: bigint): Uint8Array {
  const blind = BigInt(`0x${randomBytes(32).toString('hex')}`);
  return join([encodeElement(value + blind), toBytes(blind), new Uint8Array(64)]);
}

function numberOf(bytes: Uint8Array): bigint {
  return fromBytes(bytes.subarray(0, 32)) - fromBytes(bytes.subarray(32, 64));
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  if (bytes.length % size !== 0) throw new TypeError(`expected a multiple of ${size} bytes`);
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function toBytes(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
