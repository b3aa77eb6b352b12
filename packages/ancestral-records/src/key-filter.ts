/**
 * A set of keys that may say yes too often, but never wrongly no: a Bloom filter of fixed size. Keys that were chosen to
 * collide, or too many of them, only make it say yes more often.
 */
export class KeyFilter {
  readonly #words: Uint32Array;
  readonly #mask: number;

  /** `bytes` is a power of two, at least 4. */
  constructor(bytes: number) {
    this.#words = new Uint32Array(bytes / 4);
    this.#mask = 8 * bytes - 1;
  }

  add(keyText: string): void {
    const step = stepOf(keyText);
    let bit = hash(keyText, 0x811c9dc5);
    for (let i = 0; i < probes; i++) {
      const at = bit & this.#mask;
      this.#words[at >>> 5] = (this.#words[at >>> 5] as number) | (1 << (at & 31));
      bit = (bit + step) | 0;
    }
  }

  mayHave(keyText: string): boolean {
    const step = stepOf(keyText);
    let bit = hash(keyText, 0x811c9dc5);
    for (let i = 0; i < probes; i++) {
      const at = bit & this.#mask;
      if (((this.#words[at >>> 5] as number) & (1 << (at & 31))) === 0) return false;
      bit = (bit + step) | 0;
    }
    return true;
  }

  clear(): void {
    this.#words.fill(0);
  }
}

const probes = 5;

function stepOf(keyText: string): number {
  return hash(keyText, 0x2545f491) | 1;
}

/** FNV-1a with a finish that spreads the last bytes over all bits. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return value ^ (value >>> 13);
}
