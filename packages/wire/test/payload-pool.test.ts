import { describe, expect, test } from '@jest/globals';
import { encodeFrame, FrameDecoder, PayloadPool } from '../src/index.js';
import { cut, hex, thrownBy } from './support/hex.js';

const network = 2;
const large = 200_000;
const payloadOf = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const frameOf = (length: number, byte: number) =>
  encodeFrame({ type: 18, payload: payloadOf(length, byte) }, { network });

describe('a pool of payloads', () => {
  test('gives out the smallest memory that is large enough, at the length that is wanted', () => {
    const pool = new PayloadPool({ maxBytes: 10 * large });
    const [small, big] = [new Uint8Array(large), new Uint8Array(2 * large)];
    pool.give(big);
    pool.give(small);
    expect(pool.bytes).toBe(3 * large);
    const taken = pool.take(large - 1);
    expect(taken?.buffer).toBe(small.buffer);
    expect(taken).toHaveLength(large - 1);
    expect(pool.take(large + 1)?.buffer).toBe(big.buffer);
    expect(pool.take(large)).toBeUndefined();
    expect(pool.bytes).toBe(0);
  });

  test('takes memory back that it gave out, also if only a part of it was used', () => {
    const pool = new PayloadPool({ maxBytes: large });
    pool.give(new Uint8Array(large));
    pool.give(pool.take(70_000) as Uint8Array);
    expect(pool.take(large)).toHaveLength(large);
  });

  test('never has the same memory twice', () => {
    const pool = new PayloadPool({ maxBytes: 10 * large });
    const payload = new Uint8Array(large);
    pool.give(payload);
    pool.give(payload);
    expect(pool.take(large)?.buffer).toBe(payload.buffer);
    expect(pool.take(large)).toBeUndefined();
  });

  test('does not take a payload that is a part of something else', () => {
    const pool = new PayloadPool({ maxBytes: 10 * large });
    const whole = new Uint8Array(2 * large);
    pool.give(whole.subarray(0, large));
    pool.give(whole.subarray(large));
    expect(pool.bytes).toBe(0);
  });

  test('holds no more than it may, and nothing small', () => {
    const pool = new PayloadPool({ maxBytes: large });
    pool.give(new Uint8Array(large + 1));
    pool.give(new Uint8Array(1_000));
    expect(pool.bytes).toBe(0);
    pool.give(new Uint8Array(large));
    pool.give(new Uint8Array(large));
    expect(pool.bytes).toBe(large);
    expect(pool.take(1_000)).toBeUndefined();
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('cannot be bounded by %p', (maxBytes) => {
    expect(thrownBy(() => new PayloadPool({ maxBytes })).name).toBe('RangeError');
  });
});

describe('frames in memory that was used before', () => {
  test('are whole, whatever was there', () => {
    const pool = new PayloadPool({ maxBytes: 4 * large });
    const decoder = new FrameDecoder({ network, pool });
    const buffers = new Set<unknown>();
    for (let round = 1; round <= 6; round++) {
      const length = large - 10_000 * (round % 3);
      const frames = cut(frameOf(length, round), [7_001]).flatMap((part) => decoder.push(part));
      expect(frames).toHaveLength(1);
      for (const { payload } of frames) {
        expect(hex(payload)).toBe(hex(payloadOf(length, round)));
        buffers.add(payload.buffer);
        pool.give(payload);
      }
    }
    // The first is too short for the longest.
    expect(buffers.size).toBe(2);
  });

  test('that fail leave their memory to the next', () => {
    const pool = new PayloadPool({ maxBytes: large });
    pool.give(new Uint8Array(large));
    const broken = frameOf(large, 1);
    broken[broken.length - 1] = 0;
    const decoder = new FrameDecoder({ network, pool });
    expect(thrownBy(() => decoder.push(broken)).code).toBe('WIRE_CHECKSUM_MISMATCH');
    expect(pool.bytes).toBe(large);
  });

  test('do not share it while nobody has given it back', () => {
    const pool = new PayloadPool({ maxBytes: large });
    pool.give(new Uint8Array(large));
    const decoder = new FrameDecoder({ network, pool });
    const [first] = decoder.push(frameOf(large, 1));
    const [second] = decoder.push(frameOf(large, 2));
    expect(second?.payload.buffer).not.toBe(first?.payload.buffer);
    expect(hex(first?.payload ?? new Uint8Array(0))).toBe(hex(payloadOf(large, 1)));
  });
});
