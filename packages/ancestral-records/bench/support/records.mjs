/** Records of 150 bytes whose keys are spread evenly, from a seed, so that both sides of a comparison see the same ones. */
export const prefix = 5;
export const keyBytes = 33;
export const valueBytes = 117;
export const recordBytes = keyBytes + valueBytes;

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

function fill(bytes, start, end, random) {
  for (let at = start; at < end; at += 4) {
    const word = random();
    for (let i = 0; i < 4 && at + i < end; i++) bytes[at + i] = word >>> (8 * i);
  }
}

/** Key number `index` of `count` in ascending order: the first bytes are its place, the rest is noise. */
export function keyAt(index, count) {
  const key = new Uint8Array(keyBytes);
  key[0] = prefix;
  new DataView(key.buffer).setBigUint64(1, (BigInt(index) << 64n) / BigInt(count));
  fill(key, 9, keyBytes, randomFrom(index));
  return key;
}

/** A fresh value. */
export function valueFrom(random) {
  const value = new Uint8Array(valueBytes);
  fill(value, 0, valueBytes, random);
  return value;
}

/** All records in ascending order, packed in groups. */
export function* packedRecords(count, groupSize = 4096) {
  const random = randomFrom(count);
  for (let from = 0; from < count; from += groupSize) {
    const size = Math.min(groupSize, count - from);
    const bytes = new Uint8Array(size * recordBytes);
    const offsets = new Uint32Array(4 * size);
    for (let i = 0; i < size; i++) {
      const at = i * recordBytes;
      bytes.set(keyAt(from + i, count), at);
      fill(bytes, at + keyBytes, at + recordBytes, random);
      offsets.set([at, at + keyBytes, at + keyBytes, at + recordBytes], 4 * i);
    }
    yield { bytes, offsets };
  }
}

/**
 * Changes of distinct random keys out of `count`: the places of the keys, and all bytes in one buffer, which costs the garbage
 * collector nothing however long it is kept.
 */
export function packedChanges(count, changes, random) {
  const chosen = new Set();
  while (chosen.size < changes) chosen.add(random() % count);
  const indexes = Uint32Array.from(chosen);
  const bytes = new Uint8Array(changes * recordBytes);
  for (const [i, index] of indexes.entries()) {
    const at = i * recordBytes;
    bytes.set(keyAt(index, count), at);
    fill(bytes, at + keyBytes, at + recordBytes, random);
  }
  return { indexes, bytes };
}

/** The same as a list, with views on the buffer, as a decoded block has them. */
export function changeList({ indexes, bytes }) {
  return Array.from(indexes, (index, i) => {
    const at = i * recordBytes;
    return { index, key: bytes.subarray(at, at + keyBytes), value: bytes.subarray(at + keyBytes, at + recordBytes) };
  });
}

/** Changes of distinct random keys out of `count`, with the places of the keys. */
export function randomChanges(count, changes, random) {
  return changeList(packedChanges(count, changes, random));
}
