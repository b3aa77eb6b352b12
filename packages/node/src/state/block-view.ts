import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { compareBytes } from '@hs/bytes';
import type { ExecutionView, ForkedView } from '../chain/chain.js';

interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** A key as a string: one character per byte, so that the order of strings is the order of keys. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** Writes on top of another view: reads see them first. Keys and values are borrowed and must not change afterwards. */
class OverlayView implements ForkedView {
  readonly #below: Pick<ExecutionView, 'get' | 'keys'> & Partial<Pick<ExecutionView, 'set' | 'delete'>>;
  readonly #writes = new Map<string, Write>();

  constructor(below: Pick<ExecutionView, 'get' | 'keys'> & Partial<Pick<ExecutionView, 'set' | 'delete'>>) {
    this.#below = below;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const write = this.#writes.get(textOf(key));
    return write === undefined ? this.#below.get(key) : write.value;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#writes.set(textOf(key), { key, value });
  }

  delete(key: Uint8Array): void {
    this.#writes.set(textOf(key), { key, value: undefined });
  }

  async keys(startKey: Uint8Array, endKey: Uint8Array): Promise<readonly Uint8Array[]> {
    const merged = new Map<string, Uint8Array>();
    for (const key of await this.#below.keys(startKey, endKey)) merged.set(textOf(key), key);
    for (const [text, { key, value }] of this.#writes) {
      if (compareBytes(key, startKey) < 0 || compareBytes(key, endKey) >= 0) continue;
      if (value === undefined) merged.delete(text);
      else merged.set(text, key);
    }
    return [...merged.values()].sort(compareBytes);
  }

  fork(): ForkedView {
    return new OverlayView(this);
  }

  merge(): void {
    for (const { key, value } of this.#writes.values()) {
      if (value === undefined) this.#below.delete?.(key);
      else this.#below.set?.(key, value);
    }
    this.#writes.clear();
  }

  changes(): RecordChange[] {
    return [...this.#writes.values()];
  }
}

/** What a block, or a set of loose transactions, would change in the state at the tip. Nothing is written to the store. */
export interface BlockView extends ExecutionView {
  /** All writes so far, one per key, in no particular order. */
  changes(): RecordChange[];
}

/** A view that keeps what is written to itself, on top of records that are read elsewhere. */
export function createOverlay(below: Pick<ExecutionView, 'get' | 'keys'>): BlockView {
  return new OverlayView(below);
}

/** A view of the state at the store's tip. It must not outlive the tip. */
export function createBlockView(store: StateStore): BlockView {
  return createOverlay({
    get: (key) => store.get(key),
    keys: async (startKey, endKey) => {
      const keys: Uint8Array[] = [];
      let nextKey: Uint8Array | undefined = startKey;
      while (nextKey !== undefined) {
        const chunk = await store.readChunk({ height: store.height ?? 0, startKey: nextKey, endKey });
        const { bytes, offsets } = chunk.records;
        for (let i = 0; i < offsets.length; i += 4) keys.push(bytes.slice(offsets[i], offsets[i + 1]));
        nextKey = chunk.nextKey;
      }
      return keys;
    },
  });
}
