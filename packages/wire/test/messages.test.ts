import { describe, expect, test } from '@jest/globals';
import type { ExtendedSnapshotDataMessage, Limits, Message } from '../src/index.js';
import {
  createMessageCodec,
  desoHeaderCodec,
  goNodeLimits,
  type HeaderCodec,
  messageTypes,
  type PackedRecords,
} from '../src/index.js';
import { packWithGaps } from './support/arbitraries.js';
import { bytes, hex, thrownBy } from './support/hex.js';
import { pairs, plain } from './support/plain.js';

const go = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });
const extended = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
const hash = '11'.repeat(32);

function codeOf(run: () => unknown): string {
  return thrownBy(run).code ?? '';
}

function snapshotData(records: PackedRecords): ExtendedSnapshotDataMessage {
  return { type: 'snapshot-data', requestId: 1, height: 2, isAvailable: true, nextKey: new Uint8Array(0), records };
}

describe('layouts', () => {
  test('the manifest messages exist only in the extended layout', () => {
    for (const type of [64, 65, 66, 67, 68]) {
      expect(codeOf(() => go.decode({ type, payload: bytes('0102') }))).toBe('WIRE_UNKNOWN_MESSAGE_TYPE');
      expect(go.maxPayloadBytes(type)).toBeUndefined();
      expect(extended.maxPayloadBytes(type)).toBeGreaterThan(0);
    }
    const message = { type: 'get-page-list', requestId: 1, height: 2 } as const;
    expect(thrownBy(() => go.encode(message as unknown as Parameters<typeof go.encode>[0])).name).toBe('TypeError');
    expect(hex(extended.encode(message).payload)).toBe('0102');
  });

  test('a message of one layout is not encoded in the other', () => {
    const goRequest: Message<never> = { type: 'get-snapshot', startKey: bytes('05') };
    const extendedRequest: Message<never> = { ...goRequest, requestId: 1, height: 2, endKey: bytes(''), maxBytes: 3 };
    expect(thrownBy(() => go.encode(extendedRequest)).name).toBe('TypeError');
    expect(thrownBy(() => extended.encode(goRequest as never)).name).toBe('RangeError');
  });

  test('the extended snapshot messages and the manifest messages have these bytes', () => {
    const start = { requestId: 1, height: 300 };
    const part = (prefix: number) => ({ prefix, records: 3, bytes: 256, checksum: bytes(hash) });
    const samples: readonly (readonly [Parameters<typeof extended.encode>[0], string])[] = [
      [
        { type: 'get-snapshot', ...start, startKey: bytes('05'), endKey: bytes('0501'), maxBytes: 1000 },
        '01ac02' + '0105' + '020501' + 'e807',
      ],
      [
        { ...snapshotData(packWithGaps([[bytes('0501'), bytes('aa'), 1]])), ...start, nextKey: bytes('0502') },
        '01ac02' + '01' + '020502' + '01' + '020501' + '01aa',
      ],
      [{ ...snapshotData(packWithGaps([])), ...start, isAvailable: false }, '01ac02' + '00' + '00' + '00'],
      [{ type: 'get-page-list', ...start }, '01ac02'],
      [{ type: 'page-list', ...start, hashes: [bytes(hash)] }, `01ac0201${hash}`],
      [{ type: 'get-page', ...start, index: 5 }, '01ac0205'],
      [{ type: 'page', ...start, index: 5, page: bytes('0102') }, '01ac0205020102'],
      [{ type: 'snapshot-lease', height: 300, durationMs: 600_000 }, 'ac02c0cf24'],
      [{ type: 'get-state-checksums', requestId: 1 }, '01'],
      [
        {
          ...{ type: 'state-checksums', requestId: 1 },
          snapshots: [{ height: 300, blockHash: bytes(hash), prefixes: [part(5), part(200)] }],
        },
        `0101ac02${hash}0205038002${hash}c801038002${hash}`,
      ],
    ];
    for (const [message, expected] of samples) {
      const frame = extended.encode(message);
      expect([frame.type, hex(frame.payload)]).toEqual([messageTypes[message.type], expected]);
    }
  });
});

