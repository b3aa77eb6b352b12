import { compareBytes, concatBytes } from '@hs/bytes';
import type { RequestCommand } from '../commands.js';
import type { PackedRecords } from '../range.js';
import type { Random } from './random.js';
import { packSimulatedRecords, type SimulatedRecord, type SimulatedState } from './simulated-state.js';

/**
 * How a chunk can be wrong. `value` and `missing-record` pass every check but the proof (the latter replaces the record
 * by another, so that count and bytes stay right); the others break a rule on arrival.
 */
export const simulatedLies = [
  'value',
  'missing-record',
  'order',
  'duplicate',
  'outside-range',
  'before-cursor',
  'extra-records',
  'early-end',
  'stuck-cursor',
  'far-cursor',
] as const;

/** One way in which a chunk is wrong. */
export type SimulatedLie = (typeof simulatedLies)[number];

/** How a simulated peer behaves; everything not given is honest, quick and always there. */
export interface PeerBehaviour {
  readonly name: string;
  /** Default 1,000,000. */
  readonly bytesPerSecond?: number;
  /** Default 50. */
  readonly roundTripMs?: number;
  readonly lie?: SimulatedLie;
  /** Part of its chunks that are wrong. Default 1. */
  readonly lieChance?: number;
  /** Part of the requests it never answers. */
  readonly stallChance?: number;
  /** Part of the requests it answers with "unavailable". */
  readonly unavailableChance?: number;
  /** Ranges it does not have. */
  readonly lacksRange?: (range: number) => boolean;
  /** Part of the requests it answers with an empty chunk whose cursor moves on a little. */
  readonly emptyChance?: number;
  /** When it is connected. Default: always. */
  readonly presence?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** What a peer does about a request: nothing, "unavailable", or a chunk. */
export type SimulatedAnswer =
  | { readonly type: 'none' }
  | { readonly type: 'unavailable' }
  | { readonly type: 'chunk'; readonly records: readonly SimulatedRecord[]; readonly nextKey: Uint8Array | undefined };

/** Answers a request as the behaviour says. */
export function answerRequest(
  behaviour: PeerBehaviour,
  request: RequestCommand,
  state: SimulatedState,
  random: Random,
): SimulatedAnswer {
  if (random.chance(behaviour.stallChance ?? 0)) return { type: 'none' };
  const isLacking = behaviour.lacksRange?.(request.range) ?? false;
  if (isLacking || random.chance(behaviour.unavailableChance ?? 0)) return { type: 'unavailable' };
  const all = (state.records[request.range] ?? []).filter(([key]) => compareBytes(key, request.startKey) >= 0);
  const first = all[0];
  if (first !== undefined && random.chance(behaviour.emptyChance ?? 0)) {
    const nextKey = concatBytes(request.startKey, Uint8Array.of(0));
    if (compareBytes(nextKey, first[0]) <= 0) return { type: 'chunk', records: [], nextKey };
  }
  let bytes = 0;
  const count = all.findIndex(([key, value], index) => {
    bytes += key.length + value.length;
    return bytes > request.maxBytes && index > 0;
  });
  const records = count === -1 ? all : all.slice(0, count);
  const nextKey = count === -1 ? undefined : all[count]?.[0];
  const honest: SimulatedAnswer = { type: 'chunk', records, nextKey };
  if (behaviour.lie === undefined || !random.chance(behaviour.lieChance ?? 1)) return honest;
  return distort(behaviour.lie, request, records, nextKey);
}

function distort(
  lie: SimulatedLie,
  request: RequestCommand,
  records: readonly SimulatedRecord[],
  nextKey: Uint8Array | undefined,
): SimulatedAnswer {
  const [first] = records;
  const last = records.at(-1);
  if (first === undefined || last === undefined) return { type: 'chunk', records, nextKey };
  const chunk = (changed: readonly SimulatedRecord[], cursor = nextKey): SimulatedAnswer => ({
    type: 'chunk',
    records: changed,
    nextKey: cursor,
  });
  switch (lie) {
    case 'value':
      return chunk([...records.slice(0, -1), [last[0], last[1].map((byte) => byte ^ 1)]]);
    case 'missing-record': {
      // The last byte of the key moves into another key: still ascending, still inside the range.
      const key = Uint8Array.from(last[0]);
      key[key.length - 1] = (key.at(-1) ?? 0) ^ 1;
      const previous = records.at(-2)?.[0] ?? request.startKey;
      return compareBytes(key, previous) > 0 && (nextKey === undefined || compareBytes(key, nextKey) < 0)
        ? chunk([...records.slice(0, -1), [key, last[1]]])
        : distort('value', request, records, nextKey);
    }
    case 'order':
      return records.length > 1 ? chunk(records.toReversed()) : distort('early-end', request, [], undefined);
    case 'duplicate':
      return chunk([first, ...records]);
    case 'outside-range':
      return chunk([...records.slice(0, -1), [Uint8Array.of(255, 255), last[1]]]);
    case 'before-cursor':
      return chunk([[Uint8Array.of(0), first[1]], ...records.slice(1)]);
    case 'extra-records':
      return chunk([...records, ...records.map(([key, value]): SimulatedRecord => [concatBytes(key, key), value])]);
    case 'early-end':
      return chunk(records.slice(0, -1), undefined);
    case 'stuck-cursor':
      return chunk(records, request.startKey);
    case 'far-cursor':
      return chunk(records, Uint8Array.of(255, 255, 255));
  }
}

/** Bytes on the line of an answer. */
export function answerBytes(answer: SimulatedAnswer): number {
  if (answer.type !== 'chunk') return 0;
  return answer.records.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}

/** The records of an answer as a decoder would give them. */
export function answerRecords(answer: Extract<SimulatedAnswer, { readonly type: 'chunk' }>): PackedRecords {
  return packSimulatedRecords(answer.records);
}
