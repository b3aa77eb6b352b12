import {
  blobSource,
  exportSnapshot,
  SnapshotFile,
  type SnapshotFileOptions,
  type SnapshotFileReport,
  type StateParameters,
  type StateStore,
  type VerifySnapshotFileOptions,
  verifySnapshotFile,
} from '../../src/index.js';
import { bytes, type PlainState, packState, text } from './plain-state.js';
import { memoryStore, parameters } from './stores.js';
import { toyHasher, toyRoot } from './toy-hasher.js';

export const hashing: Pick<VerifySnapshotFileOptions, 'hasher' | 'computeRoot'> = {
  hasher: toyHasher,
  computeRoot: toyRoot,
};

/** Parameters that give many ranges of a small state. */
export const smallRanges: StateParameters = parameters({ maxRangeRecords: 4, maxRangeBytes: 300 });

/** A state with empty and long values, keys that are prefixes of each other, and every state prefix but one. */
export function sampleState(size = 24): PlainState {
  const state = new Map<string, Uint8Array>([
    ['05', bytes()],
    ['0500', bytes(1)],
    ['050000', bytes(2)],
    ['ff', text('the last prefix')],
    ['ffff', new Uint8Array(400).fill(9)],
  ]);
  for (let i = 0; i < size; i++) {
    const key = `${i % 3 === 0 ? '05' : '06'}${(i * 37).toString(16).padStart(4, '0')}`;
    state.set(key, text(`value ${i}`.repeat(i % 4)));
  }
  return state;
}

/** A store at height 0 with this state. */
export async function storeOf(state: PlainState, chosen: StateParameters = smallRanges): Promise<StateStore> {
  const store = await memoryStore({ parameters: chosen });
  await store.initialize({ records: [packState(state)] });
  await store.awaitSnapshot(0);
  return store;
}

/** All chunks as one file. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

export async function fileOf(store: StateStore, height = 0): Promise<Uint8Array> {
  return collect(exportSnapshot(store, { height }));
}

export function open(file: Uint8Array, options: SnapshotFileOptions = {}): Promise<SnapshotFile> {
  return SnapshotFile.open(blobSource(new Blob([file])), options);
}

/** Everything that is known of a file by reading all of it. */
export async function verify(file: Uint8Array): Promise<SnapshotFileReport> {
  return verifySnapshotFile(await open(file), hashing);
}

/** The bytes in pieces of these sizes, over and over. */
export function* pieces(file: Uint8Array, ...sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < file.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield file.subarray(at, at + size);
    at += size;
  }
}

export function flipped(file: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = new Uint8Array(file);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}
