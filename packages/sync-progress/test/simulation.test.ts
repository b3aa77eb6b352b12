import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { HyperSyncProgress, type SyncCommand, type SyncEvent } from '../src/index.js';
import {
  createRandom,
  createSnapshot,
  createWorld,
  nextSnapshot,
  type PeerBehaviour,
  type SimulatedWorld,
  simulate,
  simulatedLies,
} from '../src/testing/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Seeds of worlds in which an earlier planner broke a promise. */
const regressions = [61, 93, 159, 253, 443, 519, 681, 897, 2195, 4143, 5673, 6453, 9138, 100_456, 102_777];

/** Settings at the scale of small worlds: a request of 16 MiB is one of 8000 bytes here. */
const scaled = {
  maxChunkBytes: 8_000,
  maxBytesInFlight: 32_000,
  minChunkBytes: 8,
  initialChunkBytes: 125,
  requestTimeoutMs: 10_000,
};

function smallWorld(seed: number, peers: readonly PeerBehaviour[], ranges = 100): SimulatedWorld {
  const random = createRandom(seed);
  const recordsPerRange = Array.from({ length: ranges }, () => 1 + random.below(20));
  const first = createSnapshot(random, { recordsPerRange, maxValueBytes: 60, gapPart: 0.2 });
  return { seed, snapshots: [first], peers, options: scaled };
}

