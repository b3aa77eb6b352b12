import type { HyperSyncProgressOptions } from '../options.js';
import { createRandom, type Random } from './random.js';
import { type PeerBehaviour, simulatedLies } from './simulated-peer.js';
import { createSnapshot, nextSnapshot, type SimulatedSnapshot } from './simulated-snapshot.js';
import type { SimulatedWorld } from './simulated-world.js';

const chunkTargetMs = 1_000;
const requestTimeoutMs = 10_000;
const maxRetryDelayMs = 10_000;

/** The largest request of a world, and how fast its honest peers are. */
interface Scale {
  readonly maxChunkBytes: number;
  readonly largestRange: number;
  readonly bytesPerSecond: number;
}

/**
 * A random world: a state of many ranges, epochs, kills, one peer that is honest, serves every snapshot and is there at
 * least half of the time, for windows of at least three request times, and others that do whatever they like.
 */
export function createWorld(seed: number): SimulatedWorld {
  const random = createRandom(seed);
  const maxChunkBytes = Math.round(random.spread(2_000, 12_000));
  const first = randomState(random, maxChunkBytes);
  const bytesPerSecond = Math.round(maxChunkBytes / random.spread(0.3, 6));
  const snapshots = [first];
  const epochs = random.chance(0.5) ? random.below(5) : 0;
  for (let height = 1; height <= epochs; height++) {
    const change = { changedPart: random.next(), isClustered: random.chance(0.7) };
    snapshots.push(nextSnapshot(random, snapshots.at(-1) ?? first, change));
  }
  const largestRange = Math.max(...snapshots.flatMap(({ ranges }) => ranges.map(({ bytes }) => bytes)));
  const scale: Scale = { maxChunkBytes, largestRange, bytesPerSecond };
  const honest = honestPeer(random, 'honest', scale);
  const others = Array.from({ length: random.below(7) }, (_, at) => otherPeer(random, `other-${at}`, scale));
  const roundMs = (first.bytes * 1000) / bytesPerSecond;
  const moment = (): number => Math.round(random.next() * roundMs * 2);
  const hasLocalTrouble = random.chance(0.15);
  return {
    seed,
    snapshots,
    epochMs: Math.max(1_000, Math.round(roundMs * random.spread(0.2, 2))),
    peers: random.chance(0.5) ? [honest, ...others] : [...others, honest],
    options: settingsOf(maxChunkBytes, hasLocalTrouble),
    provedBytesPerSecond: bytesPerSecond * random.spread(1, 1_000),
    commitMs: random.spread(0.1, 20),
    killsMs: random.chance(0.3) ? [moment(), moment()].slice(random.below(2)) : [],
    ...(hasLocalTrouble ? { proveFailChance: 0.1, commitFailChance: 0.1 } : {}),
    maxIdleMs: 4 * (requestTimeoutMs + maxRetryDelayMs) + 5 * requestMs(scale, honest),
  };
}

/** The default settings, at the scale of a world whose largest request is so many bytes. */
function settingsOf(maxChunkBytes: number, hasLocalTrouble: boolean): HyperSyncProgressOptions {
  return {
    maxChunkBytes,
    maxBytesInFlight: 4 * maxChunkBytes,
    initialChunkBytes: Math.ceil(maxChunkBytes / 64),
    minChunkBytes: Math.ceil(maxChunkBytes / 1024),
    chunkTargetMs,
    requestTimeoutMs,
    maxRetryDelayMs,
    reconsiderAfterMs: 5_000,
    ...(hasLocalTrouble ? { maxLocalFailures: 100 } : {}),
  };
}

function randomState(random: Random, maxChunkBytes: number): SimulatedSnapshot {
  const maxValueBytes = 40;
  const averageRecord = 5 + maxValueBytes / 2;
  // A range holds at most a quarter of the largest request, as by default.
  const rangeBytes = maxChunkBytes / random.spread(8, 64);
  const ranges = Math.round((maxChunkBytes * random.spread(4, 30)) / rangeBytes);
  const mostRecords = Math.max(1, Math.round((2 * rangeBytes) / averageRecord));
  return createSnapshot(random, {
    recordsPerRange: Array.from({ length: Math.min(ranges, 600) }, () => 1 + random.below(mostRecords)),
    maxValueBytes,
    rangesPerPrefix: 10 + random.below(200),
    gapPart: random.chance(0.5) ? random.next() : 0,
  });
}

/** How long an answer may take an honest peer. */
function requestMs({ largestRange, bytesPerSecond }: Scale, { roundTripMs = 50 }: PeerBehaviour): number {
  return roundTripMs + chunkTargetMs + (largestRange * 1000) / bytesPerSecond;
}

function honestPeer(random: Random, name: string, scale: Scale): PeerBehaviour {
  const peer = { name, bytesPerSecond: scale.bytesPerSecond, roundTripMs: 5 + random.below(300) };
  if (random.chance(0.5)) return peer;
  const leastMs = 3 * requestMs(scale, peer);
  return { ...peer, presence: comingAndGoing(random, leastMs, leastMs * random.spread(1, 10)) };
}

/** Windows of a length between `leastMs` and `mostMs`; it is never gone for longer than it was there before. */
function comingAndGoing(random: Random, leastMs: number, mostMs: number): { fromMs: number; toMs: number }[] {
  const windows: { fromMs: number; toMs: number }[] = [];
  for (let fromMs = 0; windows.length < 2_000; ) {
    const toMs = fromMs + leastMs + random.next() * (mostMs - leastMs);
    windows.push({ fromMs, toMs });
    fromMs = toMs + random.next() * (toMs - fromMs);
  }
  return windows;
}

function otherPeer(random: Random, name: string, scale: Scale): PeerBehaviour {
  const common = {
    name,
    bytesPerSecond: Math.round(scale.bytesPerSecond * random.spread(0.02, 5)),
    roundTripMs: 5 + random.below(400),
    ...(random.chance(0.2) ? { cutBytes: Math.round(random.spread(20, scale.maxChunkBytes)) } : {}),
    ...(random.chance(0.2) ? { lagMs: random.below(5_000) } : {}),
  };
  switch (random.below(10)) {
    case 0:
      return { ...common, stallChance: random.next() };
    case 1:
      return { ...common, haltChance: random.next() };
    case 2:
    case 3: {
      const lie = simulatedLies[random.below(simulatedLies.length)] ?? 'value';
      return { ...common, lie, lieChance: random.spread(0.02, 1) };
    }
    case 4:
      return { ...common, unavailableChance: random.next() };
    case 5:
      return { ...common, presence: comingAndGoing(random, 1, 4_000) };
    case 6:
      return { ...common, emptyChance: random.next(), serves: (height) => height % 2 === 1 };
    case 7:
      return {
        ...common,
        bytesPerSecond: Math.round(scale.bytesPerSecond * random.spread(0.2, 20)),
        desertChance: random.next(),
        desertMs: random.spread(20, 10_000),
      };
    case 8:
      return random.chance(0.5)
        ? { ...common, hasForgedManifests: true }
        : { ...common, floodChance: random.spread(0.02, 1), floodBytes: Math.round(random.spread(1, 20_000)) };
    default:
      return common;
  }
}
