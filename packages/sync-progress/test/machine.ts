import type { RequestCommand, SyncCommand } from '../src/index.js';
import {
  HyperSyncProgress,
  type HyperSyncProgressOptions,
  type PackedRecords,
  type RangeSummary,
} from '../src/index.js';

/** The commands of one type. */
export function only<T extends SyncCommand['type']>(
  commands: readonly SyncCommand[],
  type: T,
): Extract<SyncCommand, { readonly type: T }>[] {
  return commands.filter((command): command is Extract<SyncCommand, { readonly type: T }> => command.type === type);
}

/** The one command of a type. */
export function one<T extends SyncCommand['type']>(
  commands: readonly SyncCommand[],
  type: T,
): Extract<SyncCommand, { readonly type: T }> {
  const [found, ...others] = only(commands, type);
  if (found === undefined || others.length > 0) {
    throw new Error(`expected one ${type} in ${commands.map((command) => command.type).join(', ')}`);
  }
  return found;
}

/** Range `index` covers the keys [index+1, index+2) and holds `records` records of 10 bytes. */
export function rangesOf(...records: readonly number[]): RangeSummary[] {
  return records.map((count, index) => ({
    startKey: Uint8Array.of(index + 1),
    endKey: Uint8Array.of(index + 2),
    records: count,
    bytes: count * 10,
  }));
}

/** Ranges under one prefix, which one request can cover: range `index` is at [9, index]. */
export function adjacentRanges(...records: readonly number[]): RangeSummary[] {
  return records.map((count, index) => ({
    startKey: Uint8Array.of(9, index),
    endKey: Uint8Array.of(9, index + 1),
    records: count,
    bytes: count * 10,
  }));
}

/** Records of {@link adjacentRanges}, each given by its range and its number in it: 4 bytes of key, 6 of value. */
export function adjacentRecords(...places: readonly (readonly [range: number, number: number])[]): PackedRecords {
  const bytes = new Uint8Array(places.length * 10);
  const offsets = new Uint32Array(places.length * 4);
  for (const [at, [range, number]] of places.entries()) {
    bytes.set([9, range, number >> 8, number & 255], at * 10);
    offsets.set([at * 10, at * 10 + 4, at * 10 + 4, at * 10 + 10], at * 4);
  }
  return { bytes, offsets };
}

/** Records `from` to `to` (exclusive) of a range of {@link rangesOf}: 3 bytes of key, 7 of value. */
export function recordsOf(range: number, from: number, to: number): PackedRecords {
  const bytes = new Uint8Array((to - from) * 10);
  const offsets = new Uint32Array((to - from) * 4);
  for (let index = from; index < to; index++) {
    const start = (index - from) * 10;
    bytes.set([range + 1, index >> 8, index & 255], start);
    offsets.set([start, start + 3, start + 3, start + 10], (index - from) * 4);
  }
  return { bytes, offsets };
}

/** The key of a record of {@link recordsOf}. */
export function keyOf(range: number, index: number): Uint8Array {
  return Uint8Array.of(range + 1, index >> 8, index & 255);
}

/** A machine that syncs these ranges from these peers, with the requests it made at the start. */
export function startSync(
  ranges: readonly RangeSummary[],
  peers: readonly string[],
  options: HyperSyncProgressOptions = {},
): { machine: HyperSyncProgress; commands: SyncCommand[] } {
  const machine = new HyperSyncProgress(options);
  const commands: SyncCommand[] = [];
  commands.push(...machine.handle({ type: 'manifest-adopted', nowMs: 0, manifestId: 'm', ranges, proved: [] }));
  for (const peer of peers) commands.push(...machine.handle({ type: 'peer-joined', nowMs: 0, peer }));
  return { machine, commands };
}

/** The answer to a request, which ends its span unless a cursor is given. */
export function deliver(
  machine: HyperSyncProgress,
  nowMs: number,
  answer: { readonly request: number; readonly records: PackedRecords; readonly nextKey?: Uint8Array },
): SyncCommand[] {
  const { request, records, nextKey } = answer;
  return [...machine.handle({ type: 'chunk-received', nowMs, request, records, nextKey })];
}

/** Lets the one peer of a machine send a whole range of {@link rangesOf}; returns the attempt that is to be checked. */
export function deliverRange(
  machine: HyperSyncProgress,
  nowMs: number,
  command: RequestCommand,
): { readonly attempt: number; readonly commands: SyncCommand[] } {
  const { request, firstRange, maxBytes } = command;
  const commands = deliver(machine, nowMs, { request, records: recordsOf(firstRange, 0, maxBytes / 10) });
  return { attempt: one(commands, 'keep').attempt, commands };
}
