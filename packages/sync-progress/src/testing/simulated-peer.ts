import { compareBytes, concatBytes } from '@hs/bytes';
import type { RequestCommand } from '../commands.js';
import type { Random } from './random.js';
import { recordBytes, type SimulatedRecord, type SimulatedSnapshot, slotKey } from './simulated-snapshot.js';

/**
 * How a chunk can be wrong. `value`, `swapped-record` and, unless nothing has changed, `old-epoch` pass every check but the
 * proof (`swapped-record` replaces a record by another, so that count and bytes stay right); the others break a rule on
 * arrival, `wrong-height` at the caller.
 */
export const simulatedLies = [
  'value',
  'swapped-record',
  'old-epoch',
  'wrong-height',
  'order',
  'duplicate',
  'outside-range',
  'between-ranges',
  'before-cursor',
  'extra-records',
  'skipped-record',
  'early-end',
  'stuck-cursor',
  'far-cursor',
  'oversized',
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
  /** It gives out manifests that do not hash to the header's root. */
  readonly hasForgedManifests?: boolean;
  /** Part of the requests after which it sends state that nobody asked for, and how many bytes of it. */
  readonly floodChance?: number;
  readonly floodBytes?: number;
  /** Part of the requests it never answers, and of those that it stops answering half-way. */
  readonly stallChance?: number;
  readonly haltChance?: number;
  /** Part of the requests during whose answer it leaves, one byte before the end; and for how long. */
  readonly desertChance?: number;
  readonly desertMs?: number;
  /** Part of the requests it answers with "unavailable". */
  readonly unavailableChance?: number;
  /** Whether it serves the snapshot at a height. Default: all that are retained. */
  readonly serves?: (height: number) => boolean;
  /** How long after it exists it serves a snapshot. Default 0. */
  readonly lagMs?: number;
  /** Key and value bytes after which it cuts its answers. Default: only as asked. */
  readonly cutBytes?: number;
  /** Part of the requests it answers with an empty chunk whose cursor moves on a little. */
  readonly emptyChance?: number;
  /** When it is connected. Default: always. */
  readonly presence?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** What a peer does about a request: nothing, "unavailable", or a chunk. */
export type SimulatedAnswer =
  | { readonly type: 'none' | 'unavailable' }
  | {
      readonly type: 'chunk';
      readonly records: readonly SimulatedRecord[];
      readonly nextKey: Uint8Array | undefined;
      readonly isLie: boolean;
      readonly isWrongHeight: boolean;
    };

/** What a peer looks at to answer. */
export interface SimulatedView {
  readonly request: RequestCommand;
  /** The one asked for. */
  readonly snapshot: SimulatedSnapshot;
  /** One from before it; undefined if there is none. */
  readonly older: SimulatedSnapshot | undefined;
  readonly isServed: boolean;
  readonly random: Random;
}

/** Answers a request as the behaviour says. */
export function answerRequest(behaviour: PeerBehaviour, view: SimulatedView): SimulatedAnswer {
  const { request, snapshot, random } = view;
  if (random.chance(behaviour.stallChance ?? 0)) return { type: 'none' };
  const isLying = behaviour.lie !== undefined && random.chance(behaviour.lieChance ?? 1);
  if ((!view.isServed && !isLying) || random.chance(behaviour.unavailableChance ?? 0)) return { type: 'unavailable' };
  const all = recordsBetween(snapshot, request.startKey, request.endKey);
  const [first] = all;
  if (first !== undefined && random.chance(behaviour.emptyChance ?? 0)) {
    const nextKey = concatBytes(request.startKey, Uint8Array.of(0));
    if (compareBytes(nextKey, first[0]) <= 0) return chunk([], nextKey);
  }
  const maxBytes = Math.min(request.maxBytes, behaviour.cutBytes ?? request.maxBytes);
  const records = upTo(all, maxBytes);
  const honest = chunk(records, all[records.length]?.[0]);
  if (!isLying || behaviour.lie === undefined) return honest;
  if (behaviour.lie === 'old-epoch' && view.older !== undefined) {
    const old = recordsBetween(view.older, request.startKey, request.endKey);
    const some = upTo(old, maxBytes);
    return lieUnlessEqual(honest, chunk(some, old[some.length]?.[0]));
  }
  return lieUnlessEqual(honest, distort(behaviour.lie, { ...view, all, records, nextKey: honest.nextKey }));
}

type SimulatedChunk = Extract<SimulatedAnswer, { readonly type: 'chunk' }>;

function chunk(records: readonly SimulatedRecord[], nextKey: Uint8Array | undefined): SimulatedChunk {
  return { type: 'chunk', records, nextKey, isLie: false, isWrongHeight: false };
}

function lieUnlessEqual(honest: SimulatedChunk, changed: SimulatedChunk): SimulatedChunk {
  const isSame =
    !changed.isWrongHeight &&
    honest.nextKey === changed.nextKey &&
    honest.records.length === changed.records.length &&
    honest.records.every(([key, value], at) => {
      const other = changed.records[at];
      return other !== undefined && compareBytes(key, other[0]) === 0 && compareBytes(value, other[1]) === 0;
    });
  return isSame ? honest : { ...changed, isLie: true };
}

function recordsBetween(
  { parts, ranges }: SimulatedSnapshot,
  startKey: Uint8Array,
  endKey: Uint8Array | undefined,
): SimulatedRecord[] {
  const isBehind = (index: number): boolean => {
    const end = ranges[index]?.endKey;
    return end === undefined || compareBytes(end, startKey) > 0;
  };
  let low = 0;
  for (let high = parts.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (isBehind(middle)) high = middle;
    else low = middle + 1;
  }
  const records: SimulatedRecord[] = [];
  for (const part of parts.slice(low)) {
    for (const record of part.records) {
      if (endKey !== undefined && compareBytes(record[0], endKey) >= 0) return records;
      if (compareBytes(record[0], startKey) >= 0) records.push(record);
    }
  }
  return records;
}

function upTo(records: readonly SimulatedRecord[], maxBytes: number): readonly SimulatedRecord[] {
  let bytes = 0;
  const count = records.findIndex(([key, value], index) => {
    bytes += key.length + value.length;
    return bytes > maxBytes && index > 0;
  });
  return count === -1 ? records : records.slice(0, count);
}

interface Distorted extends SimulatedView {
  readonly all: readonly SimulatedRecord[];
  readonly records: readonly SimulatedRecord[];
  readonly nextKey: Uint8Array | undefined;
}

function distort(lie: SimulatedLie, view: Distorted): SimulatedChunk {
  const { request, records, nextKey, all, random } = view;
  const [first] = records;
  const last = records.at(-1);
  if (first === undefined || last === undefined) return chunk(records, nextKey);
  const at = random.below(records.length);
  const victim = records[at] ?? first;
  const replaced = (record: SimulatedRecord): SimulatedChunk => chunk(records.with(at, record), nextKey);
  switch (lie) {
    case 'value':
    case 'old-epoch':
      return replaced([victim[0], victim[1].map((byte) => byte ^ 1)]);
    case 'swapped-record': {
      const key = Uint8Array.from(victim[0]);
      key[key.length - 1] = (key.at(-1) ?? 0) ^ 1;
      const isAfter = compareBytes(key, records[at - 1]?.[0] ?? request.startKey) > 0;
      const isBefore = compareBytes(key, records[at + 1]?.[0] ?? nextKey ?? request.endKey ?? key) < 0;
      return isAfter && isBefore ? replaced([key, victim[1]]) : distort('value', view);
    }
    case 'wrong-height':
      return { ...chunk(records, nextKey), isWrongHeight: true };
    case 'order':
      return records.length > 1 ? chunk(records.toReversed(), nextKey) : distort('value', view);
    case 'duplicate':
      return chunk([first, ...records], nextKey);
    case 'outside-range':
      return chunk([...records.slice(0, -1), [Uint8Array.of(255, 255), last[1]]], nextKey);
    case 'between-ranges': {
      const key = slotKey(request.startKey[0] ?? 0, 0xffff_ffff);
      return chunk([...records, [request.endKey ?? key, last[1]]], nextKey);
    }
    case 'before-cursor':
      return chunk([[Uint8Array.of(0), first[1]], ...records.slice(1)], nextKey);
    case 'extra-records':
      return chunk([...records, [concatBytes(last[0], Uint8Array.of(0)), last[1]]], nextKey);
    case 'skipped-record':
      return chunk(records.toSpliced(at, 1), nextKey);
    case 'early-end':
      return chunk(records.slice(0, -1), undefined);
    case 'stuck-cursor':
      return chunk(records, request.startKey);
    case 'far-cursor':
      return chunk(records, Uint8Array.of(255, 255, 255));
    case 'oversized': {
      const more = upTo(all, request.maxBytes * 2);
      const isLarger = recordBytes(more) > request.maxBytes && more.length > 1;
      return isLarger ? chunk(more, all[more.length]?.[0]) : distort('value', view);
    }
  }
}