describe('messages of the Go node', () => {
  test('numbers 1 to 22 each have a name and a codec, and no other below 64', () => {
    const known = Array.from({ length: 100 }, (_, type) => type).filter(
      (type) => go.maxPayloadBytes(type) !== undefined,
    );
    expect(known).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
    const numbers = Object.values(messageTypes).filter((type) => type < 64);
    expect(numbers.sort((a, b) => a - b)).toEqual(known);
  });

  test('a version has seven fields and one that nobody uses', () => {
    const version = go.decode({ type: 1, payload: bytes(`02${'07'}${'03'}${'05'}${'0141'}${'06'}${'0a'}${'63'}`) });
    expect(version).toEqual({
      type: 'version',
      version: 2,
      services: 7n,
      timestampSeconds: -2n,
      nonce: 5n,
      userAgent: 'A',
      latestBlockHeight: 6,
      minFeeRateNanosPerKb: 10n,
    });
    expect(hex(go.encode(version).payload)).toBe('0207030501' + '41060a' + '00');
  });

  test('these have the bytes of their layout', () => {
    const key = bytes('aa'.repeat(3));
    const signature = bytes('bb'.repeat(2));
    const aggregateSignature = { signers: bytes('05'), signature };
    const certificate = { blockHash: bytes(hash), proposedInView: 128n, aggregateSignature };
    const samples: readonly (readonly [Parameters<typeof go.encode>[0], string])[] = [
      [
        {
          type: 'verack',
          version: 1,
          nonceReceived: 1n,
          nonceSent: 2n,
          timestampMicros: 2n ** 42n,
          publicKey: key,
          signature,
        },
        '010102' + '80808080808001' + '03aaaaaa' + '02bbbb',
      ],
      [{ type: 'pong', nonce: 300n }, 'ac02'],
      [
        {
          type: 'inv',
          items: [
            { kind: 'transaction', hash: bytes(hash) },
            { kind: 'block', hash: bytes(hash) },
          ],
          isSyncResponse: true,
        },
        `02${'00'}${hash}${'01'}${hash}${'01'}`,
      ],
      [{ type: 'get-blocks', hashes: [bytes(hash)] }, `01${hash}`],
      [{ type: 'get-transactions', hashes: [] }, '00'],
      [{ type: 'mempool' }, ''],
      [{ type: 'get-addr' }, ''],
      [
        { type: 'addr', addresses: [{ lastSeenSeconds: 1n, services: 2n, ip: bytes('7f000001'), port: 17_000 }] },
        '01' + '01' + '02' + '047f000001' + 'e88401',
      ],
      [
        {
          type: 'validator-vote',
          votingPublicKey: key,
          blockHash: bytes(hash),
          proposedInView: 128n,
          votePartialSignature: signature,
        },
        `00${'03aaaaaa'}${hash}${'8001'}${'02bbbb'}`,
      ],
      [
        {
          type: 'validator-timeout',
          votingPublicKey: key,
          timedOutView: 129n,
          highQuorumCertificate: certificate,
          timeoutPartialSignature: signature,
        },
        `00${'03aaaaaa'}${'8101'}${hash}${'8001'}${'0105'}${'02bbbb'}${'02bbbb'}`,
      ],
      [{ type: 'block-bundle', blocks: [], tipHash: bytes(hash), tipHeight: 300 }, `00${'00'}${hash}${'ac02'}`],
    ];
    for (const [message, expected] of samples) {
      const frame = go.encode(message);
      expect([frame.type, hex(frame.payload)]).toEqual([messageTypes[message.type], expected]);
      expect(plain(go.decode(frame))).toEqual(plain(message));
    }
  });

  test('transactions in the old bundle stand back to back and have no tail, in the new one each has a length', () => {
    const body = '00000200000000';
    const old = go.decode({ type: 13, payload: bytes(`02${body}${body}`) });
    expect(old).toMatchObject({ transactions: [{ version: 0 }, { version: 0 }] });
    const tailed = `${body}01050607`;
    const bundle = `02${'07'}${body}${'0b'}${tailed}`;
    const current = go.decode({ type: 19, payload: bytes(bundle) });
    expect(current).toMatchObject({ transactions: [{ version: 0 }, { version: 1, feeNanos: 5n }] });
    expect(hex(go.encode(current).payload)).toBe(bundle);
    const wrong = { ...current, type: 'transaction-bundle' } as Parameters<typeof go.encode>[0];
    expect(thrownBy(() => go.encode(wrong)).name).toBe('RangeError');
  });

  test('any byte but zero is a true flag', () => {
    expect(go.decode({ type: 10, payload: bytes('0002') })).toMatchObject({ isSyncResponse: true });
  });
});

