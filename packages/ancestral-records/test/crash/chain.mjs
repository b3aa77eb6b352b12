// A chain whose blocks depend on their height alone, so that the state after any height can be replayed elsewhere.
import { createHash } from 'node:crypto';

const modulus = 1n << 256n;
const toBytes = (value) => {
  return Uint8Array.from(Buffer.from((((value % modulus) + modulus) % modulus).toString(16).padStart(64, '0'), 'hex'));
};
const fromBytes = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const pad = (value) => Buffer.concat([toBytes(value), Buffer.alloc(96)]);
const parts = (bytes, size) => {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
};
// An uncompressed sum is two numbers and stands for their difference, as in the other tests.
const sumOf = (bytes) => fromBytes(bytes.subarray(0, 32)) - fromBytes(bytes.subarray(32, 64));

function element(key, value) {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(key.length, 0);
  lengths.writeUInt32BE(value.length, 4);
  return fromBytes(createHash('sha256').update(lengths).update(key).update(value).digest());
}

export const period = 5;

export const hasher = {
  async sum({ bytes, offsets, signs, groups, groupCount = 1 }) {
    const sums = new Array(groupCount).fill(0n);
    for (let i = 0; i < offsets.length / 4; i++) {
      const [a, b, c, d] = offsets.subarray(4 * i, 4 * i + 4);
      sums[groups?.[i] ?? 0] += BigInt(signs?.[i] ?? 1) * element(bytes.subarray(a, b), bytes.subarray(c, d));
    }
    return new Uint8Array(Buffer.concat(sums.map(pad)));
  },
  async combine(left, right) {
    const b = parts(right, 128);
    return new Uint8Array(Buffer.concat(parts(left, 128).map((each, i) => pad(sumOf(each) + sumOf(b[i])))));
  },
  async encode(sums) {
    return new Uint8Array(Buffer.concat(parts(sums, 128).map((each) => toBytes(sumOf(each)))));
  },
  async decode(encoded) {
    return new Uint8Array(Buffer.concat(parts(encoded, 32).map((each) => pad(fromBytes(each)))));
  },
};

export function stateRoot(checksums) {
  const hash = createHash('sha256').update('toy-root');
  for (const [prefix, checksum] of [...checksums].sort(([a], [b]) => a - b)) {
    if (checksum.some((byte) => byte !== 0)) hash.update(Uint8Array.of(prefix)).update(checksum);
  }
  return new Uint8Array(hash.digest());
}

/** Few changes of few keys. */
export function changesOf(height) {
  return Array.from({ length: 40 }, (_, i) => {
    const random = createHash('sha256').update(`${height}/${i}`).digest();
    const key = Uint8Array.of([5, 6, 9, 255][random[0] % 4], random[1] % 8, random[2] % 8);
    return { key, value: random[3] % 4 === 0 ? undefined : new Uint8Array(random.subarray(4, 4 + (random[4] % 28))) };
  });
}

/** So many changes that deleting or rewinding an epoch, and writing a manifest of single records, takes several steps. */
export function wideChangesOf(height) {
  return Array.from({ length: 700 }, (_, i) => {
    const random = createHash('sha256').update(`wide ${height}/${i}`).digest();
    const key = Uint8Array.of([5, 9][random[0] % 2], random[1] % 16, random[2] % 88);
    return { key, value: random[3] % 4 === 0 ? undefined : new Uint8Array(random.subarray(4, 4 + (random[4] % 28))) };
  });
}
