// Decoding and encoding snapshot data against a plain copy of its payload, and frames against SHA-256 alone.
// Run after a build: node bench/snapshot-data.mjs
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { createMessageCodec, desoHeaderCodec, encodeFrame, FrameDecoder, PayloadPool } from '../dist/index.js';

const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
const chunkBytes = 16 * 1024 * 1024;
const sha256 = Object.assign((bytes) => createHash('sha256').update(bytes).digest(), {
  create: () => createHash('sha256'),
});

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

/** Records of 128 bytes with their lengths, all alike, so that all pieces of 64 KiB of their frame but the first and the last are alike. */
function evenFrame() {
  const keyBytes = 34;
  const count = chunkBytes / 128;
  const bytes = Uint8Array.from({ length: 126 }, (_, index) => 7 * index);
  const offsets = new Uint32Array(4 * count);
  for (let index = 0; index < count; index++) offsets.set([0, keyBytes, keyBytes, 126], 4 * index);
  const message = {
    type: 'snapshot-data',
    requestId: 1,
    height: 1,
    isAvailable: true,
    nextKey: new Uint8Array(0),
    records: { bytes, offsets },
  };
  return codec.encode(message);
}

const frame = evenFrame();
const stream = encodeFrame(frame, { network: 2, sha256 });
const pieceBytes = 65_536;
// Like what a socket gives, a piece is in the processor's cache when it is pushed.
const middle = stream.slice(pieceBytes, 2 * pieceBytes);
const pieces = [];
for (let at = 0; at < stream.length; at += pieceBytes) {
  const piece = stream.subarray(at, at + pieceBytes);
  pieces.push(Buffer.compare(piece, middle) === 0 ? middle : piece);
}
const pool = new PayloadPool({ maxBytes: stream.length });

/** Reads the stream as a connection that stays, piece by piece, to packed records. */
function reader(options) {
  const decoder = new FrameDecoder({ network: 2, maxPayloadBytes: codec.maxPayloadBytes, ...options });
  return () => {
    for (const piece of pieces) {
      for (const each of decoder.push(piece)) {
        codec.decode(each);
        options.pool?.give(each.payload);
      }
    }
  };
}

const runs = {
  'SHA-256 of the payload, and of that': () => sha256(sha256(frame.payload)),
  'the same, and packed records from the payload': () => {
    sha256(sha256(frame.payload));
    codec.decode(frame);
  },
  'frame from pieces and packed records; memory used again': reader({ sha256, pool }),
  'the same, hashed at the end': reader({ sha256: (bytes) => sha256(bytes), pool }),
  'frame from pieces and packed records; fresh memory': reader({ sha256 }),
};
const times = medians(Object.values(runs));
console.log('\n## With the checksum of its frame\n\nSHA-256 is that of Node. Pieces have 64 KiB.\n');
row('', 'ms', 'rate / rate of SHA-256 alone');
row('---', '---', '---');
for (const [index, name] of Object.keys(runs).entries())
  row(name, times[index].toFixed(1), ratio(times[0], times[index]));
