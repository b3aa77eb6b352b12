import { createHash } from 'node:crypto';
import { built, bytes, internals, refusals, utf8 } from '../load.mjs';

const generator = bytes('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76');

export async function ellipticsumTargets() {
  const { createBackend, EllipticSum } = await built('packages/ellipticsum/dist/index.js');
  const files = await built('packages/ellipticsum/dist/record-file.js');
  const partialSums = await internals('partial-sum', ['packages/ellipticsum/src/record-file/partial-sum.ts']);
  const { parseCommandLine } = await internals('ellipticsum-cli', ['packages/ellipticsum/src/node/cli/arguments.ts']);
  const { parseExpectation } = await internals('expectation', ['examples/verify-checksum/src/core/expectation.ts']);
  const snapshotFile = await smallSnapshotFile();
  const wasm = await createBackend({ backend: 'wasm' });
  const noble = await createBackend({ backend: 'noble' });
  /** What both backends make of the same bytes: a result, or an error at the same index. */
  const agreed = async (call) => {
    const outcomes = await Promise.allSettled([wasm, noble].map(call));
    const [one, other] = outcomes.map(({ value, reason }) =>
      value === undefined ? `${reason.code} ${reason.details?.index}` : Buffer.from(value).toString('hex'),
    );
    if (one !== other) throw new Error(`wasm gives ${one}, noble ${other}`);
    if (outcomes[0].status === 'rejected') throw outcomes[0].reason;
    return outcomes[0].value;
  };
  const isRefusal = refusals('EllipticSumError', 'ELLIPTICSUM_');
  const sum = EllipticSum.ofRecord(Uint8Array.of(1), Uint8Array.of(2));

  const limits = { maxKeyBytes: 300, maxValueBytes: 300, maxBatchRecords: 3, maxBatchBytes: 200 };
  const recordFile = (format, options) => ({
    name: `ellipticsum-records-${format}`,
    maxBytes: 1_024,
    canContinue: true,
    isRefusal,
    ...options,
    /** Records as pairs, read in pieces of a size that the input chooses. */
    decode(input) {
      const parser = files.createRecordParser({ ...limits, format });
      const batches = [];
      const pieceBytes = 1 + (input.length % 17);
      for (let at = 0; at < input.length; at += pieceBytes)
        batches.push(...parser.push(input.slice(at, at + pieceBytes)));
      batches.push(...parser.finish());
      return batches.flatMap(({ bytes: batch, offsets }) =>
        Array.from({ length: offsets.length / 4 }, (_, index) => {
          const [keyStart, keyEnd, valueStart, valueEnd] = offsets.subarray(4 * index, 4 * index + 4);
          return [batch.slice(keyStart, keyEnd), batch.slice(valueStart, valueEnd)];
        }),
      );
    },
  });
  const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);
  const encodeBinary = (pairs) =>
    Uint8Array.from(
      pairs.flatMap(([key, value]) => [...varint(key.length), ...key, ...varint(value.length), ...value]),
    );
  const hex = (part) => Buffer.from(part).toString('hex');
  const encodeLines = (pairs) =>
    utf8(pairs.map(([key, value]) => `${JSON.stringify({ key: hex(key), value: hex(value) })}\n`).join(''));
  const pairs = [
    [Uint8Array.of(5, 1), Uint8Array.of(1, 2, 3)],
    [Uint8Array.of(5, 2), new Uint8Array(0)],
    [Uint8Array.of(6), new Uint8Array(200)],
  ];
  return [
    {
      name: 'ellipticsum-sum',
      seeds: [generator, sum.encode(), new Uint8Array(32)],
      maxBytes: 40,
      decode: (input) => EllipticSum.decode(input),
      encode: (value) => value.encode(),
      isCanonical: true,
      isRefusal,
    },
    {
      name: 'ellipticsum-uncompressed-sum',
      seeds: [sum.toUncompressed(), EllipticSum.zero.toUncompressed()],
      maxBytes: 140,
      decode: (input) => EllipticSum.fromUncompressed(input),
      encode: (value) => value.toUncompressed(),
      isRefusal,
    },
    {
      name: 'ellipticsum-backend-sums',
      seeds: [generator, new Uint8Array(64).fill(0), Uint8Array.of(...generator, ...sum.encode())],
      maxBytes: 96,
      // Other points of the same sum are equal only when they are encoded.
      decode: (input) => agreed(async (backend) => backend.encode(await backend.decode(input))),
      encode: (encoded) => encoded,
      isCanonical: true,
      // Thirty-two bytes more may be another sum.
      canContinue: true,
      isRefusal,
    },
    recordFile('binary', { seeds: [encodeBinary(pairs)], encode: encodeBinary }),
    recordFile('jsonl', {
      seeds: [encodeLines(pairs)],
      encode: encodeLines,
      dictionary: ['"key"', '"value"', ':', ',', '{', '}', '\\u0030', '\n', '\r\n', 'null', '""'].map(utf8),
    }),
    {
      name: 'ellipticsum-partial-sum',
      seeds: [[], [{ prefix: 5, records: 1, bytes: 2, sum: sum.encode() }]].map((prefixes) =>
        utf8(partialSums.encodePartialSum(partialSums.completePartialSum('d', prefixes))),
      ),
      dictionary: ['"domain"', '"prefixes"', '"records"', '"sum"', '0', '1', 'null', '[]', '{}', '-1', '1e9'].map(utf8),
      maxBytes: 2_048,
      canContinue: true,
      decode: (input) => partialSums.decodePartialSum(Buffer.from(input).toString('utf8')),
      encode: (value) => utf8(partialSums.encodePartialSum(value)),
      isRefusal,
    },
    {
      name: 'ellipticsum-snapshot-file',
      seeds: [snapshotFile],
      async decode(input) {
        const pieceBytes = 1 + (input.length % 97);
        async function* pieces() {
          for (let at = 0; at < input.length; at += pieceBytes) yield input.subarray(at, at + pieceBytes);
        }
        const reader = await files.readSnapshotFile(pieces(), { maxManifestBytes: 2_048, maxBlockBytes: 2_048 });
        for await (const range of reader.ranges()) range.records();
      },
      isRefusal,
    },
    {
      name: 'ellipticsum-arguments',
      maxBytes: 256,
      // Arguments with line ends between them.
      seeds: [
        `verify\nfile\n--format\nsnapshot\n--expect-snapshot-root\n${'1a'.repeat(32)}`,
        'sum\n-\n--ascending\n--max-key-bytes\n300\n--threads\nall\n--backend\nnoble\n--domain\ntag\n--no-progress\n--json',
        'merge\na\nb\n--no-prefix',
        `verify\n--expect-total\n${hex(generator)}`,
        '--version',
        'sum\n--help',
      ].map(utf8),
      dictionary: ['\n', '--', '=', '-', '0', '1', '-1', '9'.repeat(20)].map(utf8),
      canContinue: true,
      isRefusal: (error) => error?.exitCode === 2,
      decode: (input) => {
        parseCommandLine(Buffer.from(input).toString('utf8').split('\n'));
      },
    },
    {
      name: 'verify-checksum-expectation',
      maxBytes: 128,
      seeds: ['', 'total:', 'root:', 'SNAPSHOT:'].map((kind) => utf8(`${kind}${'1A'.repeat(32)}`)),
      canContinue: true,
      isRefusal: refusals('RangeError', undefined),
      decode: (input) => parseExpectation(Buffer.from(input).toString('latin1')),
      encode: ({ kind, hex: digits }) => utf8(kind === undefined ? digits : `${kind}:${digits}`),
    },
  ];
}

