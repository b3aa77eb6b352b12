import { describe, expect, test } from '@jest/globals';
import {
  createUnprovedWorld,
  simulateUnproved,
  type UnprovedBehaviour,
  type UnprovedWorld,
  unprovedLies,
} from '../src/testing/index.js';

function smallWorld(
  seed: number,
  peers: readonly UnprovedBehaviour[],
  given: Partial<UnprovedWorld> = {},
): UnprovedWorld {
  const options = { maxChunkBytes: 2_000, maxBytesInFlight: 20_000, maxRestarts: 1_000, requestTimeoutMs: 5_000 };
  return { seed, records: [900, 30, 0, 200], recordBytes: 50, hasParts: true, peers, options, ...given };
}

/** Seeds of worlds in which an earlier version broke a promise. */
const regressions = [9, 26, 37, 45, 69, 714];

describe('simulated unproved downloads', () => {
  test('every promise is kept in random worlds', () => {
    for (let seed = 50_001; seed <= 50_100; seed++)
      expect(simulateUnproved(createUnprovedWorld(seed)).isDone).toBe(true);
  }, 120_000);

  test('worlds that once went wrong do not any more', () => {
    for (const seed of regressions) expect(simulateUnproved(createUnprovedWorld(seed)).isDone).toBe(true);
  });

  test.each(unprovedLies)(
    'a peer that lies by "%s", and is there alone at first, is banned, and the state ends right',
    (lie) => {
      for (const hasParts of [true, false]) {
        for (let seed = 1; seed <= 5; seed++) {
          const liar = { name: 'liar', lie, bytesPerSecond: 40_000 };
          const honest = { name: 'honest', bytesPerSecond: 20_000, presence: [{ fromMs: 60_000, toMs: 10_000_000 }] };
          const report = simulateUnproved(smallWorld(seed, [liar, honest], { hasParts }));
          expect([report.isDone, report.banned]).toEqual([true, ['liar']]);
        }
      }
    },
  );

  test('a lie that several peers may have told has no name, and the state ends right all the same', () => {
    let unnamed = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const leaving = { lie: 'value', lieChance: 0.3, leaveChance: 0.3, leaveMs: 500 } as const;
      const liar = { name: 'liar', bytesPerSecond: 90_000, ...leaving };
      const report = simulateUnproved(smallWorld(seed, [liar, { name: 'honest', bytesPerSecond: 20_000 }]));
      expect(report.isDone).toBe(true);
      unnamed += report.unnamed;
    }
    expect(unnamed).toBeGreaterThan(0);
  });

  test('honest peers share the prefixes, and nothing is downloaded twice', () => {
    const peers = ['a', 'b', 'c'].map((name) => ({ name, bytesPerSecond: 20_000 }));
    const world = smallWorld(1, peers, { records: [400, 400, 400, 400, 400, 400] });
    const report = simulateUnproved(world);
    expect(report.receivedBytes).toBe(report.stateBytes);
    expect(report.endMs).toBeLessThan(1.5 * ((report.stateBytes * 1_000) / 60_000) + 1_000);
    for (const { bytes } of report.status.peers) expect(bytes).toBeGreaterThan(report.stateBytes / 8);
  });

  test('killed in the middle, it downloads nothing of what is written again', () => {
    const world = smallWorld(2, [{ name: 'honest', bytesPerSecond: 20_000 }], { killsMs: [700, 1_500, 2_200] });
    const report = simulateUnproved(world);
    expect([report.isDone, report.lives]).toEqual([true, 4]);
    // What was under way at each kill: a chunk or two of each prefix.
    expect(report.receivedBytes).toBeLessThan(report.stateBytes + 3 * 4 * 3 * 2_000);
  });

  test('a broken promise ends the run with the seed in its message', () => {
    const world = smallWorld(9, [{ name: 'silent', stallChance: 1 }], { maxMs: 100_000 });
    expect(() => simulateUnproved(world)).toThrow(/^Seed 9, at \d+ ms: it is not done/);
  });
});
