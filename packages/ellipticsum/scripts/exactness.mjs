/**
 * Every backend that works here against noble, on random records of mixed lengths, with signs and groups.
 *
 * `npm run build && npm run exactness [-- records [seed]]`; 100,000 records by default. Ends with code 1 at the first difference.
 */
import assert from 'node:assert/strict';
import {
  createBackend,
  createNobleBackend,
  EllipticSumError,
  encodedSumBytes,
  packRecords,
  uncompressedSumBytes,
} from '@hs/ellipticsum';
import { setV8Flags } from '@hs/ellipticsum/node';

const total = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const recordsPerBatch = 2500;

let state = seed >>> 0;
function random(limit) {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
}

/** Lengths crowd around the ends of hash blocks; few are long. */
function sampleLength() {
  const kind = random(10);
  if (kind < 5) return random(200);
  if (kind < 8) return 128 * random(5) + 45 + random(20);
  if (kind < 9) return random(2000);
  return random(50) === 0 ? random(300_000) : random(600);
}

function sampleBatch(count) {
  const records = Array.from({ length: count }, () => {
    const bytes = Uint8Array.from({ length: sampleLength() }, () => random(256));
    const cut = random(bytes.length + 1);
    return [bytes.subarray(0, cut), bytes.subarray(cut)];
  });
  for (let index = 1; index < count; index += 97) records[index] = records[index - 1];
  const groupCount = [1, 3, 50, count][random(4)];
  const groups = Uint32Array.from(records, () => random(groupCount));
  if (random(2) === 0) groups.sort();
  return {
    ...packRecords(records),
    groups,
    groupCount,
    signs: Int8Array.from(records, () => (random(3) === 0 ? -1 : 1)),
  };
}

setV8Flags();
const noble = createNobleBackend();
const backends = [];
for (const backend of ['wasm', 'wasm-simd']) {
  try {
    backends.push(await createBackend({ backend }));
  } catch (error) {
    if (!(error instanceof EllipticSumError)) throw error;
    console.log(error.message);
  }
}
assert(backends.length > 0, 'no backend to compare with noble');
console.log(`Node ${process.version}, seed ${seed}, ${total} records: ${backends.map(({ name }) => name).join(', ')}`);

for (let done = 0; done < total; ) {
  const batch = sampleBatch(Math.min(recordsPerBatch, total - done));
  const sums = await noble.sum(batch);
  const expected = await noble.encode(sums);
  for (const backend of backends) {
    const own = await backend.sum(batch);
    assert.deepEqual(await backend.encode(own), expected, `${backend.name}: sums differ`);
    assert.deepEqual(await noble.encode(own), expected, `${backend.name}: noble reads its sums otherwise`);
    const decoded = await backend.decode(expected);
    assert.deepEqual(await backend.encode(decoded), expected, `${backend.name}: decoding differs`);
    const reversed = new Uint8Array(sums.length);
    for (let at = 0; at < sums.length; at += uncompressedSumBytes) {
      reversed.set(sums.subarray(at, at + uncompressedSumBytes), sums.length - uncompressedSumBytes - at);
    }
    const combined = await backend.encode(await backend.combine(own, reversed));
    assert.deepEqual(
      combined,
      await noble.encode(await noble.combine(sums, reversed)),
      `${backend.name}: combining differs`,
    );
    assert.equal(combined.length, batch.groupCount * encodedSumBytes);
  }
  done += batch.signs.length;
  console.log(`${done} records agree`);
}
