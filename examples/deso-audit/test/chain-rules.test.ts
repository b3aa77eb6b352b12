import { describe, expect, test } from '@jest/globals';
import { locatorHeights } from '../src/chain/locator.js';
import { auditNetwork } from '../src/chain/networks.js';
import { expectedSnapshotHeight } from '../src/chain/snapshot-height.js';

describe('the snapshot that a node must have, by its headers', () => {
  const network = auditNetwork('mainnet');

  test.each([
    [999, 600_000, 0],
    [1_000, 600_000, 1_000],
    [349_166, 600_000, 349_000],
    // Between the setup of proof of stake and the first multiple of the new period.
    [349_167, 600_000, 0],
    [349_168, 600_000, 349_000],
    [599_999, 600_000, 349_000],
    [600_000, 600_000, 600_000],
    [1_199_999, 600_000, 600_000],
    [1_200_000, 600_000, 1_200_000],
    [350_100, 1_000, 350_000],
  ])('headers up to %i, period %i: %i', (tip, period, height) => {
    expect(expectedSnapshotHeight(tip, { network, period })).toBe(height);
  });
});

describe('a locator', () => {
  test('has the newest headers one by one, then fewer and fewer, and genesis', () => {
    expect(locatorHeights(0)).toEqual([0]);
    expect(locatorHeights(3)).toEqual([3, 2, 1, 0]);
    expect(locatorHeights(40)).toEqual([40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 27, 23, 15, 0]);
    expect(locatorHeights(100_000_000).length).toBeLessThan(50);
  });
});

test('the easiest targets have 32 bytes', () => {
  expect(Buffer.from(auditNetwork('mainnet').easiestTarget).toString('hex')).toBe(`000001ffff${'0'.repeat(54)}`);
  expect(Buffer.from(auditNetwork('testnet').easiestTarget).toString('hex')).toBe(`0090${'0'.repeat(60)}`);
});