/** Two ranges, with hashes that are real. */
async function smallSnapshotFile() {
  const files = await internals('snapshot-file-encoder', ['internal/bytes/src/index.ts']);
  const sha256 = (input) => new Uint8Array(createHash('sha256').update(input).digest());
  const entries = [
    { start: Uint8Array.of(5), depth: 8, count: 2, bytes: 7, sum: generator },
    { start: Uint8Array.of(6, 0x80), depth: 9, count: 1, bytes: 2, sum: generator },
  ];
  const page = files.encodeManifestPage(entries);
  const identity = new Uint8Array(32).fill(7);
  const snapshot = { identity, height: 300, pageHashes: [files.manifestPageHash(page, sha256)] };
  const snapshotRoot = files.manifestRoot(snapshot, sha256);
  const head = files.encodeSnapshotFileHead(
    { identity, height: 300, stateRoot: identity, snapshotRoot, pages: [page], entries },
    sha256,
  );
  const blocks = [
    { bytes: Uint8Array.of(5, 1, 2, 5, 2, 7, 7), offsets: Uint32Array.of(0, 2, 2, 3, 3, 5, 5, 7) },
    { bytes: Uint8Array.of(6, 0x80), offsets: Uint32Array.of(0, 2, 2, 2) },
  ].map((packed, index) => files.encodeBlock([packed], entries[index]));
  return new Uint8Array(Buffer.concat([head, ...blocks]));
}
