import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DesoHeader, MessageCodec } from '../src/index.js';
import {
  createBlockCodec,
  createMessageCodec,
  desoHeaderCodec,
  type Message,
  messageTypes,
  transactionCodec,
} from '../src/index.js';
import { block, extendedMessage, goMessage, header, transaction } from './support/arbitraries.js';
import { mutated, random } from './support/mutations.js';
import { plain } from './support/plain.js';

/** What `decode` accepts encodes to bytes that decode to the same; what it refuses, it refuses with a WireError. */
function checkDecoder<T>(
  codec: { encode(value: T): Uint8Array; decode(bytes: Uint8Array): T },
  input: Uint8Array,
): void {
  let value: T;
  try {
    value = codec.decode(input);
  } catch (error) {
    expect(error).toMatchObject({ name: 'WireError', code: expect.stringMatching(/^WIRE_/) });
    return;
  }
  expect(plain(codec.decode(codec.encode(value)))).toEqual(plain(value));
}

const numRuns = 3_000;

describe.each(['go', 'extended'] as const)('message decoders of the %s layout', (layout) => {
  const codec: MessageCodec<Message<DesoHeader>> = createMessageCodec({ header: desoHeaderCodec, layout });
  const message = (layout === 'go' ? goMessage : extendedMessage) as fc.Arbitrary<Message<DesoHeader>>;
  const payloads = (type: number) => ({
    encode: (value: Message<DesoHeader>) => codec.encode(value).payload,
    decode: (payload: Uint8Array) => codec.decode({ type, payload }),
  });

  test('random bytes of every type', () => {
    const types = [...Object.values(messageTypes), 0, 23, 1_000_000];
    fc.assert(
      fc.property(fc.constantFrom(...types), random, (type, input) => checkDecoder(payloads(type), input)),
      { numRuns: 2 * numRuns },
    );
  });

  test('mutated messages', () => {
    const frames = message.map((each) => codec.encode(each));
    const mutatedFrames = frames.chain(({ type, payload }) =>
      mutated(fc.constant(payload)).map((input) => ({ type, input })),
    );
    fc.assert(
      fc.property(mutatedFrames, ({ type, input }) => checkDecoder(payloads(type), input)),
      { numRuns },
    );
  });
});

const codecs = [
  { name: 'transaction', codec: transactionCodec, value: transaction },
  { name: 'block', codec: createBlockCodec(desoHeaderCodec), value: block },
  {
    name: 'header',
    codec: {
      encode: desoHeaderCodec.encode,
      decode: (bytes: Uint8Array) => desoHeaderCodec.decode(bytes, 0).header,
    },
    value: header,
  },
] as const;

describe.each(codecs)('$name decoder', ({ codec, value }) => {
  const decoder = codec as { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown };

  test('random bytes', () => {
    fc.assert(
      fc.property(random, (input) => checkDecoder(decoder, input)),
      { numRuns },
    );
  });

  test('mutated encodings', () => {
    const encodings = (value as fc.Arbitrary<unknown>).map((each) => decoder.encode(each));
    fc.assert(
      fc.property(mutated(encodings), (input) => checkDecoder(decoder, input)),
      { numRuns },
    );
  });
});
