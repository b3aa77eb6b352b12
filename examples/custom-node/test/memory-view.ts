import type { ForkedView } from '@hs/node';

const hexOf = (key: Uint8Array): string => Buffer.from(key).toString('hex');

/** A state in a map, by hex of the key. */
export class MemoryView implements ForkedView {
  readonly #below: MemoryView | undefined;
  #records: ReadonlyMap<string, Uint8Array>;

  constructor(records: ReadonlyMap<string, Uint8Array> = new Map(), below?: MemoryView) {
    this.#records = records;
    this.#below = below;
  }

  get records(): ReadonlyMap<string, Uint8Array> {
    return this.#records;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#records.get(hexOf(key));
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#records = new Map(this.#records).set(hexOf(key), value.slice());
  }

  delete(key: Uint8Array): void {
    this.#records = new Map([...this.#records].filter(([hex]) => hex !== hexOf(key)));
  }

  async keys(startKey: Uint8Array, endKey: Uint8Array): Promise<readonly Uint8Array[]> {
    const [start, end] = [hexOf(startKey), hexOf(endKey)];
    const keys = [...this.#records.keys()].filter((hex) => hex >= start && hex < end).sort();
    return keys.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  }

  fork(): MemoryView {
    return new MemoryView(this.#records, this);
  }

  merge(): void {
    if (this.#below !== undefined) this.#below.#records = this.#records;
  }
}

/** The records in one order, for comparison. */
export function sorted(view: MemoryView): readonly (readonly [string, string])[] {
  return [...view.records].map(([key, value]) => [key, hexOf(value)] as const).sort();
}
