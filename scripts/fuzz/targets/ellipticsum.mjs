import { built, bytes, internals, refusals, utf8 } from '../load.mjs';

const generator = bytes('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76');

export async function ellipticsumTargets() {
  const { EllipticSum } = await built('packages/ellipticsum/dist/index.js');
  const files = await built('packages/ellipticsum/dist/record-file.js');
  const partialSums = await internals('partial-sum', ['packages/ellipticsum/src/record-file/partial-sum.ts']);
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
  ];
}
