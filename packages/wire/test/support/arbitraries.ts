import fc from 'fast-check';
import type {
  AggregateSignature,
  Block,
  DesoHeader,
  ExtendedMessage,
  GoMessage,
  PackedRecords,
  QuorumCertificate,
  Transaction,
} from '../../src/index.js';

type Arb<T> = fc.Arbitrary<T>;

const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const uint64 = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** 64n - 1n));
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
// Plain copies: the generator's own bytes are of another realm's class under jest.
const bytesOf = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Uint8Array.from(value));
const hash = bytesOf(32, 32);
const safeInteger = fc.maxSafeNat();
const empty = fc.constant(new Uint8Array(0));
const key33 = bytesOf(33, 33);
const small = { maxLength: 4 };

export const transaction: Arb<Transaction> = fc
  .record({
    inputs: fc.array(fc.record({ transactionId: hash, index: uint32 }), small),
    outputs: fc.array(fc.record({ publicKey: key33, amountNanos: uint64 }), small),
    type: uint32,
    metadata: bytesOf(0, 60),
    publicKey: fc.oneof(empty, key33),
    extraData: fc
      .array(fc.tuple(bytesOf(0, 6), bytesOf(0, 20)), { maxLength: 5 })
      .map((entries) => new Map(entries.map(([key, value]) => [Buffer.from(key).toString('hex'), value]))),
    signature: fc.oneof(
      empty,
      fc
        .tuple(fc.integer({ min: 0x30, max: 0x34 }), bytesOf(0, 71))
        .map(([first, rest]) => Uint8Array.of(first, ...rest)),
    ),
  })
  .chain((body) =>
    fc.oneof(
      fc.constant({ ...body, version: 0, feeNanos: 0n, nonce: { expirationBlockHeight: 0n, partialId: 0n } }),
      fc
        .record({
          version: fc.integer({ min: 1, max: 0xffff_ffff }),
          feeNanos: uint64,
          nonce: fc.record({ expirationBlockHeight: uint64, partialId: uint64 }),
        })
        .map((tail) => ({ ...body, ...tail })),
    ),
  );

const aggregateSignature: Arb<AggregateSignature> = fc.record({ signers: bytesOf(0, 5), signature: bytesOf(0, 48) });
const certificate: Arb<QuorumCertificate> = fc.record({ blockHash: hash, proposedInView: uint64, aggregateSignature });
const headerStart = { previousBlockHash: hash, transactionMerkleRoot: hash, height: uint32 };

export const header: Arb<DesoHeader> = fc.oneof(
  fc.record({ version: fc.constant(0 as const), ...headerStart, timestampSeconds: uint32, nonce: uint32 }),
  fc.record({
    version: fc.constant(1 as const),
    ...headerStart,
    timestampSeconds: uint32,
    nonce: uint64,
    extraNonce: uint64,
  }),
  fc
    .record({
      version: fc.constant(2 as const),
      ...headerStart,
      timestampNanos: int64,
      proposerVotingPublicKey: bytesOf(1, 96),
      proposerRandomSeedSignature: bytesOf(1, 48),
      proposedInView: uint64,
      proposerVotePartialSignature: bytesOf(0, 48),
    })
    .chain((base) =>
      fc.oneof(
        certificate.map((voteCertificate) => ({ ...base, voteCertificate })),
        fc
          .record({
            timedOutView: uint64,
            highQuorumCertificate: certificate,
            highQuorumCertificateViews: fc.array(uint64, small),
            aggregateSignature,
          })
          .map((timeoutCertificate) => ({ ...base, timeoutCertificate })),
      ),
    ),
);

export const block: Arb<Block<DesoHeader>> = fc
  .record({ header, transactions: fc.array(transaction, { maxLength: 3 }) })
  .chain((base) =>
    base.header.version === 0
      ? fc.constant(base)
      : fc.oneof(
          fc.constant(base),
          fc
            .record({ publicKey: bytesOf(0, 33), signature: bytesOf(0, 72) })
            .map((blockProducerInfo) => ({ ...base, blockProducerInfo })),
        ),
  );

/** Records as pairs, and packed with gaps between keys and values. */
export const records = (minLength: number): Arb<PackedRecords> =>
  fc
    .array(fc.tuple(bytesOf(1, 40), fc.oneof(bytesOf(0, 40), bytesOf(120, 140)), fc.nat(3)), {
      minLength,
      maxLength: 8,
    })
    .map(packWithGaps);

export function packWithGaps(entries: readonly (readonly [Uint8Array, Uint8Array, number])[]): PackedRecords {
  const parts: number[] = [];
  const offsets: number[] = [];
  for (const [key, value, gap] of entries) {
    parts.push(...new Uint8Array(gap));
    offsets.push(parts.length, parts.length + key.length);
    parts.push(...key, ...new Uint8Array(gap));
    offsets.push(parts.length, parts.length + value.length);
    parts.push(...value);
  }
  return { bytes: Uint8Array.from(parts), offsets: Uint32Array.from(offsets) };
}

const tip = { tipHash: hash, tipHeight: uint32 };
const hashes = fc.array(hash, small);
const type = <T extends string>(name: T) => fc.constant(name);