describe('records', () => {
  const records = packWithGaps([
    [bytes('0501'), bytes('aabb'), 3],
    [bytes('0502'), bytes(''), 0],
    [bytes('0503'), new Uint8Array(200).fill(7), 1],
  ]);

  test('are decoded in place: offsets into the payload itself', () => {
    const frame = extended.encode(snapshotData(records));
    const message = extended.decode(frame) as ExtendedSnapshotDataMessage;
    expect(message.records.bytes).toBe(frame.payload);
    expect(pairs(message.records)).toEqual(pairs(records));
  });

  test('are encoded the same wherever they lie: with their lengths, with room for them, apart, or one over the other', () => {
    const lengths = [1, 3, 127, 128, 300, 2].map((length, index) => [
      length,
      [0, 127, 128, 20_000, 1, 5][index] as number,
    ]);
    const pieces = lengths.flat().map((length, index) => new Uint8Array(length).fill(index + 1));
    const lay = (room: (length: number) => number) => {
      const parts: Uint8Array[] = [];
      const offsets: number[] = [];
      let at = 0;
      for (const piece of pieces) {
        const gap = room(piece.length);
        parts.push(new Uint8Array(gap).fill(0xee), piece);
        offsets.push(at + gap, at + gap + piece.length);
        at += gap + piece.length;
      }
      return { bytes: new Uint8Array(Buffer.concat(parts)), offsets: Uint32Array.from(offsets) };
    };
    const own = (length: number): number => (length < 128 ? 1 : length < 16_384 ? 2 : 3);
    const inPlace = lay(own);
    const expected = extended.encode(snapshotData(lay(() => 0))).payload;
    expect(extended.encode(snapshotData(inPlace)).payload).toEqual(expected);
    expect(extended.encode(snapshotData(lay(() => 1))).payload).toEqual(expected);
    expect(extended.encode(snapshotData(lay((length) => own(length) + 1))).payload).toEqual(expected);
    const decoded = extended.decode({ type: 18, payload: expected }) as ExtendedSnapshotDataMessage;
    expect(extended.encode(decoded).payload).toEqual(expected);
    // The first record without room before it, and records that share their bytes.
    const { bytes: all, offsets } = inPlace;
    const first = { bytes: all.subarray(1), offsets: offsets.map((offset) => offset - 1) };
    expect(extended.encode(snapshotData(first)).payload).toEqual(expected);
    const shared = { bytes: bytes('0102'), offsets: Uint32Array.of(0, 1, 1, 2, 0, 1, 1, 2) };
    expect(extended.encode(snapshotData(shared)).payload.subarray(-8)).toEqual(bytes('0101010201010102'));
  });

  test('a count that the bytes cannot hold allocates nothing', () => {
    // 4,194,304 records are claimed and allowed; their offsets would take 64 MiB.
    const payload = bytes('0102' + '01' + '00' + '80808002' + '0105' + '00');
    const before = process.memoryUsage().arrayBuffers;
    for (let run = 0; run < 20; run++) {
      expect(codeOf(() => extended.decode({ type: 18, payload }))).toBe('WIRE_TRUNCATED');
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  test.each([
    ['an empty key', '01' + '00' + '00' + '00', 'WIRE_INVALID_VALUE'],
    ['a value past the end', '01' + '0105' + '05' + '00', 'WIRE_TRUNCATED'],
    ['a key length near 2^64', '01' + 'ffffffffffffffffff01' + '00', 'WIRE_LIMIT_EXCEEDED|WIRE_TRUNCATED'],
    ['a value length above 2^64', '01' + '0105' + 'ffffffffffffffffff02', 'WIRE_VARINT_OVERFLOW'],
    ['a value length that is cut off', '01' + '0105' + '80', 'WIRE_TRUNCATED'],
    ['a byte after the last record', '01' + '0105' + '00' + '00', 'WIRE_TRAILING_BYTES'],
  ])('%s is refused', (_, rest, code) => {
    const run = () => extended.decode({ type: 18, payload: bytes(`0102${'01'}${'00'}${rest}`) });
    expect(codeOf(run)).toMatch(new RegExp(`^(${code})$`));
  });

  test.each([
    ['an incomplete record', [0, 1, 1]],
    ['a start after its end', [1, 0, 1, 1]],
    ['an end past the bytes', [0, 1, 1, 9]],
    ['an empty key', [1, 1, 1, 2]],
  ])('offsets with %s are not encoded', (_, offsets) => {
    const wrong = { bytes: new Uint8Array(4), offsets: Uint32Array.from(offsets) };
    expect(thrownBy(() => extended.encode(snapshotData(wrong))).name).toBe('RangeError');
  });

  test('a chunk without records is fine in the extended layout and refused in the Go layout, both ways', () => {
    const none = packWithGaps([]);
    expect(
      pairs((extended.decode(extended.encode(snapshotData(none))) as ExtendedSnapshotDataMessage).records),
    ).toEqual([]);
    const epoch = {
      snapshotBlockHeight: 1,
      firstSnapshotBlockHeight: 0,
      currentEpochChecksum: bytes(''),
      currentEpochBlockHash: bytes(hash),
    };
    const message = { type: 'snapshot-data', epoch, records: none, isFull: false, prefix: bytes('05') } as const;
    expect(thrownBy(() => go.encode(message)).name).toBe('RangeError');
    expect(codeOf(() => go.decode({ type: 18, payload: bytes(`0100${'00'}20${hash}00000105`) }))).toBe(
      'WIRE_INVALID_VALUE',
    );
  });

  test('snapshots and prefixes that do not ascend are refused, both ways', () => {
    const prefixOf = (prefix: number) => ({ prefix, records: 1, bytes: 1, checksum: bytes(hash) });
    const snapshot = (height: number, ...prefixes: number[]) => {
      return { height, blockHash: bytes(hash), prefixes: prefixes.map(prefixOf) };
    };
    for (const snapshots of [
      [snapshot(2), snapshot(1)],
      [snapshot(1), snapshot(1)],
      [snapshot(1, 6, 5)],
      [snapshot(1, 5, 5)],
    ]) {
      expect(thrownBy(() => extended.encode({ type: 'state-checksums', requestId: 1, snapshots })).name).toBe(
        'RangeError',
      );
    }
    for (const rest of [
      `0202${hash}0001${hash}00`,
      `0101${hash}0206${'0101'}${hash}05${'0101'}${hash}`,
      `0101${hash}018002`,
    ]) {
      const code = codeOf(() => extended.decode({ type: 70, payload: bytes(`01${rest}`) }));
      expect(code).toMatch(/^WIRE_(INVALID_VALUE|LIMIT_EXCEEDED|TRUNCATED)$/);
    }
  });

  test('an unavailable snapshot has neither records nor a next key', () => {
    for (const rest of ['00' + '0105' + '00', '00' + '00' + '01' + '0105' + '00', '02' + '00' + '00']) {
      expect(codeOf(() => extended.decode({ type: 18, payload: bytes(`0102${rest}`) }))).toBe('WIRE_INVALID_VALUE');
    }
  });
});

describe('limits', () => {
  const small: Partial<Limits> = {
    maxUserAgentBytes: 3,
    maxLocatorHashes: 1,
    maxHashes: 1,
    maxAddresses: 1,
    maxInventoryItems: 1,
    maxItems: 2,
    maxRecords: 1,
    maxKeyBytes: 2,
    maxPageHashes: 1,
    maxPageBytes: 2,
    maxSnapshots: 1,
    maxHeaders: 1,
  };
  const limited = createMessageCodec({ header: desoHeaderCodec, layout: 'extended', limits: small });
  const two = [bytes(hash), bytes(hash)];
  const header = {
    version: 0,
    previousBlockHash: two[0],
    transactionMerkleRoot: two[0],
    timestampSeconds: 1,
    height: 1,
    nonce: 1,
  };
  const transactions = Array.from({ length: 3 }, () => ({
    version: 0,
    inputs: [],
    outputs: [],
    type: 2,
    metadata: bytes(''),
    publicKey: bytes(''),
    extraData: new Map(),
    signature: bytes(''),
    feeNanos: 0n,
    nonce: { expirationBlockHeight: 0n, partialId: 0n },
  }));
  const over = [
    { type: 'get-headers', stopHash: two[0], locator: two },
    { type: 'get-blocks', hashes: two },
    { type: 'header-bundle', headers: [header, header], tipHash: two[0], tipHeight: 1 },
    { type: 'page-list', requestId: 1, height: 1, hashes: two },
    { type: 'page', requestId: 1, height: 1, index: 0, page: bytes('010203') },
    {
      type: 'state-checksums',
      requestId: 1,
      snapshots: [1, 2].map((height) => ({ height, blockHash: two[0], prefixes: [] })),
    },
    { type: 'get-snapshot', requestId: 1, height: 1, startKey: bytes('010203'), endKey: bytes(''), maxBytes: 1 },
    { type: 'transaction-bundle-v2', transactions },
    {
      ...snapshotData(
        packWithGaps([
          [bytes('01'), bytes(''), 0],
          [bytes('02'), bytes(''), 0],
        ]),
      ),
    },
    { ...snapshotData(packWithGaps([[bytes('010203'), bytes(''), 0]])) },
  ] as unknown as readonly Parameters<typeof extended.encode>[0][];

  test.each(over.map((message) => [message.type, message] as const))('%s over a limit is refused', (_, message) => {
    const frame = extended.encode(message);
    expect(codeOf(() => limited.decode(frame))).toMatch(/^WIRE_(LIMIT_EXCEEDED|PAYLOAD_TOO_LARGE)$/);
  });

  test('the limit of a payload adds up from the limits of its parts', () => {
    expect(limited.maxPayloadBytes(messageTypes.ping)).toBe(10);
    expect(limited.maxPayloadBytes(messageTypes['get-headers'])).toBe(32 + 10 + 32);
    expect(extended.maxPayloadBytes(messageTypes['snapshot-data'])).toBe(extended.limits.maxSnapshotDataBytes);
    expect(go.maxPayloadBytes(messageTypes['snapshot-data'])).toBe(256 * 1024 * 1024);
    expect(go.maxPayloadBytes(messageTypes.mempool)).toBe(0);
  });

  test('a Go node of protocol version 2 may send more headers at once', () => {
    const bundle = { type: 'header-bundle', headers: new Array(2_001).fill(header), tipHash: two[0], tipHeight: 1 };
    const codecFor = (version: number) =>
      createMessageCodec({ header: desoHeaderCodec, layout: 'go', limits: goNodeLimits(version) });
    const frame = codecFor(2).encode(bundle as never);
    expect(codecFor(2).decode(frame)).toMatchObject({ tipHeight: 1 });
    for (const version of [0, 1]) expect(codeOf(() => codecFor(version).decode(frame))).toBe('WIRE_LIMIT_EXCEEDED');
    // A header with the certificate of a thousand validators.
    expect(codecFor(2).maxPayloadBytes(messageTypes['header-bundle'])).toBeGreaterThan(200_000 * 550);
  });

  test('a limit must be an integer from 1 to 2^32 - 1', () => {
    for (const maxHeaders of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      const make = () => createMessageCodec({ header: desoHeaderCodec, layout: 'go', limits: { maxHeaders } });
      expect(thrownBy(make).name).toBe('RangeError');
    }
  });

  test('nested lists cannot add up to more than the items of one message', () => {
    const one = {
      ...transactions[0],
      outputs: Array.from({ length: 3 }, () => ({ publicKey: new Uint8Array(33), amountNanos: 1n })),
    };
    const frame = extended.encode({ type: 'transaction', transaction: one } as Parameters<typeof extended.encode>[0]);
    expect(codeOf(() => limited.decode(frame))).toBe('WIRE_LIMIT_EXCEEDED');
  });
});

describe('values that a message cannot have', () => {
  test.each([
    ['a verack of an unknown version', 2, `02${'00'.repeat(10)}`],
    ['an inv item of an unknown kind', 10, `0102${hash}00`],
    ['an address of 5 bytes', 15, '0100000501020304050a'],
    ['a get-snapshot without a key', 17, '00'],
    ['a block bundle of an unknown version', 22, `0100${hash}00`],
    ['a user agent that is not UTF-8', 1, '0101000001ff000000'],
    ['a signature that is not DER', 5, '0000020000000135'],
    ['extra data with a key twice', 5, '00000200000201610001610000'],
    ['a tail of version 0', 5, '0000020000000000000000'],
  ])('%s is refused', (_, type, payload) => {
    expect(codeOf(() => go.decode({ type, payload: bytes(payload) }))).toBe('WIRE_INVALID_VALUE');
  });

  test('a height above 2^32-1 is refused', () => {
    const payload = bytes(`01010000${'00'}${'8080808010'}0000`);
    expect(codeOf(() => go.decode({ type: 1, payload }))).toBe('WIRE_LIMIT_EXCEEDED');
  });

  test('a version 1 verack so short that it reads as version 0 is not encoded', () => {
    const empty = new Uint8Array(0);
    const message = { type: 'verack', version: 1, nonceReceived: 1n, nonceSent: 1n, timestampMicros: 1n } as const;
    expect(thrownBy(() => go.encode({ ...message, publicKey: empty, signature: empty })).name).toBe('RangeError');
  });

  test('errors say which message and where', () => {
    expect(thrownBy(() => go.decode({ type: 11, payload: bytes(`02${hash}`) })).details).toEqual({
      reading: 'get-blocks',
      offset: 1,
    });
  });
});

describe("a chain's own header codec", () => {
  const oneByte: HeaderCodec<number> = {
    maxBytes: 1,
    encode: (header) => Uint8Array.of(header),
    decode: (input, offset) => ({ header: input[offset] ?? -1, end: offset + 1 }),
    hasBlockProducerInfo: () => false,
  };
  const bundle = bytes(`0207${'08'}${hash}05`);

  test('lays out headers in bundles and blocks', () => {
    const codec = createMessageCodec({ header: oneByte, layout: 'go' });
    expect(codec.decode({ type: 7, payload: bundle })).toMatchObject({ headers: [7, 8], tipHeight: 5 });
    expect(codec.decode({ type: 4, payload: bytes('010900') })).toEqual({
      type: 'block',
      block: { header: 9, transactions: [] },
    });
  });

  test.each([
    ['throws', () => JSON.parse('{')],
    ['ends before it starts', (_: Uint8Array, offset: number) => ({ header: 0, end: offset })],
    ['ends past its limit', (_: Uint8Array, offset: number) => ({ header: 0, end: offset + 2 })],
    ['ends nowhere', () => ({ header: 0, end: Number.NaN })],
  ])('that %s gives a WireError', (_, decode) => {
    const codec = createMessageCodec({ header: { ...oneByte, decode }, layout: 'go' });
    expect(thrownBy(() => codec.decode({ type: 7, payload: bundle }))).toMatchObject({ name: 'WireError' });
  });

  test('cannot give a block a producer that its header has no room for', () => {
    const codec = createMessageCodec({ header: oneByte, layout: 'go' });
    const blockProducerInfo = { publicKey: new Uint8Array(33), signature: new Uint8Array(0) };
    const block = { header: 1, transactions: [], blockProducerInfo };
    expect(thrownBy(() => codec.encode({ type: 'block', block })).name).toBe('RangeError');
  });
});
