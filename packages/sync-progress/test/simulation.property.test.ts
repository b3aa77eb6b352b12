import { describe, expect, test } from '@jest/globals';
import {
  createRandom,
  createSimulatedState,
  type PeerBehaviour,
  type Random,
  type SimulationOptions,
  type SimulationReport,
  simulate,
  simulatedLies,
} from '../src/testing/index.js';

const settings = {
  maxBytesInFlight: 40_000,
  maxChunkBytes: 8_000,
  minChunkBytes: 500,
  initialChunkBytes: 2_000,
  requestTimeoutMs: 10_000,
};

/** Runs many worlds; a failing one is named by its seed. */
function forSeeds(count: number, first: number, check: (seed: number, random: Random) => void): void {
  for (let seed = first; seed < first + count; seed++) {
    try {
      check(seed, createRandom(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

function randomState(random: Random): SimulationOptions['state'] {
  const isSplit = random.chance(0.5);
  const recordsPerRange = isSplit
    ? Array.from({ length: 30 + random.below(150) }, () => 1 + random.below(12))
    : Array.from({ length: 1 + random.below(10) }, () => 1 + Math.floor(400 ** random.next()));
  return createSimulatedState(random, { recordsPerRange, maxValueBytes: 60, rangesPerPrefix: isSplit ? 50 : 1 });
}

function randomPeer(random: Random, name: string): PeerBehaviour {
  const bytesPerSecond = Math.round(300 * 1000 ** random.next());
  const roundTripMs = 5 + random.below(300);
  const common = { name, bytesPerSecond, roundTripMs };
  switch (random.below(7)) {
    case 0:
      return { ...common, stallChance: random.next() };
    case 1:
    case 2: {
      const lie = simulatedLies[random.below(simulatedLies.length)] ?? 'value';
      return { ...common, lie, lieChance: 0.05 + random.next() };
    }
    case 3:
      return { ...common, unavailableChance: random.next() };
    case 4:
      return { ...common, presence: comingAndGoing(random) };
    case 5:
      return { ...common, emptyChance: random.next(), lacksRange: (range) => range % 3 === 0 };
    default:
      return common;
  }
}

function comingAndGoing(random: Random): { fromMs: number; toMs: number }[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (let fromMs = random.below(5_000); spans.length < 200; ) {
    const toMs = fromMs + 1 + random.below(4_000);
    spans.push({ fromMs, toMs });
    fromMs = toMs + 1 + random.below(4_000);
  }
  return spans;
}

/** Requests a sync may need: all chunks, again for what was lost, and the retries that time allows. */
function requestBound(report: SimulationReport, peers: number): number {
  const chunks = report.downloadedBytes / settings.minChunkBytes + report.status.total.ranges;
  const retries = (peers * report.endMs) / 1_000;
  return 200 + 8 * chunks + 2 * retries;
}

describe('simulated networks', () => {
  test('with one honest peer reachable, every sync ends right, whatever the others do', () => {
    forSeeds(200, 1, (seed, random) => {
      const state = randomState(random);
      const others = Array.from({ length: random.below(6) }, (_, index) => randomPeer(random, `other-${index}`));
      const honest = {
        name: 'honest',
        bytesPerSecond: 2_000 + random.below(50_000),
        roundTripMs: 10 + random.below(200),
      };
      const peers = random.chance(0.5) ? [honest, ...others] : [...others, honest];
      const report = simulate({ seed, state, peers, options: settings });
      if (!report.isDone) throw new Error(`not done: ${report.status.waitingFor.text}`);
      const bound = requestBound(report, peers.length);
      if (report.requests > bound) throw new Error(`${report.requests} requests, ${bound} would be enough`);
    });
  });

  test('with a peer that is there half of the time, every sync ends right', () => {
    forSeeds(40, 1_000, (seed, random) => {
      const recordsPerRange = Array.from({ length: 40 }, () => 1 + random.below(20));
      const state = createSimulatedState(random, { recordsPerRange, maxValueBytes: 60, rangesPerPrefix: 10 });
      const presence = Array.from({ length: 5_000 }, (_, index) => ({
        fromMs: index * 2_000,
        toMs: index * 2_000 + 1_000,
      }));
      const peers: PeerBehaviour[] = [
        { name: 'half-time', bytesPerSecond: 20_000, roundTripMs: 100, presence },
        { name: 'liar', lie: 'value', lieChance: 0.3 },
        { name: 'dead', stallChance: 1 },
      ];
      const report = simulate({ seed, state, peers, options: settings });
      if (!report.isDone) throw new Error(`not done: ${report.status.waitingFor.text}`);
    });
  });

  test('restarts, newer manifests and local failures lose nothing that is stored and unchanged', () => {
    forSeeds(100, 2_000, (seed, random) => {
      const state = randomState(random);
      const others = Array.from({ length: random.below(4) }, (_, index) => randomPeer(random, `other-${index}`));
      const moment = (): number => random.below(20_000);
      const report = simulate({
        seed,
        state,
        peers: [{ name: 'honest', bytesPerSecond: 5_000 }, ...others],
        options: { ...settings, maxLocalFailures: 50 },
        restartsMs: [moment(), moment()],
        turns: [{ atMs: moment(), changedPart: 0.3 }],
        proveFailChance: 0.1,
        commitFailChance: 0.2,
      });
      if (!report.isDone) throw new Error(`not done: ${report.status.waitingFor.text}`);
    });
  });

  test('every kind of lie gets its sender banned, and only once', () => {
    for (const lie of simulatedLies) {
      forSeeds(10, 3_000, (seed, random) => {
        const recordsPerRange = [300, 40, 1, 80, 7];
        const state = createSimulatedState(random, { recordsPerRange, maxValueBytes: 60 });
        const peers = [
          { name: 'liar', lie, bytesPerSecond: 5_000 },
          { name: 'honest', bytesPerSecond: 1_000 },
        ];
        const report = simulate({ seed, state, peers, options: settings });
        expect({ lie, isDone: report.isDone, banned: report.bans.map((ban) => ban.peer) }).toEqual({
          lie,
          isDone: true,
          banned: ['liar'],
        });
      });
    }
  });

  test('a run follows from its seed', () => {
    const trace = (seed: number): string => {
      const random = createRandom(seed);
      const state = randomState(random);
      const peers = [0, 1, 2, 3].map((index) => randomPeer(random, `peer-${index}`));
      const lines: string[] = [];
      const report = simulate({
        seed,
        state,
        peers: [...peers, { name: 'honest' }],
        options: settings,
        onStep: (event, commands) => {
          lines.push(JSON.stringify([event.type, event.nowMs, commands]));
        },
      });
      return `${lines.join('\n')}\n${JSON.stringify(report.status)}`;
    };
    expect(trace(7)).toBe(trace(7));
    expect(trace(7)).not.toBe(trace(8));
  });

  test('peers share the work by their rate and finish together', () => {
    const random = createRandom(5);
    const recordsPerRange = Array.from({ length: 400 }, () => 5 + random.below(10));
    const state = createSimulatedState(random, { recordsPerRange, maxValueBytes: 100, rangesPerPrefix: 100 });
    const peers = [
      { name: 'a', bytesPerSecond: 8_000, roundTripMs: 20 },
      { name: 'b', bytesPerSecond: 4_000, roundTripMs: 20 },
      { name: 'c', bytesPerSecond: 2_000, roundTripMs: 20 },
    ];
    const report = simulate({ seed: 5, state, peers, options: settings });
    const idealMs = (state.bytes * 1000) / 14_000;
    const shares = report.status.peers.map((peer) => peer.share);
    expect(report.isDone).toBe(true);
    expect(report.endMs).toBeLessThan(idealMs * 1.15);
    expect(shares[0]).toBeCloseTo(8 / 14, 1);
    expect(shares[1]).toBeCloseTo(4 / 14, 1);
    expect(shares[2]).toBeCloseTo(2 / 14, 1);
    expect(report.downloadedBytes).toBeLessThan(state.bytes * 1.1);
  });

  test('an unreachable snapshot costs few requests and no ticks without need', () => {
    const state = createSimulatedState(createRandom(1), { recordsPerRange: [10, 20, 30], maxValueBytes: 50 });
    const peers = ['a', 'b', 'c'].map((name) => ({ name, unavailableChance: 1 }));
    const report = simulate({ seed: 1, state, peers, options: settings, maxMs: 3_600_000 });
    expect(report.isDone).toBe(false);
    expect(report.status.waitingFor.kind).toBe('available-peer');
    for (const requests of report.requestsByPeer.values()) expect(requests).toBeLessThan(5 + 3_600 / 30);
    expect(report.events).toBeLessThan(3 * 3 * (5 + 3_600 / 30));
  });

  test('a broken promise ends the run with the seed in its message', () => {
    const state = createSimulatedState(createRandom(9), { recordsPerRange: [10], maxValueBytes: 50 });
    // A limit below the chain's makes honest chunks look like lies.
    const run = (): unknown => simulate({ seed: 9, state, peers: [{ name: 'good' }], options: { maxValueBytes: 1 } });
    expect(run).toThrow(/^Seed 9, at [\d.]+ ms: the honest peer good is banned\.$/);
  });
});
