import { describe, expect, test } from '@jest/globals';
import { SliceBuffers } from '../../src/pool/slice-buffers.js';

describe('slice buffers', () => {
  test('come back for what fits into them', () => {
    const buffers = new SliceBuffers(2);
    const buffer = buffers.take(100_000);
    expect(buffer.byteLength).toBe(131_072);
    buffers.give(buffer);
    expect(buffers.take(131_073)).not.toBe(buffer);
    expect(buffers.take(131_072)).toBe(buffer);
    expect(buffers.take(131_072)).not.toBe(buffer);
  });

  test('are kept up to the limit, the larger ones rather', () => {
    const buffers = new SliceBuffers(2);
    const [small, medium, large] = [70_000, 200_000, 500_000].map((size) => buffers.take(size)) as [
      ArrayBuffer,
      ArrayBuffer,
      ArrayBuffer,
    ];
    for (const buffer of [large, small, medium]) buffers.give(buffer);
    const kept = [buffers.take(1), buffers.take(1), buffers.take(1)];
    expect(kept.includes(small)).toBe(false);
    expect(kept.slice(0, 2).every((buffer) => buffer === medium || buffer === large)).toBe(true);
  });

  test('above 4 MiB, and those that were given away, are not kept', () => {
    const buffers = new SliceBuffers(2);
    const large = buffers.take(5_000_000);
    expect(large.byteLength).toBe(5_000_000);
    buffers.give(large);
    const detached = buffers.take(1);
    structuredClone(detached, { transfer: [detached] });
    buffers.give(detached);
    buffers.give(undefined);
    expect([large, detached]).not.toContain(buffers.take(1));
  });
});
