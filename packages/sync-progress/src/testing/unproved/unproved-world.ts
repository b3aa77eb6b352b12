import type { UnprovedCommand, UnprovedEvent } from '../../unproved/unproved-messages.js';
import type { UnprovedProgressOptions } from '../../unproved/unproved-options.js';
import type { UnprovedStatus } from '../../unproved/unproved-status.js';
import { createRandom, type Random } from '../random.js';

/**
 * Lies about a state: another value, a record left out, a record that does not exist, an end that comes too soon, or records in the
 * wrong order, which alone can be seen without the rest.
 */
export const unprovedLies = ['value', 'skip', 'extra', 'early-end', 'order'] as const;
export type UnprovedLie = (typeof unprovedLies)[number];

/** A peer of an unproved download; what is left out is honest, quick and always there. */
export interface UnprovedBehaviour {
  readonly name: string;
  readonly bytesPerSecond?: number;
  readonly roundTripMs?: number;
  readonly lie?: UnprovedLie;
  /** Of each answer; default 1. */
  readonly lieChance?: number;
  /** Of each answer, never to come. */
  readonly stallChance?: number;
  /** Of each answer, to be without the state. */
  readonly unavailableChance?: number;
  /** Of each answer, to be followed by its leaving, for so long. */
  readonly leaveChance?: number;
  readonly leaveMs?: number;
  /** Largest answer, whatever is asked for. */
  readonly cutBytes?: number;
  /** From when to when it is there; default always. */
  readonly presence?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** A state that peers offer, and what happens while it is downloaded. */
export interface UnprovedWorld {
  readonly seed: number;
  /** Records of each prefix; the first prefix is 1. */
  readonly records: readonly number[];
  readonly recordBytes: number;
  /** Whether peers say what each prefix is, or only what the whole is. */
  readonly hasParts: boolean;
  readonly peers: readonly UnprovedBehaviour[];
  readonly options?: UnprovedProgressOptions;
  /** When the process is killed. */
  readonly killsMs?: readonly number[];
  readonly writeMs?: number;
  /** By when it must be over; default a day. */
  readonly maxMs?: number;
  readonly onStep?: (event: UnprovedEvent, commands: readonly UnprovedCommand[]) => void;
}

/** What a simulated unproved download came to. */
export interface UnprovedReport {
  readonly seed: number;
  readonly isDone: boolean;
  readonly endMs: number;
  readonly requests: number;
  readonly receivedBytes: number;
  readonly stateBytes: number;
  readonly lives: number;
  readonly banned: readonly string[];
  /** How often a lie was found that could not be given a name. */
  readonly unnamed: number;
  readonly status: UnprovedStatus;
}

/** A random world in which one honest peer is there long enough to send everything alone. */
export function createUnprovedWorld(seed: number): UnprovedWorld {
  const random = createRandom(seed);
  const recordBytes = 10 + random.below(100);
  const records = Array.from({ length: 1 + random.below(12) }, () =>
    random.chance(0.15) ? 0 : Math.round(random.spread(1, 3_000)),
  );
  const stateBytes = recordBytes * records.reduce((sum, count) => sum + count, 0);
  const maxChunkBytes = Math.round(random.spread(500, 20_000));
  const bytesPerSecond = Math.round(maxChunkBytes / random.spread(0.1, 4));
  const wholeMs =
    2_000 + (stateBytes * 1_000) / bytesPerSecond + 4 * 400 * (stateBytes / maxChunkBytes + records.length);
  const honest: UnprovedBehaviour = {
    name: 'honest',
    bytesPerSecond,
    roundTripMs: 5 + random.below(300),
    ...(random.chance(0.3) ? { presence: windows(random, 3 * wholeMs) } : {}),
  };
  const others = Array.from({ length: random.below(6) }, (_, at) =>
    otherPeer(random, `other-${at}`, { bytesPerSecond, maxChunkBytes }),
  );
  return {
    seed,
    records,
    recordBytes,
    hasParts: random.chance(0.7),
    peers: random.chance(0.5) ? [honest, ...others] : [...others, honest],
    options: {
      maxChunkBytes,
      maxBytesInFlight: Math.round(maxChunkBytes * random.spread(1, 20)),
      minBytesPerSecond: Math.max(1, Math.round(bytesPerSecond / 50)),
      maxRestarts: 10_000,
      maxRetryDelayMs: 10_000,
      requestTimeoutMs: 10_000,
    },
    writeMs: random.spread(0.1, 100),
    killsMs: random.chance(0.3) ? [random.next() * wholeMs, random.next() * wholeMs * 2] : [],
  };
}

function windows(random: Random, leastMs: number): { fromMs: number; toMs: number }[] {
  const found: { fromMs: number; toMs: number }[] = [];
  for (let fromMs = random.next() * leastMs; found.length < 200; ) {
    const toMs = fromMs + leastMs * (1 + random.next());
    found.push({ fromMs, toMs });
    fromMs = toMs + random.next() * (toMs - fromMs);
  }
  return found;
}

function otherPeer(
  random: Random,
  name: string,
  scale: { readonly bytesPerSecond: number; readonly maxChunkBytes: number },
): UnprovedBehaviour {
  const common = {
    name,
    bytesPerSecond: Math.round(scale.bytesPerSecond * random.spread(0.02, 5)),
    roundTripMs: 5 + random.below(400),
    ...(random.chance(0.2) ? { cutBytes: Math.round(random.spread(20, scale.maxChunkBytes)) } : {}),
  };
  const lie = unprovedLies[random.below(unprovedLies.length)] ?? 'value';
  switch (random.below(8)) {
    case 0:
      return { ...common, stallChance: random.next() };
    case 1:
      return { ...common, unavailableChance: random.next() };
    case 2:
      return { ...common, leaveChance: random.spread(0.01, 1), leaveMs: random.spread(10, 20_000) };
    case 3:
      return { ...common, cutBytes: 1 };
    case 4:
      return { ...common, lie, leaveChance: random.spread(0.01, 0.5), leaveMs: random.spread(10, 5_000) };
    case 5:
    case 6:
      return { ...common, lie, lieChance: random.spread(0.02, 1) };
    default:
      return common;
  }
}
