/**
 * The noble backend against bare noble: `hashToCurve` of the encoded record plus one addition, on the same records.
 *
 * `npm run build && npm run bench` prints a table; rounds of both alternate and medians are compared.
 */
import { cpus } from 'node:os';
import { createNobleBackend, defaultDomain, EllipticSum, encodeRecord, packRecords } from '@hs/ellipticsum';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';

const rounds = 9;
const recordsPerRound = 1000;

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

function sampleRecords(bytesPerRecord, round) {
  return Array.from({ length: recordsPerRound }, (_, index) => {
    const bytes = Uint8Array.from({ length: bytesPerRecord }, (_, at) => (index * 31 + at * 7 + round * 13) & 255);
    new DataView(bytes.buffer).setUint32(1, index + round * recordsPerRound);
    return [bytes.slice(0, 33), bytes.slice(33)];
  });
}

async function perSecond(work) {
  const start = performance.now();
  const result = await work();
  return { result, rate: recordsPerRound / ((performance.now() - start) / 1000) };
}

async function compare(bytesPerRecord, groupCount) {
  const backend = createNobleBackend();
  const bareRates = [];
  const backendRates = [];
  for (let round = -1; round < rounds; round++) {
    const records = sampleRecords(bytesPerRecord, round);
    const messages = records.map(([key, value]) => encodeRecord(key, value));
    const groups = Uint32Array.from(records, (_, index) => index % groupCount);
    const batch = { ...packRecords(records), groups, groupCount };
    const bare = await perSecond(() => {
      let sum = ristretto255.Point.ZERO;
      for (const message of messages) sum = sum.add(ristretto255_hasher.hashToCurve(message, { DST: defaultDomain }));
      return sum;
    });
    const own = await perSecond(() => backend.sum(batch));
    let total = EllipticSum.zero;
    for (let at = 0; at < own.result.length; at += 128) {
      total = total.add(EllipticSum.fromUncompressed(own.result.slice(at, at + 128)));
    }
    if (!total.equals(EllipticSum.decode(bare.result.toBytes()))) throw new Error('the sums differ');
    if (round < 0) continue;
    bareRates.push(bare.rate);
    backendRates.push(own.rate);
  }
  await backend.close();
  const [bare, own] = [median(bareRates), median(backendRates)];
  const numbers = [bytesPerRecord, groupCount, Math.round(bare), Math.round(own), (own / bare).toFixed(2)];
  console.log(`| ${numbers.join(' | ')} |`);
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model.trim()}, ${recordsPerRound} records a round, median of ${rounds} alternating rounds\n`,
);
console.log('| bytes a record | groups | bare noble, records/s | noble backend, records/s | ratio |');
console.log('|---|---|---|---|---|');
for (const bytes of [100, 150, 400]) await compare(bytes, 1);
for (const groups of [50, recordsPerRound]) await compare(150, groups);
