import { fromHex, toHex } from '@hs/bytes';
import type { StateView } from '../../src/index.js';

/** A state in a map. Knows what was deleted since the last flush; may answer reads asynchronously. */
export class MemoryView implements StateView {
  readonly records: Map<string, Uint8Array>;
  readonly #isAsync: boolean;
  #deleted = new Set<string>();

  constructor(records: Iterable<readonly [string, Uint8Array]> = [], options: { isAsync?: boolean } = {}) {
    this.records = new Map(records);
    this.#isAsync = options.isAsync ?? false;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const value = this.records.get(toHex(key));
    return this.#isAsync ? Promise.resolve(value) : value;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.records.set(toHex(key), value);
    this.#deleted.delete(toHex(key));
  }

  delete(key: Uint8Array): void {
    this.records.delete(toHex(key));
    this.#deleted.add(toHex(key));
  }

  isDeleted(key: Uint8Array): boolean {
    return this.#deleted.has(toHex(key));
  }

  flush(): void {
    this.#deleted = new Set();
  }

  /** Every record as text, in key order. */
  dump(): readonly string[] {
    return [...this.records].map(([key, value]) => `${key} = ${toHex(value)}`).sort();
  }

  /** Records under a prefix: the rest of the key in hex, and the value in hex. */
  under(prefix: number): Map<string, string> {
    const start = toHex(Uint8Array.of(prefix));
    return new Map(
      [...this.records].filter(([key]) => key.startsWith(start)).map(([key, value]) => [key.slice(2), toHex(value)]),
    );
  }
}

export { fromHex, toHex };
