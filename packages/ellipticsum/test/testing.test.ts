import { describe, expect, test } from '@jest/globals';
import { createNobleBackend, EllipticSumError, type HashBackend } from '../src/index.js';
import { hashBackendChecks } from '../src/testing.js';

type Replace = (good: HashBackend) => Partial<HashBackend>;

/** The checks of a backend with some methods replaced. */
function checksOf(replace: Replace) {
  return hashBackendChecks((options) => {
    const good = createNobleBackend(options);
    const same: HashBackend = {
      name: 'wrapper',
      domain: good.domain,
      sum: (batch, options) => good.sum(batch, options),
      combine: (left, right, options) => good.combine(left, right, options),
      negate: (sums, options) => good.negate(sums, options),
      addUp: (sums, sizes, options) => good.addUp(sums, sizes, options),
      encode: (sums, options) => good.encode(sums, options),
      decode: (encoded, options) => good.decode(encoded, options),
      close: () => good.close(),
      [Symbol.asyncDispose]: () => good.close(),
    };
    return { ...same, ...replace(good) };
  });
}

/** What a broken backend does, the beginning of the name of the check that must notice, and how it does it. */
const broken: readonly (readonly [what: string, noticedBy: string, replace: Replace])[] = [
  [
    'gives wrong elements',
    'a known record',
    (good) => ({
      sum: (batch, options) => good.sum({ ...batch, bytes: batch.bytes.map((byte) => byte ^ 1) }, options),
    }),
  ],
  [
    'gives wrong elements for messages of 200 to 203 bytes only',
    'records of every length',
    (good) => ({
      sum: async (batch, options) => {
        const { offsets } = batch;
        const shifted = offsets.map((offset, at) => {
          const start = at - (at % 4);
          const [a = 0, b = 0, c = 0, d = 0] = offsets.subarray(start, start + 4);
          const length = 24 + b - a + d - c;
          return at % 4 === 3 && length >= 200 && length < 204 ? offset - 1 : offset;
        });
        return good.sum({ ...batch, offsets: shifted }, options);
      },
    }),
  ],
  [
    'gives no bytes for no records',
    'no records',
    (good) => ({
      sum: async (batch, options) => (batch.offsets.length === 0 ? new Uint8Array(0) : good.sum(batch, options)),
    }),
  ],
  [
    'ignores signs',
    'signs and groups',
    (good) => ({
      sum: ({ signs: _, ...batch }, options) => good.sum(batch, options),
    }),
  ],
  [
    'ignores groups',
    'signs and groups',
    (good) => ({
      sum: ({ groups: _, ...batch }, options) => good.sum(batch, options),
    }),
  ],
  [
    'counts equal records once',
    'a record added twice',
    (good) => ({
      sum: (batch, options) =>
        good.sum({ ...batch, offsets: batch.offsets.slice(0, 4), signs: Int8Array.of(1) }, options),
    }),
  ],
  [
    'looks at the memory behind a view',
    'keys and values may lie anywhere',
    (good) => ({
      sum: (batch, options) => good.sum({ ...batch, bytes: new Uint8Array(batch.bytes.buffer) }, options),
    }),
  ],
  [
    'overwrites its input',
    'inputs stay',
    (good) => ({
      encode: async (sums, options) => {
        const encoded = await good.encode(sums, options);
        sums.fill(0);
        return encoded;
      },
    }),
  ],
  [
    'ignores its domain',
    'another domain',
    () => ({ sum: (batch, options) => createNobleBackend().sum(batch, options) }),
  ],
  ['negates nothing', 'negate gives the inverse', () => ({ negate: async (sums) => sums.slice() })],
  [
    'adds up the first list only',
    'addUp gives the sum',
    () => ({ addUp: async (sums, sizes) => sums.slice(0, 128 * sizes.length) }),
  ],
  ['combines by taking the left', 'combine adds', () => ({ combine: async (left) => left.slice() })],
  [
    'decodes everything to zero',
    'decode is the inverse',
    (good) => ({
      decode: (encoded, options) => good.decode(new Uint8Array(encoded.length), options),
    }),
  ],
  [
    'decodes everything to zero',
    'decode refuses',
    (good) => ({
      decode: (encoded, options) => good.decode(new Uint8Array(encoded.length), options),
    }),
  ],
  [
    'names no index',
    'decode refuses',
    (good) => ({
      decode: (encoded, options) =>
        good.decode(encoded, options).catch((cause) => {
          throw new EllipticSumError(cause.code, 'no index');
        }),
    }),
  ],
  [
    'encodes points off the curve',
    'combine, addUp, encode and negate refuse',
    () => ({
      encode: async (sums) => new Uint8Array(sums.length / 4),
    }),
  ],
  [
    'cuts off what is too long',
    'wrong lengths',
    (good) => ({
      decode: (encoded, options) => good.decode(encoded.slice(0, 32 * Math.floor(encoded.length / 32)), options),
    }),
  ],
  ['takes any batch', 'inconsistent batches', () => ({ sum: async () => new Uint8Array(128) })],
  ['ignores the signal', 'an aborted signal', (good) => ({ encode: (sums) => good.encode(sums) })],
  ['works after close', 'a closed backend', () => ({ close: async () => {}, [Symbol.asyncDispose]: async () => {} })],
];

describe('the compliance suite', () => {
  test.each(checksOf(() => ({})).map((check) => [check.name, check] as const))(
    'passes a good backend: %s',
    (_, check) => check.run(),
  );

  test.each(broken)('fails a backend that %s (%s)', async (_, noticedBy, replace) => {
    const checks = checksOf(replace).filter(({ name }) => name.startsWith(noticedBy));
    expect(checks.length).toBe(1);
    for (const check of checks) await expect(check.run()).rejects.toThrow();
  });
});
