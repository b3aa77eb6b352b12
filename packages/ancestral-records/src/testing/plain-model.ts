import { compareBytes, concatBytes, fromHex, toHex } from '@hs/bytes';
import type { PackedRecords } from '../hasher.js';
import type { RecordChange } from '../record-change.js';
import type { StateStore } from '../state-store.js';
import { expectBytes, expectEntries, expectTrue } from './assertions.js';
import type { Entry } from './database-session.js';
import { simpleHasher, simpleStateRoot } from './simple-hasher.js';

/** A whole state as a map from hex key to value, copied at each height: the obvious, slow counterpart of a store. */
export class PlainModel {
  readonly #states: ReadonlyMap<string, Uint8Array>[] = [new Map()];

  get height(): number {
    return this.#states.length - 1;
  }

  block(changes: readonly RecordChange[]): void {
    const next = new Map(this.#states[this.height]);
    for (const { key, value } of changes) {
      if (value === undefined) next.delete(toHex(key));
      else next.set(toHex(key), value);
    }
    this.#states.push(next);
  }

  rewind(height: number): void {
    this.#states.length = height + 1;
  }

  /** Records after the block at `height`, ascending by key. */
  records(height: number): Entry[] {
    const state = [...(this.#states[height] as ReadonlyMap<string, Uint8Array>)];
    return state.map(([key, value]): Entry => [fromHex(key), value]).sort(([a], [b]) => compareBytes(a, b));
  }

  /** State root after the block at `height`, from the records alone. */
  async stateRoot(height: number): Promise<Uint8Array> {
    const records = this.records(height);
    const prefixes = [...new Set(records.map(([key]) => key[0] as number))];
    const groups = Uint32Array.from(records, ([key]) => prefixes.indexOf(key[0] as number));
    const sums = await simpleHasher.sum({ ...pack(records), groups, groupCount: prefixes.length });
    const checksums = await simpleHasher.encode(sums);
    return simpleStateRoot(prefixes.map((prefix, i) => [prefix, checksums.subarray(32 * i, 32 * i + 32)]));
  }
}

/** Changes that depend on their height alone: new, changed, equal and deleted values, and a prefix that empties. */
export function changesOf(height: number): RecordChange[] {
  const changes: RecordChange[] = [];
  for (let i = 0; i < 30; i++) {
    const random = Math.imul(height * 31 + i + 1, 2_654_435_761) >>> 0;
    const rest = [(random >>> 3) & 7, (random >>> 6) & 15].slice(0, 1 + ((random >>> 10) & 1));
    const key = Uint8Array.of([5, 6, 255][random % 3] as number, ...rest);
    const isDeleted = ((random >>> 12) & 3) === 0 || (height % 7 === 6 && key[0] === 6);
    changes.push({ key, value: isDeleted ? undefined : new Uint8Array((random >>> 15) & 31).fill(random >>> 20) });
  }
  if (height % 7 !== 6) return changes;
  for (let a = 0; a < 8; a++) {
    changes.push({ key: Uint8Array.of(6, a), value: undefined });
    for (let b = 0; b < 16; b++) changes.push({ key: Uint8Array.of(6, a, b), value: undefined });
  }
  return changes;
}

/** Reads a whole state in small chunks; `between` runs after each. */
export async function readState(store: StateStore, height: number, between?: () => Promise<void>): Promise<Entry[]> {
  const records: Entry[] = [];
  for (const prefix of store.parameters.statePrefixes) {
    let startKey: Uint8Array | undefined = Uint8Array.of(prefix);
    while (startKey !== undefined) {
      const chunk = await store.readChunk({ height, startKey, maxBytes: 200, maxScanBytes: 2000 });
      records.push(...unpack(chunk.records));
      startKey = chunk.nextKey;
      await between?.();
    }
  }
  return records;
}

/** Compares all that a ready store says about its tip and its snapshots with the model, when nothing is left to do. */
export async function expectModel(store: StateStore, model: PlainModel): Promise<void> {
  await store.maintenance();
  expectTrue(store.height === model.height, `the store is at height ${store.height} instead of ${model.height}`);
  const heights = new Set([...store.snapshots().map(({ height }) => height), model.height]);
  for (const height of heights) {
    expectEntries(await readState(store, height), model.records(height), `the state at height ${height}`);
  }
  expectBytes(store.stateRoot(), await model.stateRoot(model.height), 'the state root of the tip');
  for (const { height, stateRoot } of store.snapshots()) {
    expectBytes(stateRoot, await model.stateRoot(height), `the state root of snapshot ${height}`);
    const checksums = await (await store.manifest(height)).prefixChecksums(simpleHasher);
    expectBytes(simpleStateRoot(checksums), stateRoot, `the state root of the manifest of snapshot ${height}`);
  }
  const keys = model.records(model.height).map(([key]) => key);
  const values = await store.getMany(keys);
  for (const [i, [, value]] of model.records(model.height).entries()) expectBytes(values[i], value, 'a value');
}

/** Records as packed records. */
export function pack(records: readonly Entry[]): PackedRecords {
  const offsets = new Uint32Array(4 * records.length);
  let at = 0;
  for (const [i, [key, value]] of records.entries()) {
    offsets.set([at, at + key.length, at + key.length, at + key.length + value.length], 4 * i);
    at += key.length + value.length;
  }
  return { bytes: concatBytes(...records.flat()), offsets };
}

function unpack({ bytes, offsets }: PackedRecords): Entry[] {
  return Array.from({ length: offsets.length / 4 }, (_, i): Entry => {
    const [a, b, c, d] = offsets.subarray(4 * i, 4 * i + 4);
    return [bytes.slice(a, b), bytes.slice(c, d)];
  });
}
