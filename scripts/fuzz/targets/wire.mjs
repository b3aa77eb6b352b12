import { built, bytes, refusals } from '../load.mjs';

const hash = new Uint8Array(32).fill(0x11);
const otherHash = new Uint8Array(32).fill(0x22);
const key33 = Uint8Array.of(2, ...hash);
const bls = new Uint8Array(48).fill(0x33);
const none = new Uint8Array(0);

const aggregateSignature = { signers: Uint8Array.of(5), signature: bls };
const certificate = { blockHash: hash, proposedInView: 300n, aggregateSignature };
const start = { previousBlockHash: hash, transactionMerkleRoot: otherHash };
const staked = {
  version: 2,
  ...start,
  timestampNanos: 1_700_000_000_000_000_000n,
  height: 400_000,
  proposerVotingPublicKey: new Uint8Array(96).fill(4),
  proposerRandomSeedSignature: bls,
  proposedInView: 301n,
  proposerVotePartialSignature: bls,
};
const headers = [
  { version: 0, ...start, timestampSeconds: 1_610_948_544, height: 1, nonce: 7 },
  { version: 1, ...start, timestampSeconds: 1_610_948_544, height: 300, nonce: 7n, extraNonce: 2n ** 60n },
  { ...staked, voteCertificate: certificate },
  {
    ...staked,
    timeoutCertificate: {
      timedOutView: 9n,
      highQuorumCertificate: certificate,
      highQuorumCertificateViews: [1n, 300n],
      aggregateSignature,
    },
  },
];
const transaction = {
  version: 1,
  inputs: [],
  outputs: [{ publicKey: key33, amountNanos: 300n }],
  type: 24,
  metadata: Uint8Array.of(1, 2),
  publicKey: key33,
  extraData: new Map([
    ['6162', Uint8Array.of(1)],
    ['63', none],
  ]),
  signature: bytes('3006020101020102'),
  feeNanos: 5n,
  nonce: { expirationBlockHeight: 200n, partialId: 2n ** 40n },
};
const oldTransaction = {
  ...transaction,
  version: 0,
  inputs: [{ transactionId: hash, index: 3 }],
  feeNanos: 0n,
  nonce: { expirationBlockHeight: 0n, partialId: 0n },
};
const blocks = headers.map((header, index) => ({
  header,
  transactions: [transaction, oldTransaction].slice(0, index),
  ...(index === 1 ? { blockProducerInfo: { publicKey: key33, signature: bytes('3001') } } : {}),
}));
const records = { bytes: bytes('050102aabb0502'), offsets: Uint32Array.of(0, 2, 2, 5, 5, 7, 7, 7) };
const noRecords = { bytes: none, offsets: new Uint32Array(0) };
const tip = { tipHash: otherHash, tipHeight: 300 };
const request = { requestId: 1, height: 300 };

const commonMessages = [
  {
    type: 'version',
    version: 2,
    services: 7n,
    timestampSeconds: -5n,
    nonce: 2n ** 63n,
    userAgent: 'Ärchitect',
    latestBlockHeight: 300,
    minFeeRateNanosPerKb: 1000n,
  },
  { type: 'verack', version: 0, nonceReceived: 12_345_678_910n },
  {
    type: 'verack',
    version: 1,
    nonceReceived: 1n,
    nonceSent: 2n,
    timestampMicros: 2n ** 50n,
    publicKey: bls,
    signature: bls,
  },
  { type: 'ping', nonce: 300n },
  { type: 'pong', nonce: 300n },
  { type: 'header', header: headers[1] },
  { type: 'get-headers', stopHash: new Uint8Array(32), locator: [hash, otherHash] },
  { type: 'header-bundle', headers, ...tip },
  { type: 'get-blocks', hashes: [hash] },
  { type: 'block', block: blocks[1] },
  { type: 'block-bundle', blocks, ...tip },
  { type: 'validator-vote', votingPublicKey: bls, blockHash: hash, proposedInView: 300n, votePartialSignature: bls },
  {
    type: 'validator-timeout',
    votingPublicKey: bls,
    timedOutView: 3n,
    highQuorumCertificate: certificate,
    timeoutPartialSignature: bls,
  },
  { type: 'transaction', transaction },
  {
    type: 'inv',
    items: [
      { kind: 'transaction', hash },
      { kind: 'block', hash: otherHash },
    ],
    isSyncResponse: true,
  },
  { type: 'get-transactions', hashes: [hash, otherHash] },
  { type: 'transaction-bundle', transactions: [oldTransaction, oldTransaction] },
  { type: 'transaction-bundle-v2', transactions: [transaction, oldTransaction] },
  { type: 'mempool' },
  { type: 'get-addr' },
  { type: 'addr', addresses: [{ lastSeenSeconds: 1n, services: 7n, ip: Uint8Array.of(127, 0, 0, 1), port: 17_000 }] },
];
const epoch = {
  snapshotBlockHeight: 1000,
  firstSnapshotBlockHeight: 0,
  currentEpochChecksum: hash,
  currentEpochBlockHash: otherHash,
};
const goMessages = [
  { type: 'get-snapshot', startKey: Uint8Array.of(5) },
  { type: 'snapshot-data', epoch, records, isFull: true, prefix: Uint8Array.of(5) },
];
const extendedMessages = [
  { type: 'get-snapshot', ...request, startKey: Uint8Array.of(5), endKey: Uint8Array.of(6), maxBytes: 65_536 },
  { type: 'snapshot-data', ...request, isAvailable: true, nextKey: Uint8Array.of(5, 3), records },
  { type: 'snapshot-data', ...request, isAvailable: false, nextKey: none, records: noRecords },
  { type: 'get-page-list', ...request },
  { type: 'page-list', ...request, hashes: [hash] },
  { type: 'get-page', ...request, index: 2 },
  { type: 'page', ...request, index: 2, page: Uint8Array.of(1, 0) },
  { type: 'snapshot-lease', height: 300, durationMs: 60_000 },
  { type: 'get-state-checksums', requestId: 1 },
  {
    type: 'state-checksums',
    requestId: 1,
    snapshots: [
      { height: 300, blockHash: hash, prefixes: [{ prefix: 5, records: 3, bytes: 12, checksum: otherHash }] },
      { height: 600, blockHash: otherHash, prefixes: [] },
    ],
  },
];
const dictionary = [
  hash,
  new Uint8Array(32),
  key33,
  Uint8Array.of(0x30),
  Uint8Array.of(0, 0, 0, 2),
  bytes('3006020101020102'),
];