describe('simulated worlds', () => {
  test('every promise is kept in random worlds', async () => {
    // In a process of its own, where nothing slows the engine down, hundreds of worlds take seconds.
    const output = mkdtempSync(join(root, 'dist', 'simulator-'));
    try {
      const outfile = join(output, 'testing.mjs');
      const entryPoints = [join(root, 'src', 'testing', 'index.ts')];
      await build({ entryPoints, outfile, bundle: true, format: 'esm', target: 'es2023', logLevel: 'error' });
      const script = `
        import { createWorld, simulate } from ${JSON.stringify(pathToFileURL(outfile).href)};
        let done = 0;
        for (let seed = 10_001; seed <= 10_300; seed++) done += simulate(createWorld(seed)).isDone ? 1 : 0;
        console.log(done);`;
      const options = { encoding: 'utf8' } as const;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], options);
      expect({ stdout, stderr }).toEqual({ stdout: '300\n', stderr: '' });
    } finally {
      rmSync(output, { recursive: true });
    }
  }, 120_000);

  test('worlds that once went wrong do not any more', () => {
    for (const seed of regressions) expect(simulate(createWorld(seed)).isDone).toBe(true);
  });

  test.each(simulatedLies)('a peer that lies by "%s" is banned, once, and the sync ends right', (lie) => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = smallWorld(seed, [
        { name: 'liar', lie, bytesPerSecond: 20_000 },
        { name: 'honest', bytesPerSecond: 5_000 },
      ]);
      const [first] = world.snapshots;
      if (first === undefined) throw new Error('one snapshot');
      const snapshots = [first, nextSnapshot(createRandom(seed), first, { changedPart: 1 })];
      const isOld = lie === 'old-epoch';
      const report = simulate(isOld ? { ...world, snapshots, epochMs: 1, peers: world.peers } : world);
      expect(report.bans.map(({ peer }) => peer)).toEqual(['liar']);
    }
  });

  test('who lies in manifests, or floods, is banned, and the sync ends right', () => {
    const world = smallWorld(3, [
      { name: 'forger', hasForgedManifests: true },
      { name: 'flooder', floodChance: 1, floodBytes: 100 },
      { name: 'honest', bytesPerSecond: 5_000 },
    ]);
    const report = simulate(world);
    expect(report.bans.map(({ peer, reason }) => [peer, reason])).toEqual([['flooder', 'unrequested']]);
  });

  test('a peer that leaves one byte before the end of each answer costs little, and is not banned', () => {
    const deserter = { name: 'deserter', desertChance: 1, desertMs: 100, bytesPerSecond: 50_000 };
    const report = simulate(smallWorld(4, [deserter, { name: 'honest', bytesPerSecond: 2_000 }]));
    expect(report.bans).toEqual([]);
    expect(report.downloadedBytes).toBeLessThan(1.1 * report.neededBytes);
  });

  test('a retained snapshot is finished; one that nobody serves any more is left for the newest', () => {
    const world = smallWorld(5, [{ name: 'honest', bytesPerSecond: 4_000 }]);
    const [first] = world.snapshots;
    if (first === undefined) throw new Error('one snapshot');
    const random = createRandom(5);
    const second = nextSnapshot(random, first, { changedPart: 0.2, isClustered: true });
    const third = nextSnapshot(random, second, { changedPart: 0.2, isClustered: true });
    const wholeMs = (first.bytes * 1000) / 4_000;
    const snapshots = [first, second, third];
    const kept = simulate({ ...world, snapshots, epochMs: Math.round(wholeMs * 0.9) });
    expect([kept.adoptions, kept.status.manifestId]).toEqual([1, 'snapshot 0']);
    const retired = simulate({ ...world, snapshots, epochMs: Math.round(wholeMs * 0.3) });
    expect([retired.adoptions, retired.status.manifestId]).toEqual([2, 'snapshot 2']);
    expect(retired.status.resumed.ranges).toBeGreaterThan(0);
  });

  test('peers share the work by their rate and finish together', () => {
    const random = createRandom(5);
    const recordsPerRange = Array.from({ length: 1_500 }, () => 5 + random.below(10));
    const snapshots = [createSnapshot(random, { recordsPerRange, maxValueBytes: 100, rangesPerPrefix: 400 })];
    const peers = [8_000, 4_000, 2_000].map((rate) => ({ name: `${rate}`, bytesPerSecond: rate, roundTripMs: 20 }));
    const report = simulate({ seed: 5, snapshots, peers, options: scaled });
    const idealMs = (report.neededBytes * 1000) / 14_000;
    expect(report.endMs).toBeLessThan(idealMs * 1.15);
    for (const { peer, share } of report.status.peers) expect(share).toBeCloseTo(Number(peer) / 14_000, 1);
    expect(report.downloadedBytes).toBeLessThan(report.neededBytes * 1.05);
  });

  test('equally fast peers share even a small state evenly, though one of them is always a little ahead', () => {
    for (const rangeCount of [12, 50, 150]) {
      const random = createRandom(rangeCount);
      const recordsPerRange = Array.from({ length: rangeCount }, () => 50 + random.below(50));
      const snapshots = [createSnapshot(random, { recordsPerRange, maxValueBytes: 100, rangesPerPrefix: 100 })];
      const peers = [20, 22, 24].map((roundTripMs) => ({ name: `${roundTripMs}`, bytesPerSecond: 2e6, roundTripMs }));
      const { status } = simulate({ seed: rangeCount, snapshots, peers, provedBytesPerSecond: 1e6 });
      for (const { share } of status.peers) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.06);
    }
  });

  test('a snapshot that nobody has costs few requests and no ticks without need', () => {
    const peers = ['a', 'b', 'c'].map((name) => ({ name, unavailableChance: 1 }));
    const seen = new Map<string, number>();
    const maxMs = 3_600_000;
    let events = 0;
    const onStep = (event: SyncEvent, commands: readonly SyncCommand[]): void => {
      if (event.nowMs < maxMs) events++;
      for (const command of commands) {
        if (command.type === 'request') seen.set(command.peer, (seen.get(command.peer) ?? 0) + 1);
      }
    };
    const world = { ...smallWorld(1, peers, 3), maxMs, onStep };
    expect(() => simulate(world)).toThrow('none can serve it now; asking again');
    for (const requests of seen.values()) expect(requests).toBeLessThan(10 + 3_600 / 30);
    expect(events).toBeLessThan(3 * 3 * (10 + 3_600 / 30));
  });

  test('a broken promise ends the run with the seed in its message', () => {
    // A limit below the chain's makes honest chunks look like lies.
    const world = { ...smallWorld(9, [{ name: 'good' }]), options: { ...scaled, maxValueBytes: 1 } };
    expect(() => simulate(world)).toThrow(
      /^Seed 9, at \d+ ms: good is banned \(value-too-long\), but has sent nothing wrong/,
    );
  });
});

describe('replay', () => {
  test('a run follows from its seed', () => {
    const trace = (seed: number): string => {
      const lines: string[] = [];
      const onStep = (event: SyncEvent, commands: readonly SyncCommand[]): void => {
        lines.push(JSON.stringify([event.type, event.nowMs, commands]));
      };
      const { status } = simulate({ ...createWorld(seed), onStep });
      return `${lines.join('\n')}\n${JSON.stringify(status)}`;
    };
    expect(trace(7)).toBe(trace(7));
    expect(trace(7)).not.toBe(trace(8));
  });

  test('the same events give the same commands', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = createWorld(seed);
      const lives = new Map<number, { events: SyncEvent[]; commands: string[] }>();
      const onStep = (event: SyncEvent, commands: readonly SyncCommand[], life: number): void => {
        const log = lives.get(life) ?? { events: [], commands: [] };
        // The indexes of proved ranges come from an iterator in general; here it is an array.
        log.events.push(event);
        log.commands.push(JSON.stringify(commands));
        lives.set(life, log);
      };
      simulate({ ...world, onStep });
      for (const { events, commands } of lives.values()) {
        const machine = new HyperSyncProgress(world.options);
        expect(events.map((event) => JSON.stringify(machine.handle(event)))).toEqual(commands);
      }
    }
  });
});
