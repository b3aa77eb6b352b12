import { describe, expect, test } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { doubleSha256, encodeFrame, encodeFrameHead, type Frame, FrameDecoder } from '../src/index.js';
import { bytes, cut, hex, thrownBy } from './support/hex.js';

const network = 2;
const frame = (type: number, length: number): Frame => ({ type, payload: new Uint8Array(length).fill(type) });

function decodeCut(stream: Uint8Array, size: number, decoder: FrameDecoder = new FrameDecoder({ network })): Frame[] {
  return cut(stream, [size]).flatMap((part) => decoder.push(part));
}

describe('cutting the stream', () => {
  test('frames are the same whatever the pieces of the stream', () => {
    const frames = [frame(8, 1), frame(14, 0), frame(18, 5_000), frame(16, 0), frame(4, 70_000)];
    const stream = Buffer.concat(frames.map((each) => encodeFrame(each, { network })));
    for (const size of [1, 2, 3, 7, 4_096, 65_536, stream.length]) {
      expect(decodeCut(stream, size).map(({ type, payload }) => [type, hex(payload)])).toEqual(
        frames.map(({ type, payload }) => [type, hex(payload)]),
      );
    }
  });

  test('payloads do not change when the pushed bytes do', () => {
    const { payload } = frame(8, 3);
    const stream = encodeFrame(frame(8, 3), { network });
    expect(Buffer.concat([encodeFrameHead(frame(8, 3), { network }), payload])).toEqual(Buffer.from(stream));
    const [decoded] = new FrameDecoder({ network }).push(stream);
    stream.fill(0xff);
    expect(hex(decoded?.payload ?? new Uint8Array(0))).toBe('080808');
  });

  test('an empty push completes nothing', () => {
    expect(new FrameDecoder({ network }).push(new Uint8Array(0))).toEqual([]);
  });

  test('an injected SHA-256 makes and checks the checksum', () => {
    const sha256 = (input: Uint8Array) => new Uint8Array(32).fill(input.length);
    const stream = encodeFrame(frame(8, 1), { network, sha256 });
    expect(hex(stream)).toBe(`0208${'20'.repeat(8)}0108`);
    expect(new FrameDecoder({ network, sha256 }).push(stream)).toHaveLength(1);
    expect(thrownBy(() => new FrameDecoder({ network }).push(stream)).code).toBe('WIRE_CHECKSUM_MISMATCH');
  });
});

describe('hashing large payloads as they arrive', () => {
  const updates: number[] = [];
  const create = () => {
    const hash = sha256.create();
    return {
      update: (bytes: Uint8Array) => {
        updates.push(bytes.length);
        hash.update(bytes);
      },
      digest: () => hash.digest(),
    };
  };
  const incremental = Object.assign((input: Uint8Array) => sha256(input), { create });

  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])('%i bytes have the same checksum', (length) => {
    const payload = Uint8Array.from({ length }, (_, index) => index * 31);
    const stream = encodeFrame({ type: 18, payload }, { network });
    for (const size of [1_000, 65_536, 100_000, stream.length]) {
      updates.length = 0;
      const frames = decodeCut(stream, size, new FrameDecoder({ network, sha256: incremental }));
      expect(frames.map((each) => hex(each.payload))).toEqual([hex(payload)]);
      expect(updates.reduce((sum, each) => sum + each, 0)).toBe(length < 65_536 ? 0 : length);
    }
  });

  test('begins anew for every frame', () => {
    const frames = [frame(18, 100_000), frame(4, 3), frame(18, 70_000)];
    const stream = Buffer.concat(frames.map((each) => encodeFrame(each, { network })));
    const decoded = decodeCut(stream, 50_000, new FrameDecoder({ network, sha256: incremental }));
    expect(decoded.map(({ payload }) => payload.length)).toEqual([100_000, 3, 70_000]);
  });

  test('a byte that is wrong anywhere is noticed', () => {
    const stream = encodeFrame(frame(18, 150_000), { network });
    for (const at of [20, 65_560, 140_000, stream.length - 1]) {
      const broken = stream.slice();
      broken[at] = 0;
      const decoder = new FrameDecoder({ network, sha256: incremental });
      expect(thrownBy(() => decodeCut(broken, 30_000, decoder)).code).toBe('WIRE_CHECKSUM_MISMATCH');
    }
  });
});

