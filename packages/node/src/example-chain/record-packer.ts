import type { PackedRecords } from '../chain/chain.js';

/** Collects records into packs of bounded size. */
export class RecordPacker {
  readonly #maxRecords: number;
  #bytes: Uint8Array = new Uint8Array(64 * 1024);
  #length = 0;
  #offsets: number[] = [];

  constructor(options: { readonly maxRecords: number }) {
    this.#maxRecords = options.maxRecords;
  }

  get isFull(): boolean {
    return this.#offsets.length >= 4 * this.#maxRecords;
  }

  get isEmpty(): boolean {
    return this.#offsets.length === 0;
  }

  /** Copies both. */
  add(key: Uint8Array, value: Uint8Array): void {
    const keyStart = this.#append(key);
    const valueStart = this.#append(value);
    this.#offsets.push(keyStart, valueStart, valueStart, this.#length);
  }

  /** The records so far, as bytes of their own; the packer is empty afterwards. */
  take(): PackedRecords {
    const pack = { bytes: this.#bytes.slice(0, this.#length), offsets: Uint32Array.from(this.#offsets) };
    this.#length = 0;
    this.#offsets = [];
    return pack;
  }

  #append(bytes: Uint8Array): number {
    const start = this.#length;
    const end = start + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, start);
    this.#length = end;
    return start;
  }
}
