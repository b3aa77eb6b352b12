import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../src/network/address.js';
import { FrameWriter } from '../src/network/frame-writer.js';
import { OwnNonces } from '../src/network/own-nonces.js';
import { RedialPolicy } from '../src/network/redial-policy.js';
import { RequestLedger } from '../src/network/request-ledger.js';
import { TokenBucket } from '../src/network/token-bucket.js';
import { NodeError } from '../src/node-error.js';
import { codeOf } from './network-harness.js';

describe('a token bucket', () => {
  test('is ready until it is overdrawn, and again when the debt is paid off', () => {
    const bucket = new TokenBucket({ perSecond: 100, burst: 10, nowMs: 0 });
    bucket.take(10, 0);
    expect(bucket.readyInMs(0)).toBe(0);
    bucket.take(5, 0);
    expect(bucket.readyInMs(0)).toBe(50);
    expect(bucket.readyInMs(49)).toBe(1);
    expect(bucket.readyInMs(50)).toBe(0);
  });

  test('never lets through more than burst, rate and one message', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 50 })));
    fc.assert(
      fc.property(steps, (history) => {
        const bucket = new TokenBucket({ perSecond: 100, burst: 20, nowMs: 0 });
        let nowMs = 0;
        let taken = 0;
        for (const [elapsedMs, amount] of history) {
          nowMs += elapsedMs;
          if (bucket.readyInMs(nowMs) > 0) continue;
          bucket.take(amount, nowMs);
          taken += amount;
          expect(taken - amount).toBeLessThanOrEqual(20 + nowMs / 10 + 1e-6);
        }
      }),
    );
  });

  test('does not mind a clock that stands still or goes back', () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 1, nowMs: 100 });
    bucket.take(3, 100);
    expect(bucket.readyInMs(50)).toBe(2);
    expect(bucket.readyInMs(102)).toBe(0);
  });

  test('refuses a rate of nothing', () => {
    expect(() => new TokenBucket({ perSecond: 0, burst: 1, nowMs: 0 })).toThrow(RangeError);
    expect(() => new TokenBucket({ perSecond: 1, burst: Number.NaN, nowMs: 0 })).toThrow(RangeError);
  });
});

describe('the redial policy', () => {
  const options = { minDelayMs: 100, maxDelayMs: 1000, stableMs: 5000 };

  test('doubles the delay up to a bound, and starts anew after a connection that lasted', () => {
    const policy = new RedialPolicy(options, () => 0.5);
    expect([0, 0, 10, 0, 0, 0].map((lastedMs) => policy.nextDelayMs(lastedMs))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(policy.nextDelayMs(5000)).toBe(100);
  });

  test('spreads the delay by a quarter either way', () => {
    expect(new RedialPolicy(options, () => 0).nextDelayMs(0)).toBe(75);
    expect(new RedialPolicy(options, () => 0.999_999).nextDelayMs(0)).toBe(125);
  });
});

describe('the request ledger', () => {
  const nobody = { resolve: () => undefined, reject: () => undefined };

  test('matches answers by key, in order without one, and drops abandoned ones', () => {
    const ledger = new RequestLedger<string>();
    const got: string[] = [];
    const owe = (key: number | undefined, name: string) => {
      const owed = {
        answer: 'page',
        key,
        ...nobody,
        resolve: (value: string) => got.push(`${name}=${value}`),
      } as const;
      ledger.add(owed);
      return owed;
    };
    owe(1, 'one');
    owe(2, 'two');
    expect(ledger.settle('page', { key: 3, value: 'x' })).toBe(false);
    expect(ledger.settle('page', { key: 2, value: 'b' })).toBe(true);
    expect(ledger.settle('page', { key: 1, value: 'a' })).toBe(true);
    expect(ledger.expects('page')).toBe(false);
    ledger.abandon(owe(undefined, 'first'), 50);
    owe(undefined, 'second');
    expect(ledger.oldestAbandonedAtMs).toBe(50);
    expect(ledger.settle('page', { key: undefined, value: 'c' })).toBe(true);
    expect(ledger.settle('page', { key: undefined, value: 'd' })).toBe(true);
    expect(got).toEqual(['two=b', 'one=a', 'second=d']);
    expect(ledger.size).toBe(0);
  });
});

describe('the frame writer', () => {
  test('lets urgent frames pass waiting ones, keeps the order otherwise, and keeps bytes of a frame together', async () => {
    const written: number[] = [];
    const accept: (() => void)[] = [];
    const writer = new FrameWriter({
      write: (bytes, onAccepted) => {
        written.push(bytes[0] ?? -1);
        accept.push(onAccepted);
      },
      maxQueuedBytes: 10 * 1024 * 1024,
      maxQueuedFrames: 10,
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      onDrained: () => undefined,
    });
    const frame = (mark: number, size: number) => new Uint8Array(size).fill(mark);
    const all = [
      writer.enqueue([frame(4, 20), frame(1, 700_000)], { isUrgent: false }),
      writer.enqueue([frame(2, 10)], { isUrgent: false }),
      writer.enqueue([frame(3, 10)], { isUrgent: true }),
    ];
    while (accept.length > 0) accept.shift()?.();
    expect(await Promise.all(all)).toEqual([700_020, 10, 10]);
    expect(written).toEqual([4, 1, 1, 1, 3, 2]);
    expect(writer.queuedBytes).toBe(0);
    writer.close(new NodeError('NODE_PEER_CLOSED', 'over'));
    expect(await codeOf(writer.enqueue([frame(1, 1)], { isUrgent: false }))).toBe('NODE_PEER_CLOSED');
  });
});

test('an address is read and written alike, and anything else is refused', () => {
  for (const text of ['example.org:17000', '127.0.0.1:1', '[::1]:65535']) {
    expect(formatAddress(parseAddress(text))).toBe(text);
  }
  expect(parseAddress('Host:5')).toEqual({ host: 'host', port: 5 });
  expect(parseAddress('[::1]:0', { isPortZeroAllowed: true })).toEqual({ host: '::1', port: 0 });
  for (const text of [
    '',
    'host',
    ':5',
    'host:',
    'host:0',
    'host:65536',
    '::1:5',
    'http://host:5',
    'a b:5',
    'host:5x',
  ]) {
    expect(() => parseAddress(text)).toThrow('is no address');
  }
});

test('only the newest thousand nonces are remembered', () => {
  const nonces = new OwnNonces();
  const first = nonces.create('host:1');
  expect(nonces.addressOf(first)).toBe('host:1');
  for (let count = 0; count < 1000; count++) nonces.create(undefined);
  expect(nonces.has(first)).toBe(false);
});
