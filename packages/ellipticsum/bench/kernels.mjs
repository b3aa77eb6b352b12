/**
 * The WebAssembly backends against bare noble (`hashToCurve` of the encoded record plus one addition), on one thread.
 *
 * `npm run build && npm run bench:kernels [-- flags] [million]` prints a table; all cases take turns in every round, and medians are
 * compared. `flags` calls `setV8Flags` first; `million` adds a batch of a million records.
 */
import { cpus } from 'node:os';
import { createBackend, defaultDomain, EllipticSum, encodeRecord } from '@hs/ellipticsum';
import { setV8Flags } from '@hs/ellipticsum/node';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';

const options = new Set(process.argv.slice(2));
const { flags } = options.has('flags') ? setV8Flags() : { flags: [] };
const rounds = 9;
const recordsPerBatch = 5000;
const batchesPerRound = 3;
const nobleRecords = 250;

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** Packed records that all differ, with a key of 33 bytes. */
function sampleBatch(bytesPerRecord, count = recordsPerBatch, groupCount = 1) {
  const bytes = new Uint8Array(bytesPerRecord * count).map((_, at) => (at * 7) & 255);
  const view = new DataView(bytes.buffer);
  const offsets = new Uint32Array(4 * count);
  for (let index = 0; index < count; index++) {
    const start = index * bytesPerRecord;
    view.setUint32(start + 1, index);
    offsets.set([start, start + 33, start + 33, start + bytesPerRecord], 4 * index);
  }
  const groups = Uint32Array.from({ length: count }, (_, index) => index % groupCount);
  return { bytes, offsets, ...(groupCount > 1 ? { groups, groupCount } : {}) };
}

function nobleCase(bytesPerRecord) {
  const { bytes } = sampleBatch(bytesPerRecord, nobleRecords);
  const messages = Array.from({ length: nobleRecords }, (_, index) => {
    const record = bytes.subarray(index * bytesPerRecord, (index + 1) * bytesPerRecord);
    return encodeRecord(record.subarray(0, 33), record.subarray(33));
  });
  return async () => {
    let sum = ristretto255.Point.ZERO;
    for (const message of messages) sum = sum.add(ristretto255_hasher.hashToCurve(message, { DST: defaultDomain }));
    return nobleRecords;
  };
}

function backendCase(backend, batch, batches = batchesPerRound) {
  return async () => {
    for (let call = 0; call < batches; call++) await backend.sum(batch);
    return (batch.offsets.length / 4) * batches;
  };
}

const cases = [];
for (const bytes of [100, 150, 400]) {
  cases.push({ backend: 'noble', what: `${bytes} bytes`, baseline: `${bytes}`, run: nobleCase(bytes), rates: [] });
}
const refused = [];
for (const name of ['wasm', 'wasm-simd']) {
  let backend;
  try {
    backend = await createBackend({ backend: name });
  } catch (error) {
    refused.push(error.message);
    continue;
  }
  const shapes = [100, 150, 400].map((bytes) => [`${bytes} bytes`, bytes, sampleBatch(bytes)]);
  shapes.push(['150 bytes, 250 groups in turn', 150, sampleBatch(150, recordsPerBatch, 250)]);
  shapes.push(['150 bytes, each its own group', 150, sampleBatch(150, recordsPerBatch, recordsPerBatch)]);
  for (const [what, bytes, batch] of shapes) {
    cases.push({ backend: name, what, baseline: `${bytes}`, run: backendCase(backend, batch), rates: [] });
  }
  if (options.has('million')) {
    const run = backendCase(backend, sampleBatch(150, 1_000_000), 1);
    cases.push({ backend: name, what: '150 bytes, a million records in one call', baseline: '150', run, rates: [] });
  }
}

const check = sampleBatch(150, 9);
const expected = Array.from({ length: 9 }, (_, index) => check.bytes.subarray(150 * index, 150 * index + 150)).reduce(
  (sum, record) => sum.add(EllipticSum.ofRecord(record.subarray(0, 33), record.subarray(33))),
  EllipticSum.zero,
);
for (const backend of ['wasm', 'wasm-simd']) {
  if (!cases.some((one) => one.backend === backend)) continue;
  const own = await createBackend({ backend });
  const sum = EllipticSum.fromUncompressed(await own.sum(check));
  if (!sum.equals(expected)) throw new Error(`${backend} gives other sums`);
}

const isLong = ({ what }) => what.includes('million');
const warmUntil = performance.now() + 3000;
while (performance.now() < warmUntil) for (const one of cases) if (!isLong(one)) await one.run();
for (let round = 0; round < rounds; round++) {
  for (const { run, rates } of cases) {
    const start = performance.now();
    const records = await run();
    rates.push(records / ((performance.now() - start) / 1000));
  }
}

const baselines = new Map(
  cases.filter(({ backend }) => backend === 'noble').map(({ baseline, rates }) => [baseline, median(rates)]),
);
const title = `Node ${process.version}${flags.length > 0 ? ` ${flags.join(' ')}` : ''}`;
console.log(`## ${title}\n`);
console.log(
  `${cpus()[0]?.model.trim()}, median of ${rounds} alternating rounds, batches of ${recordsPerBatch} records\n`,
);
for (const message of refused) console.log(`${message}\n`);
console.log('| backend | records | records/s, median | best | times noble |');
console.log('|---|---|---|---|---|');
for (const { backend, what, baseline, rates } of cases) {
  const rate = median(rates);
  const ratio = (rate / baselines.get(baseline)).toFixed(1);
  const [middle, best] = [rate, Math.max(...rates)].map((number) => Math.round(number / 10) * 10);
  console.log(`| ${backend} | ${what} | ${middle} | ${best} | ${ratio} |`);
}
