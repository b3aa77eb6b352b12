/**
 * A hasher that keeps all laws of a real one (sums form a group, encodings are canonical, the identity is 32 zero bytes) and
 * costs little: eight additive 32-bit lanes of a simple mix. It proves nothing against an adversary; it is for measuring a store
 * apart from its hashing, and for preparing big databases in short time.
 */
const lanes = 8;
const uncompressedBytes = 128;

function addElement(sums, at, sign, { bytes, offsets }, record) {
  let a = 0x9e3779b9 ^ (offsets[record + 1] - offsets[record]);
  let b = 0x85ebca6b;
  for (const start of [record, record + 2]) {
    const end = offsets[start + 1];
    for (let i = offsets[start]; i < end; i++) {
      a = Math.imul(a ^ bytes[i], 0x01000193);
      b = (b + a) | 0;
    }
  }
  for (let lane = 0; lane < lanes; lane++) {
    a = Math.imul(a ^ (a >>> 15) ^ b, 0x2c1b3c6d);
    sums[at + lane] += sign * (a >>> 0);
    b = (b + 0x9e3779b9) | 0;
  }
}

function resized(sums, from, to) {
  const bytes = new Uint8Array((sums.length / from) * to);
  for (let i = 0; i * from < sums.length; i++) bytes.set(sums.subarray(i * from, i * from + 4 * lanes), i * to);
  return bytes;
}

/** @type {import('../../dist/index.js').StateHasher} */
export const quickHasher = {
  async sum(batch) {
    const { offsets, signs, groups, groupCount = 1 } = batch;
    const sums = new Uint32Array((groupCount * uncompressedBytes) / 4);
    for (let i = 0; 4 * i < offsets.length; i++) {
      addElement(sums, ((groups?.[i] ?? 0) * uncompressedBytes) / 4, signs?.[i] ?? 1, batch, 4 * i);
    }
    return new Uint8Array(sums.buffer);
  },
  async combine(left, right) {
    const sums = new Uint8Array(left);
    const lanesOf = new Uint32Array(sums.buffer);
    const added = new Uint32Array(new Uint8Array(right).buffer);
    for (let i = 0; i < lanesOf.length; i++) lanesOf[i] += added[i];
    return sums;
  },
  encode: async (sums) => resized(sums, uncompressedBytes, 4 * lanes),
  decode: async (encoded) => resized(encoded, 4 * lanes, uncompressedBytes),
};

/** The quick hasher as {@link openHasher} gives it. */
export function openQuickHasher() {
  return {
    name: 'quick hasher (no real hashing)',
    hasher: quickHasher,
    stateRoot: quickRoot,
    close: async () => undefined,
  };
}

function quickRoot(checksums) {
  const root = new Uint8Array(32);
  for (const [prefix, checksum] of checksums) {
    for (let i = 0; i < 32; i++) root[i] = Math.imul(root[i] ^ checksum[i], 31) + prefix;
  }
  return root;
}
