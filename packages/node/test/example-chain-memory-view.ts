import { compareBytes, fromHex, toHex } from '@hs/bytes';
import type { ExecutionView, ForkedView } from '../src/chain/chain.js';

/** A state in memory: what execution needs, as plainly as possible. */
export class MemoryView implements ForkedView {
  readonly #below: MemoryView | undefined;
  readonly #writes = new Map<string, Uint8Array | undefined>();
  readonly #hasAsyncReads: boolean;

  constructor(below?: MemoryView, options: { readonly hasAsyncReads?: boolean } = {}) {
    this.#below = below;
    this.#hasAsyncReads = options.hasAsyncReads ?? false;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const value = this.read(toHex(key));
    return this.#hasAsyncReads ? Promise.resolve(value) : value;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#writes.set(toHex(key), value.slice());
  }

  delete(key: Uint8Array): void {
    this.#writes.set(toHex(key), undefined);
  }

  async keys(startKey: Uint8Array, endKey: Uint8Array): Promise<readonly Uint8Array[]> {
    return [...this.entries().keys()]
      .map(fromHex)
      .filter((key) => compareBytes(key, startKey) >= 0 && compareBytes(key, endKey) < 0)
      .sort(compareBytes);
  }

  fork(): MemoryView {
    return new MemoryView(this);
  }

  merge(): void {
    if (this.#below === undefined) throw new Error('there is nothing below');
    for (const [key, value] of this.#writes) this.#below.#writes.set(key, value);
    this.#writes.clear();
  }

  read(name: string): Uint8Array | undefined {
    return this.#writes.has(name) ? this.#writes.get(name) : this.#below?.read(name);
  }

  /** All records, by the hex of their keys. */
  entries(): Map<string, Uint8Array> {
    const all = this.#below?.entries() ?? new Map<string, Uint8Array>();
    for (const [key, value] of this.#writes) {
      if (value === undefined) all.delete(key);
      else all.set(key, value);
    }
    return all;
  }

  /** All records as sorted text, to compare whole states. */
  dump(): readonly string[] {
    return [...this.entries()].map(([key, value]) => `${key}=${toHex(value)}`).sort();
  }
}

/** The sum of all balances under prefix 52. */
export function supplyOf(view: MemoryView): bigint {
  let supply = 0n;
  for (const [key, value] of view.entries()) if (key.startsWith('34')) supply += BigInt(`0x${toHex(value)}`);
  return supply;
}

/** True if both views hold the same records. */
export function isSameState(a: MemoryView, b: MemoryView): boolean {
  const left = a.dump();
  const right = b.dump();
  return left.length === right.length && left.every((line, index) => line === right[index]);
}

export type { ExecutionView };
