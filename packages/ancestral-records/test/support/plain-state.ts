import type { PackedRecords, RecordChange, StateStore } from '../../src/index.js';
import { element, encodeElement, toyRoot } from './toy-hasher.js';

/** A whole state as a map from hex key to value: the obvious, slow counterpart of a store. */
export type PlainState = ReadonlyMap<string, Uint8Array>;

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
export const fromHex = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'hex'));
export const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

export function apply(state: PlainState, changes: Iterable<RecordChange>): PlainState {
  const next = new Map(state);
  for (const { key, value } of changes) {
    if (value === undefined) next.delete(hex(key));
    else next.set(hex(key), value);
  }
  return next;
}

export function sorted(state: PlainState): [string, string][] {
  return [...state].map(([key, value]): [string, string] => [key, hex(value)]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Count, bytes and checksum per prefix, recomputed from nothing. */
export function summarize(state: PlainState): Map<number, { count: number; bytes: number; checksum: string }> {
  const sums = new Map<number, { count: number; bytes: number; sum: bigint }>();
  for (const [keyHex, value] of state) {
    const key = fromHex(keyHex);
    const prefix = key[0] as number;
    const total = sums.get(prefix) ?? { count: 0, bytes: 0, sum: 0n };
    total.count++;
    total.bytes += key.length + value.length;
    total.sum += element(key, value);
    sums.set(prefix, total);
  }
  const ascending = [...sums].sort(([a], [b]) => a - b);
  return new Map(
    ascending.map(([prefix, { count, bytes: size, sum }]) => {
      return [prefix, { count, bytes: size, checksum: hex(encodeElement(sum)) }];
    }),
  );
}

export function rootOfState(state: PlainState): string {
  return hex(toyRoot([...summarize(state)].map(([prefix, { checksum }]) => [prefix, fromHex(checksum)] as const)));
}

/** What the store believes, in the form of {@link summarize}. */
export function believed(store: StateStore): Map<number, { count: number; bytes: number; checksum: string }> {
  return new Map(
    [...store.summaries()].map(([prefix, { count, bytes: size, checksum }]) => {
      return [prefix, { count, bytes: size, checksum: hex(checksum) }];
    }),
  );
}

export function pack(records: Iterable<readonly [Uint8Array, Uint8Array]>): PackedRecords {
  const parts: Uint8Array[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const [key, value] of records) {
    parts.push(key, value);
    offsets.push(at, at + key.length, at + key.length, at + key.length + value.length);
    at += key.length + value.length;
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), offsets: Uint32Array.from(offsets) };
}

export function packState(state: PlainState, prefix?: number): PackedRecords {
  const records = sorted(state).map(([key, value]) => [fromHex(key), fromHex(value)] as const);
  return pack(records.filter(([key]) => prefix === undefined || key[0] === prefix));
}

export function unpack({ bytes: all, offsets }: PackedRecords): [string, string][] {
  return Array.from({ length: offsets.length / 4 }, (_, i) => [
    hex(all.subarray(offsets[4 * i], offsets[4 * i + 1])),
    hex(all.subarray(offsets[4 * i + 2], offsets[4 * i + 3])),
  ]);
}

/** Reads a whole state chunk by chunk, with the limits that `limits` gives for each chunk. */
export async function readAll(
  store: StateStore,
  height: number,
  options: {
    readonly limits?: () => { maxBytes?: number; maxScanBytes?: number; maxScanMs?: number };
    readonly between?: () => Promise<void>;
  } = {},
): Promise<[string, string][]> {
  const records: [string, string][] = [];
  for (const prefix of store.parameters.statePrefixes) {
    let startKey: Uint8Array | undefined = bytes(prefix);
    while (startKey !== undefined) {
      const chunk = await store.readChunk({ height, startKey, ...options.limits?.() });
      if (chunk.nextKey !== undefined && Buffer.compare(chunk.nextKey, startKey) <= 0) throw new Error('no progress');
      records.push(...unpack(chunk.records));
      startKey = chunk.nextKey;
      await options.between?.();
    }
  }
  return records;
}
