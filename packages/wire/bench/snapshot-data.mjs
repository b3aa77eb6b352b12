// Decoding and encoding snapshot data against a plain copy of its payload, and frames against SHA-256 alone.
// Run after a build: node bench/snapshot-data.mjs
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { createMessageCodec, desoHeaderCodec, encodeFrame, FrameDecoder } from '../dist/index.js';

const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
const chunkBytes = 16 * 1024 * 1024;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

function packedRecords(keyBytes, valueBytes) {
  const recordBytes = keyBytes + valueBytes;
  const count = Math.floor(chunkBytes / recordBytes);
  const bytes = new Uint8Array(count * recordBytes);
  const offsets = new Uint32Array(4 * count);
  for (let index = 0; index < count; index++) {
    const start = index * recordBytes;
    new DataView(bytes.buffer).setUint32(start, index);
    offsets.set([start, start + keyBytes, start + keyBytes, start + recordBytes], 4 * index);
  }
  return { bytes, offsets };
}

/** Median milliseconds of each, run in turn so that all see the same machine. */
function medians(runs, rounds = 41) {
  const times = runs.map(() => []);
  for (let round = -5; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const start = performance.now();
      run();
      if (round >= 0) times[index].push(performance.now() - start);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[rounds >> 1]);
}

const ratio = (baseline, measured) => (baseline / measured).toFixed(2);
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

console.log(
  `# Snapshot data, 16 MiB of records\n\n${cpus()[0]?.model}, Node ${process.version}. Medians of 41 runs.\n`,
);
row(
  'key + value bytes',
  'records',
  'copy ms',
  'decode ms',
  'decode rate / copy rate',
  'encode ms',
  'encode rate / copy rate',
);
row('---', '---', '---', '---', '---', '---', '---');
for (const [keyBytes, valueBytes] of [
  [34, 30],
  [34, 100],
  [67, 400],
]) {
  const records = packedRecords(keyBytes, valueBytes);
  const message = {
    type: 'snapshot-data',
    requestId: 1,
    height: 1,
    isAvailable: true,
    nextKey: new Uint8Array(0),
    records,
  };
  const frame = codec.encode(message);
  const [copy, decode, encode] = medians([
    () => frame.payload.slice(),
    () => codec.decode(frame),
    () => codec.encode(message),
  ]);
  const count = records.offsets.length / 4;
  row(
    `${keyBytes} + ${valueBytes}`,
    count,
    copy.toFixed(2),
    decode.toFixed(2),
    ratio(copy, decode),
    encode.toFixed(2),
    ratio(copy, encode),
  );
}

const frame = codec.encode({
  type: 'snapshot-data',
  requestId: 1,
  height: 1,
  isAvailable: true,
  nextKey: new Uint8Array(0),
  records: packedRecords(34, 100),
});
const stream = encodeFrame(frame, { network: 2, sha256 });
const [hash, deframe] = medians(
  [
    () => sha256(sha256(frame.payload)),
    () => {
      const decoder = new FrameDecoder({ network: 2, maxPayloadBytes: codec.maxPayloadBytes, sha256 });
      for (let at = 0; at < stream.length; at += 65_536) {
        for (const each of decoder.push(stream.subarray(at, at + 65_536))) codec.decode(each);
      }
    },
  ],
  21,
);
console.log(
  `\nFrom 64 KiB pieces of the stream to packed records, with the frame checksum by the native SHA-256 of Node: ${deframe.toFixed(1)} ms, ` +
    `against ${hash.toFixed(1)} ms for that SHA-256 alone: ${ratio(hash, deframe)} of its rate.`,
);
