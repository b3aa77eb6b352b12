const probes = 5;

/**
 * A set of keys, by their hashes, that may say yes too often, but never wrongly no: a Bloom filter of fixed size. Keys that collide,
 * or too many of them, only make it say yes more often.
 */
export class KeyFilter {
  readonly #words: Uint32Array;
  readonly #mask: number;

  /** `bytes` is a power of two, at least 4. */
  constructor(bytes: number) {
    this.#words = new Uint32Array(bytes / 4);
    this.#mask = 8 * bytes - 1;
  }

  add(hash: number): void {
    const step = stepOf(hash);
    for (let i = 0, bit = hash; i < probes; i++, bit = (bit + step) | 0) {
      const at = bit & this.#mask;
      this.#words[at >>> 5] = (this.#words[at >>> 5] as number) | (1 << (at & 31));
    }
  }

  mayHave(hash: number): boolean {
    const step = stepOf(hash);
    for (let i = 0, bit = hash; i < probes; i++, bit = (bit + step) | 0) {
      const at = bit & this.#mask;
      if (((this.#words[at >>> 5] as number) & (1 << (at & 31))) === 0) return false;
    }
    return true;
  }

  clear(): void {
    this.#words.fill(0);
  }
}

/** Differs for most hashes that begin at the same bit. */
function stepOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 1;
}
