import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { DesoHeader, GoMessage } from '../src/index.js';
import { createMessageCodec, desoHeaderCodec, encodeFrame, FrameDecoder } from '../src/index.js';
import { bytes, hex } from './support/hex.js';
import { plain } from './support/plain.js';

const vectors = JSON.parse(readFileSync(new URL('./vectors/deso-frames.json', import.meta.url), 'utf8'));
const genesisHash = bytes('5567c45b7b83b604f9ff5cb5e88dfc9ad7d5a1dd5818dd19e6d02466f47cbd62');
const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });

const messages: Readonly<Record<string, GoMessage<DesoHeader>>> = {
  ping: { type: 'ping', nonce: 1n },
  version: {
    type: 'version',
    version: 1,
    services: 1n,
    timestampSeconds: 2n,
    nonce: 2n ** 64n - 1n,
    userAgent: 'abcdef',
    latestBlockHeight: 4,
    minFeeRateNanosPerKb: 10n,
  },
  verackV0: { type: 'verack', version: 0, nonceReceived: 12345678910n },
  verackV1: {
    type: 'verack',
    version: 1,
    nonceReceived: 12345678910n,
    nonceSent: 12345678911n,
    timestampMicros: 2345678910n,
    publicKey: new Uint8Array(0),
    signature: new Uint8Array(0),
  },
  getSnapshot: { type: 'get-snapshot', startKey: Uint8Array.of(5) },
  getHeaders: { type: 'get-headers', stopHash: new Uint8Array(32), locator: [genesisHash] },
  snapshotData: {
    type: 'snapshot-data',
    epoch: {
      snapshotBlockHeight: 1000,
      firstSnapshotBlockHeight: 0,
      currentEpochChecksum: new Uint8Array(32),
      currentEpochBlockHash: genesisHash,
    },
    records: { bytes: Uint8Array.of(0), offsets: Uint32Array.of(0, 1, 1, 1) },
    isFull: false,
    prefix: Uint8Array.of(0x0b),
  },
};

describe('sample frames of the Go node', () => {
  test.each(Object.entries(messages))('%s encodes to its bytes', (name, message) => {
    const { network, frame } = vectors[name];
    expect(hex(encodeFrame(codec.encode(message), { network }))).toBe(frame);
  });

  test.each(Object.entries(messages))('%s decodes from its bytes', (name, message) => {
    const { network, frame } = vectors[name];
    const frames = new FrameDecoder({ network, maxPayloadBytes: codec.maxPayloadBytes }).push(bytes(frame));
    expect(frames.map((each) => plain(codec.decode(each)))).toEqual([plain(message)]);
  });
});

describe('sample integers of the Go node', () => {
  test.each(vectors.uvarint as [string, string][])('unsigned %s is %s', (value, encoded) => {
    expect(hex(codec.encode({ type: 'ping', nonce: BigInt(value) }).payload)).toBe(encoded);
    expect(codec.decode({ type: 8, payload: bytes(encoded) })).toEqual({ type: 'ping', nonce: BigInt(value) });
  });

  test.each(vectors.varint as [string, string][])('signed %s is %s', (value, encoded) => {
    const message = { ...(messages['version'] as GoMessage<DesoHeader>), timestampSeconds: BigInt(value) };
    const { payload } = codec.encode(message as GoMessage<DesoHeader>);
    expect(hex(payload.subarray(2, -(10 + 7 + 3)))).toBe(encoded);
    expect(codec.decode({ type: 1, payload })).toMatchObject({ timestampSeconds: BigInt(value) });
  });

  test('integers longer than needed are read as the Go node reads them, and above 2^64-1 refused', () => {
    expect(codec.decode({ type: 8, payload: bytes('818000') })).toEqual({ type: 'ping', nonce: 1n });
    expect(() => codec.decode({ type: 8, payload: bytes('ffffffffffffffffff02') })).toThrow(
      expect.objectContaining({ code: 'WIRE_VARINT_OVERFLOW' }),
    );
  });
});