export async function wireTargets() {
  const {
    createBlockCodec,
    createMessageCodec,
    desoHeaderCodec,
    encodeFrame,
    FrameDecoder,
    messageTypes,
    signatureCodec,
    transactionCodec,
  } = await built('packages/wire/dist/index.js');
  const isRefusal = refusals('WireError', 'WIRE_');
  const types = [...Object.values(messageTypes), 0, 23, 1_000_000];

  const messages = (layout, list) => {
    const codec = createMessageCodec({ header: desoHeaderCodec, layout });
    // The first byte says of which type the rest is the payload.
    const frameOf = (input) => ({ type: types[input[0] % types.length], payload: input.subarray(1) });
    const inputOf = ({ type, payload }) => Uint8Array.of(types.indexOf(type), ...payload);
    return {
      name: `wire-${layout}-messages`,
      seeds: list.map((message) => inputOf(codec.encode(message))),
      dictionary,
      decode(input) {
        return input.length === 0 ? undefined : codec.decode(frameOf(input));
      },
      encode: (message) => (message === undefined ? new Uint8Array(0) : inputOf(codec.encode(message))),
      // Nothing is no message, and one byte is the type of one.
      canContinue: false,
      isRefusal: (error) => isRefusal(error),
    };
  };

  const codecTarget = (name, codec, seeds) => ({
    name,
    seeds: seeds.map((value) => codec.encode(value)),
    dictionary,
    decode: (input) => codec.decode(input),
    encode: (value) => codec.encode(value),
    isRefusal,
  });

  // A checksum of zeros lets the fuzzer get past it.
  const sha256 = Object.assign(() => new Uint8Array(32), {
    create: () => ({ update() {}, digest: () => new Uint8Array(32) }),
  });
  const encodeFrames = (frames) =>
    new Uint8Array(Buffer.concat(frames.map((frame) => encodeFrame(frame, { network: 2, sha256 }))));
  const framesOf = (input, pieceBytes) => {
    const maxPayloadBytes = (type) => (type < 1_000 ? 600 : undefined);
    const decoder = new FrameDecoder({ network: 2, maxPayloadBytes, sha256 });
    const frames = [];
    try {
      for (let at = 0; at < input.length; at += pieceBytes) {
        frames.push(...decoder.push(input.subarray(at, at + pieceBytes)));
      }
      return { frames };
    } catch (error) {
      return { frames, error };
    }
  };
  const stream = {
    name: 'wire-frames',
    maxBytes: 1_024,
    seeds: [
      encodeFrame({ type: 8, payload: Uint8Array.of(1) }, { network: 2, sha256 }),
      Buffer.concat(
        [18, 14, 300].map((type) => encodeFrame({ type, payload: new Uint8Array(type) }, { network: 2, sha256 })),
      ),
    ],
    dictionary: [Uint8Array.of(2), new Uint8Array(8), Uint8Array.of(2, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)],
    decode(input) {
      const cut = framesOf(input, 1 + (input.length % 13));
      const whole = framesOf(input, input.length);
      // The call that fails keeps the frames that it completed before to itself.
      const isSame =
        cut.error?.code === whole.error?.code &&
        (cut.error !== undefined || Buffer.compare(encodeFrames(cut.frames), encodeFrames(whole.frames)) === 0);
      if (!isSame) throw new Error('where the stream is cut makes a difference');
      if (cut.error !== undefined) throw cut.error;
      return { frames: cut.frames };
    },
    encode: ({ frames }) => encodeFrames(frames),
    canContinue: true,
    isRefusal,
  };

  const header = {
    encode: (value) => desoHeaderCodec.encode(value),
    decode(input) {
      const { header: value, end } = desoHeaderCodec.decode(input, 0);
      if (end !== input.length)
        throw Object.assign(new Error('more than a header'), { name: 'WireError', code: 'WIRE_REST' });
      return value;
    },
  };

  return [
    messages('go', [...commonMessages, ...goMessages]),
    messages('extended', [...commonMessages, ...extendedMessages]),
    codecTarget('wire-transaction', transactionCodec, [transaction, oldTransaction]),
    codecTarget('wire-block', createBlockCodec(desoHeaderCodec), blocks),
    codecTarget('wire-header', header, headers),
    {
      ...codecTarget('wire-signature', signatureCodec, [
        { compact: new Uint8Array(64).fill(0xf1) },
        { compact: new Uint8Array(64).fill(1), recoveryId: 2 },
      ]),
      isCanonical: true,
      maxBytes: 100,
    },
    stream,
  ];
}
