import type { Span } from './byte-arena.js';
import type { HashBatch } from './hasher.js';

/** Collects records to hash, at most `capacity`, with a sign and a group for each. */
export class SignedRecords {
  readonly #offsets: Uint32Array;
  readonly #signs: Int8Array;
  readonly #groups: Uint32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#offsets = new Uint32Array(4 * capacity);
    this.#signs = new Int8Array(capacity);
    this.#groups = new Uint32Array(capacity);
  }

  add(key: Span, value: Span, { sign, group }: { readonly sign: 1 | -1; readonly group: number }): void {
    const i = this.#count++;
    const offsets = this.#offsets;
    offsets[4 * i] = key.start;
    offsets[4 * i + 1] = key.end;
    offsets[4 * i + 2] = value.start;
    offsets[4 * i + 3] = value.end;
    this.#signs[i] = sign;
    this.#groups[i] = group;
  }

  get count(): number {
    return this.#count;
  }

  /** What a hasher takes; keys and values are spans of `bytes`. */
  batch(bytes: Uint8Array, groupCount: number): HashBatch {
    return {
      bytes,
      offsets: this.#offsets.subarray(0, 4 * this.#count),
      signs: this.#signs.subarray(0, this.#count),
      groups: this.#groups.subarray(0, this.#count),
      groupCount,
    };
  }
}
