import { createHash } from 'node:crypto';
import { built, internals, refusals } from '../load.mjs';

const digest = (input) => new Uint8Array(createHash('sha256').update(input).digest());
const sum = new Uint8Array(32).fill(7);

export async function ancestralRecordsTargets() {
  const bytes = await internals('bytes', ['internal/bytes/src/index.ts']);
  const metadata = await internals('metadata', [
    'packages/ancestral-records/src/metadata.ts',
    'packages/ancestral-records/src/download.ts',
    'packages/ancestral-records/src/layout.ts',
    'packages/ancestral-records/src/parameters.ts',
    'packages/ancestral-records/src/unproved/unproved-download.ts',
  ]);
  const { readSnapshotStream } = await built('packages/ancestral-records/dist/index.js');
  const isRefusal = refusals('AncestralRecordsError', 'ANCESTRAL_RECORDS_');
  const problem = (detail) => Object.assign(new Error(detail), { name: 'Problem', code: 'PROBLEM' });
  const isProblem = refusals('Problem', 'PROBLEM');

  const summary = { count: 3, bytes: 300, sum: new Uint8Array(128).fill(1), checksum: sum };
  const stored = (name, { encode, decode, seeds }) => ({
    name: `ancestral-records-${name}`,
    seeds: seeds.map(encode),
    decode,
    encode,
    isRefusal,
  });

  const entries = [
    { start: Uint8Array.of(5), depth: 8, count: 2, bytes: 10, sum },
    { start: Uint8Array.of(6, 0x80), depth: 9, count: 1, bytes: 2, sum },
  ];
  // Hashes of zeros let the fuzzer get past them.
  const sha256 = () => new Uint8Array(32);
  const head = (list) => {
    const pages = [bytes.encodeManifestPage(list)];
    return bytes.encodeSnapshotFileHead(
      { identity: sum, height: 300, stateRoot: sum, snapshotRoot: new Uint8Array(32), pages, entries: list },
      sha256,
    );
  };
  const realHead = (list) =>
    bytes.encodeSnapshotFileHead(
      {
        identity: sum,
        height: 300,
        stateRoot: sum,
        snapshotRoot: bytes.manifestRoot(
          { identity: sum, height: 300, pageHashes: [bytes.manifestPageHash(bytes.encodeManifestPage(list), digest)] },
          digest,
        ),
        pages: [bytes.encodeManifestPage(list)],
        entries: list,
      },
      digest,
    );
  const limits = { maxManifestBytes: 2_048, maxBlockBytes: 2_048 };
  const parameters = metadata.withDefaults({ identity: sum, statePrefixes: [5, 6] });
  const shortKeys = { ...parameters, maxKeyBytes: 16, snapshotPeriod: 100 };
  /** A database in which `entries` are, as far as what a store reads when it opens goes. */
  const diskOf = (stored) => ({
    get: async (key) => stored.find(([at]) => Buffer.compare(at, key) === 0)?.[1],
    getMany: async (keys) => keys.map((key) => stored.find(([at]) => Buffer.compare(at, key) === 0)?.[1]),
    async *scan({ gte, lt }) {
      yield stored.filter(([at]) => Buffer.compare(at, gte) >= 0 && Buffer.compare(at, lt) < 0);
    },
  });
  /** Values, each after its length in one byte. */
  const valuesIn = (input) => {
    const values = [];
    for (let at = 0; at < input.length; at += 1 + input[at]) values.push(input.slice(at + 1, at + 1 + input[at]));
    return values;
  };
  const valuesOf = (values) => Uint8Array.from(values.flatMap((value) => [value.length, ...value]));
  const page = bytes.encodeManifestPage(entries);
  const target = (more) => metadata.targetWrite({ height: 300, checksum: sum, ...more }).value;
  const interval = (prefix, state, pages) =>
    metadata.intervalWrite({ ...metadata.emptyInterval(prefix, state), records: 3, bytes: 12, pages }).value;
  const whole = (list, blocks) => new Uint8Array(Buffer.concat([realHead(list), ...blocks]));
  const isCorrupt = (error) => isRefusal(error) && error.code === 'ANCESTRAL_RECORDS_CORRUPT';
  return [
    {
      name: 'ancestral-records-format',
      seeds: [metadata.encodeFormat(parameters)],
      decode: (input) => metadata.checkFormat(input, parameters),
      encode: () => metadata.encodeFormat(parameters),
      isCanonical: true,
      isRefusal,
    },
    {
      name: 'ancestral-records-marks',
      // The record of the download, a page, and then keys that are marks or not.
      seeds: [
        valuesOf([metadata.encodeDownload(300, 1), page, metadata.markKey(entries[0].start, shortKeys.maxKeyBytes)]),
        valuesOf([metadata.encodeDownload(300, 1), bytes.encodeManifestPage([])]),
      ],
      // More pages than any database has.
      hints: [valuesOf([metadata.encodeDownload(300, 0xffff_ffff), page])],
      canContinue: true,
      decode(input) {
        const [record = new Uint8Array(0), first = new Uint8Array(0), ...keys] = valuesIn(input);
        const disk = diskOf([
          [metadata.downloadKey, record],
          [metadata.downloadPageKey(0), first],
          ...keys.map((key) => [key, Uint8Array.of(1)]),
        ]);
        return metadata.loadDownload({ disk, parameters: shortKeys });
      },
      isRefusal: isCorrupt,
    },
    {
      name: 'ancestral-records-unproved',
      // The record of the download, two intervals, and pages of the first.
      seeds: [
        valuesOf([target({}), interval(5, 'dirty', 0), interval(6, 'whole', 0)]),
        valuesOf([
          target({ parts: [{ prefix: 5, records: 3, bytes: 12, checksum: sum }] }),
          interval(5, 'dirty', 1),
          interval(6, 'clearing', 2),
          bytes.encodeManifestPage(entries.slice(0, 1)),
        ]),
      ],
      canContinue: true,
      decode(input) {
        const [record, first, second, ...pages] = valuesIn(input);
        const stored = [
          [metadata.unprovedKey, record],
          [metadata.unprovedIntervalKey(5), first],
          [metadata.unprovedIntervalKey(6), second],
          ...pages.map((value, index) => [metadata.unprovedPageKey(5, index), value]),
        ];
        return metadata.loadUnproved({ disk: diskOf(stored.filter(([, value]) => value !== undefined)), parameters });
      },
      isRefusal: isCorrupt,
    },
    {
      name: 'snapshot-file-stream',
      // The hash of the head is real: what lies behind it is reached by leaving it alone.
      seeds: [
        whole([], []),
        whole(entries, [
          bytes.encodeBlock(
            [{ bytes: Uint8Array.of(5, 1, 2, 5, 2, 7, 7, 7, 7, 7), offsets: Uint32Array.of(0, 2, 2, 3, 3, 5, 5, 10) }],
            entries[0],
          ),
          bytes.encodeBlock([{ bytes: Uint8Array.of(6, 0x80), offsets: Uint32Array.of(0, 2, 2, 2) }], entries[1]),
        ]),
      ],
      async decode(input) {
        const pieceBytes = 1 + (input.length % 97);
        async function* pieces() {
          for (let at = 0; at < input.length; at += pieceBytes) yield input.subarray(at, at + pieceBytes);
        }
        const stream = await readSnapshotStream(pieces(), limits);
        for await (const { load } of stream.ranges()) await load();
      },
      isRefusal,
    },
    stored('tip', {
      encode: metadata.encodeTip,
      decode: metadata.decodeTip,
      seeds: [{ phase: 'ready', height: 300, target: 0, stateRoot: sum }],
    }),
    stored('summary', { encode: metadata.encodeSummary, decode: metadata.decodeSummary, seeds: [summary] }),
    stored('snapshot', {
      encode: metadata.encodeSnapshot,
      decode: metadata.decodeSnapshot,
      seeds: [
        { height: 300, stateRoot: sum, manifest: { root: sum, pageCount: 2 }, summaries: new Map([[5, summary]]) },
        { height: 300, stateRoot: sum, manifest: undefined, summaries: new Map() },
      ],
    }),
    stored('download', {
      encode: ({ height, pageCount }) => metadata.encodeDownload(height, pageCount),
      decode: metadata.decodeDownload,
      seeds: [{ height: 300, pageCount: 3 }],
    }),
    {
      name: 'manifest-page',
      seeds: [[], entries].map(bytes.encodeManifestPage),
      decode: (input) => bytes.decodeManifestPage(input, problem),
      encode: bytes.encodeManifestPage,
      isCanonical: true,
      isRefusal: isProblem,
    },
    {
      name: 'manifest-pages',
      seeds: [[], entries].map(bytes.encodeManifestPage),
      decode: (input) => bytes.decodeManifestPages([input], problem),
      encode: bytes.encodeManifestPage,
      isCanonical: true,
      isRefusal: isProblem,
    },
    {
      name: 'snapshot-file-head',
      seeds: [head([]), head(entries)],
      canContinue: true,
      decode(input) {
        let at = 0;
        const take = async (length) => {
          const taken = input.slice(at, at + length);
          at += length;
          return taken;
        };
        const fail = ({ detail }) => problem(detail);
        const decode = ({ pages }) => ({ entries: bytes.decodeManifestPages(pages, problem), pages });
        return bytes.readSnapshotFileHead(take, { sha256, fail, limits, decode });
      },
      encode: ({ manifest: { pages, entries: list }, ...content }) =>
        bytes.encodeSnapshotFileHead({ ...content, pages, entries: list }, sha256),
      isRefusal: isProblem,
    },
    {
      name: 'snapshot-file-block',
      // The first byte is one less than the number of records; the entry claims the bytes that are there.
      seeds: [Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 5, 1, 2, 6)],
      decode(input) {
        const count = 1 + ((input[0] ?? 0) & 31);
        const block = input.subarray(1);
        if (block.length < 8 * count) throw problem('shorter than its table');
        const entry = { count, bytes: block.length - 8 * count };
        return { count, packed: bytes.decodeBlock(block, entry, problem), entry };
      },
      encode: ({ count, packed, entry }) => Uint8Array.of(count - 1, ...bytes.encodeBlock([packed], entry)),
      isRefusal: isProblem,
    },
  ];
}