describe('refusals', () => {
  const refusals = [
    { rule: 'another network', stream: '01', code: 'WIRE_WRONG_NETWORK' },
    { rule: 'an unknown message type', stream: '0217', code: 'WIRE_UNKNOWN_MESSAGE_TYPE' },
    { rule: 'an internal message type', stream: '02c0843d', code: 'WIRE_UNKNOWN_MESSAGE_TYPE' },
    { rule: 'a length above the limit', stream: `0208${'00'.repeat(8)}65`, code: 'WIRE_PAYLOAD_TOO_LARGE' },
    {
      rule: 'a length near 2^64',
      stream: `0208${'00'.repeat(8)}ffffffffffffffffff01`,
      code: 'WIRE_PAYLOAD_TOO_LARGE',
    },
    { rule: 'a network above 2^64-1', stream: '82808080808080808002', code: 'WIRE_VARINT_OVERFLOW' },
    {
      rule: 'a length that never ends',
      stream: `0208${'00'.repeat(8)}${'80'.repeat(10)}`,
      code: 'WIRE_VARINT_OVERFLOW',
    },
    { rule: 'a wrong checksum', stream: `0208${'00'.repeat(8)}0101`, code: 'WIRE_CHECKSUM_MISMATCH' },
  ];

  test.each(refusals)('$rule is refused at its last byte, in any pieces', ({ stream, code }) => {
    const input = bytes(stream);
    for (const size of [1, 5, input.length]) {
      const decoder = new FrameDecoder({ network, maxPayloadBytes: 100 });
      const parts = cut(input, [size]);
      for (const part of parts.slice(0, -1)) expect(decoder.push(part)).toEqual([]);
      expect(thrownBy(() => decoder.push(parts.at(-1) ?? input))).toMatchObject({ name: 'WireError', code });
    }
  });

  test('after an error the decoder holds nothing and refuses everything', () => {
    const decoder = new FrameDecoder({ network });
    expect(thrownBy(() => decoder.push(bytes('01'))).code).toBe('WIRE_WRONG_NETWORK');
    expect(decoder.bufferedBytes).toBe(0);
    for (const input of [new Uint8Array(0), encodeFrame(frame(8, 1), { network })]) {
      expect(thrownBy(() => decoder.push(input)).code).toBe('WIRE_DECODER_FAILED');
    }
  });

  test('the limit is asked once for each frame, by type, and may change', () => {
    const asked: number[] = [];
    let limit = 1;
    const decoder = new FrameDecoder({
      network,
      maxPayloadBytes: (type) => {
        asked.push(type);
        return limit;
      },
    });
    decodeCut(encodeFrame(frame(1, 1), { network }), 1, decoder);
    limit = 5;
    decodeCut(encodeFrame(frame(77, 5), { network }), 2, decoder);
    expect(asked).toEqual([1, 77]);
    expect(thrownBy(() => decoder.push(encodeFrame(frame(2, 6), { network }))).details).toEqual({
      type: 2,
      length: 6,
      limit: 5,
    });
  });

  test('a limit that is not a number refuses every length', () => {
    const decoder = new FrameDecoder({ network, maxPayloadBytes: () => Number.NaN });
    expect(thrownBy(() => decoder.push(encodeFrame(frame(8, 1), { network }))).code).toBe('WIRE_PAYLOAD_TOO_LARGE');
  });

  test('frames above the default limit are refused', () => {
    const decoder = new FrameDecoder({ network });
    const start = bytes(`0212${'00'.repeat(8)}81808010`);
    expect(thrownBy(() => decoder.push(start)).code).toBe('WIRE_PAYLOAD_TOO_LARGE');
  });
});

describe('memory', () => {
  test('a claimed length allocates nothing before bytes arrive', () => {
    const decoders: FrameDecoder[] = [];
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 200; count++) {
      const decoder = new FrameDecoder({ network });
      // Claims 32 MiB, sends 10 bytes.
      decoder.push(bytes(`0212${'00'.repeat(8)}80808010${'00'.repeat(10)}`));
      expect(decoder.bufferedBytes).toBe(24);
      decoders.push(decoder);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    expect(decoders).toHaveLength(200);
  });
});

test('any stream gives frames or a WireError', () => {
  const valid = encodeFrame(frame(8, 20), { network });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc
          .tuple(fc.nat(valid.length - 1), fc.nat(255))
          .map(([at, byte]) => Buffer.concat([valid, valid.map((old, index) => (index === at ? byte : old)), valid])),
      ),
      fc.integer({ min: 1, max: 80 }),
      (stream, size) => {
        const decoder = new FrameDecoder({ network, maxPayloadBytes: 64 });
        try {
          for (const { payload } of decodeCut(stream, size, decoder)) expect(payload.length).toBeLessThanOrEqual(64);
          expect(decoder.bufferedBytes).toBeLessThanOrEqual(38 + 64);
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError', code: expect.stringMatching(/^WIRE_/) });
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a frame carries the first 8 bytes of the double SHA-256 of its payload', () => {
  const payload = bytes('0102');
  expect(hex(encodeFrame({ type: 300, payload }, { network: 1 }))).toBe(
    `01ac02${hex(doubleSha256(payload)).slice(0, 16)}020102`,
  );
});