const common = [
  fc.record({
    type: type('version'),
    version: uint32,
    services: uint64,
    timestampSeconds: int64,
    nonce: uint64,
    userAgent: fc.string({ unit: 'grapheme', maxLength: 20 }),
    latestBlockHeight: uint32,
    minFeeRateNanosPerKb: uint64,
  }),
  fc.record({ type: type('verack'), version: fc.constant(0 as const), nonceReceived: uint64 }),
  fc.record({
    type: type('verack'),
    version: fc.constant(1 as const),
    nonceReceived: uint64,
    nonceSent: uint64,
    timestampMicros: fc.bigInt(2n ** 42n, 2n ** 64n - 1n),
    publicKey: bytesOf(0, 96),
    signature: bytesOf(0, 48),
  }),
  fc.record({ type: type('ping'), nonce: uint64 }),
  fc.record({ type: type('pong'), nonce: uint64 }),
  fc.record({ type: type('header'), header }),
  fc.record({ type: type('get-headers'), stopHash: hash, locator: hashes }),
  fc.record({ type: type('header-bundle'), headers: fc.array(header, small), ...tip }),
  fc.record({ type: type('get-blocks'), hashes }),
  fc.record({ type: type('block'), block }),
  fc.record({ type: type('block-bundle'), blocks: fc.array(block, { maxLength: 2 }), ...tip }),
  fc.record({
    type: type('validator-vote'),
    votingPublicKey: bytesOf(1, 96),
    blockHash: hash,
    proposedInView: uint64,
    votePartialSignature: bytesOf(1, 48),
  }),
  fc.record({
    type: type('validator-timeout'),
    votingPublicKey: bytesOf(1, 96),
    timedOutView: uint64,
    highQuorumCertificate: certificate,
    timeoutPartialSignature: bytesOf(1, 48),
  }),
  fc.record({ type: type('transaction'), transaction }),
  fc.record({
    type: type('inv'),
    items: fc.array(fc.record({ kind: fc.constantFrom('transaction' as const, 'block' as const), hash }), small),
    isSyncResponse: fc.boolean(),
  }),
  fc.record({ type: type('get-transactions'), hashes }),
  fc.record({
    type: type('transaction-bundle'),
    transactions: fc.array(
      transaction.filter(({ version }) => version === 0),
      { maxLength: 3 },
    ),
  }),
  fc.record({ type: type('transaction-bundle-v2'), transactions: fc.array(transaction, { maxLength: 3 }) }),
  fc.record({ type: type('mempool') }),
  fc.record({ type: type('get-addr') }),
  fc.record({
    type: type('addr'),
    addresses: fc.array(
      fc.record({
        lastSeenSeconds: uint64,
        services: uint64,
        ip: fc.oneof(bytesOf(4, 4), bytesOf(16, 16)),
        port: fc.nat(0xffff),
      }),
      small,
    ),
  }),
] as const;

export const goMessage: Arb<GoMessage<DesoHeader>> = fc.oneof(
  ...common,
  fc.record({ type: type('get-snapshot'), startKey: bytesOf(1, 40) }),
  fc.record({
    type: type('snapshot-data'),
    epoch: fc.record({
      snapshotBlockHeight: uint32,
      firstSnapshotBlockHeight: uint32,
      currentEpochChecksum: fc.oneof(empty, hash),
      currentEpochBlockHash: hash,
    }),
    records: records(1),
    isFull: fc.boolean(),
    prefix: bytesOf(0, 2),
  }),
);

/** A few values, ascending by a number that no two share. */
function ascending<T>(item: fc.Arbitrary<T>, numberOf: (value: T) => number): fc.Arbitrary<T[]> {
  const sort = (values: T[]): T[] => values.sort((a, b) => numberOf(a) - numberOf(b));
  return fc.uniqueArray(item, { selector: numberOf, maxLength: 4 }).map(sort);
}

const request = { requestId: uint32, height: uint32 };

export const extendedMessage: Arb<ExtendedMessage<DesoHeader>> = fc.oneof(
  ...common,
  fc.record({
    type: type('get-snapshot'),
    ...request,
    startKey: bytesOf(1, 40),
    endKey: bytesOf(0, 40),
    maxBytes: uint32,
  }),
  fc.record({
    type: type('snapshot-data'),
    ...request,
    isAvailable: fc.constant(true),
    nextKey: bytesOf(0, 40),
    records: records(0),
  }),
  fc.record({
    type: type('snapshot-data'),
    ...request,
    isAvailable: fc.constant(false),
    nextKey: empty,
    records: fc.constant({ bytes: new Uint8Array(0), offsets: new Uint32Array(0) }),
  }),
  fc.record({ type: type('get-page-list'), ...request }),
  fc.record({ type: type('page-list'), ...request, hashes }),
  fc.record({ type: type('get-page'), ...request, index: uint32 }),
  fc.record({ type: type('page'), ...request, index: uint32, page: bytesOf(0, 100) }),
  fc.record({ type: type('snapshot-lease'), height: uint32, durationMs: uint32 }),
  fc.record({ type: type('get-state-checksums'), requestId: uint32 }),
  fc.record({
    type: type('state-checksums'),
    requestId: uint32,
    snapshots: ascending(
      fc.record({
        height: uint32,
        blockHash: hash,
        prefixes: ascending(
          fc.record({ prefix: fc.nat(255), records: safeInteger, bytes: safeInteger, checksum: hash }),
          ({ prefix }) => prefix,
        ),
      }),
      ({ height }) => height,
    ),
  }),
);
