import { internals, refusals } from '../load.mjs';

const sum = new Uint8Array(32).fill(7);

export async function ancestralRecordsTargets() {
  const bytes = await internals('bytes', ['internal/bytes/src/index.ts']);
  const metadata = await internals('metadata', ['packages/ancestral-records/src/metadata.ts']);
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
  const limits = { maxManifestBytes: 2_048, maxBlockBytes: 2_048 };
  return [
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
