import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DesoHeader, MessageCodec } from '../src/index.js';
import { createMessageCodec, desoHeaderCodec, encodeFrame, FrameDecoder, type Message } from '../src/index.js';
import { extendedMessage, goMessage } from './support/arbitraries.js';
import { cut } from './support/hex.js';
import { plain } from './support/plain.js';

const layouts = [
  { layout: 'go', message: goMessage },
  { layout: 'extended', message: extendedMessage },
] as const;

describe.each(layouts)('$layout layout', ({ layout, message }) => {
  const codec: MessageCodec<Message<DesoHeader>> = createMessageCodec({ header: desoHeaderCodec, layout });

  test('messages survive framing, any cutting of the stream, and decoding', () => {
    fc.assert(
      fc.property(
        fc.array(message as fc.Arbitrary<Message<DesoHeader>>, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 10 }),
        (messages, sizes) => {
          const stream = Buffer.concat(messages.map((each) => encodeFrame(codec.encode(each), { network: 2 })));
          const decoder = new FrameDecoder({ network: 2, maxPayloadBytes: codec.maxPayloadBytes });
          const frames = cut(stream, sizes).flatMap((part) => decoder.push(part));
          expect(frames.map((frame) => plain(codec.decode(frame)))).toEqual(messages.map(plain));
          expect(decoder.bufferedBytes).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('what decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(message as fc.Arbitrary<Message<DesoHeader>>, (each) => {
        const frame = codec.encode(each);
        expect(plain(codec.encode(codec.decode(frame)))).toEqual(plain(frame));
      }),
      { numRuns: 400 },
    );
  });

  test('every proper prefix of a payload, and every payload with a byte more, is refused', () => {
    fc.assert(
      fc.property(message as fc.Arbitrary<Message<DesoHeader>>, (each) => {
        const { type, payload } = codec.encode(each);
        for (const wrong of [payload.subarray(0, -1), Buffer.concat([payload, Buffer.alloc(1)])]) {
          // A message without fields has nothing to cut off.
          if (payload.length === 0 && wrong.length === 0) continue;
          let code: unknown;
          try {
            codec.decode({ type, payload: wrong });
          } catch (error) {
            code = (error as { code: string }).code;
          }
          expect(code).toMatch(/^WIRE_(TRUNCATED|TRAILING_BYTES|LIMIT_EXCEEDED|INVALID_VALUE|PAYLOAD_TOO_LARGE)$/);
        }
      }),
      { numRuns: 400 },
    );
  });
});
