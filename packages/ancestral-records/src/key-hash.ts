/**
 * A hash of keys to 32 bits, another one in each instance: keys come from strangers, who shall not be able to choose many with one
 * hash.
 */
export class KeyHash {
  readonly #seed: number;
  readonly #multiplier: number;

  constructor() {
    const [seed = 0, multiplier = 0] = crypto.getRandomValues(new Int32Array(2));
    this.#seed = seed;
    this.#multiplier = (multiplier & ~7) | 5;
  }

  /** Hash of a key with one character per byte. */
  of(keyText: string): number {
    const multiplier = this.#multiplier;
    let hash = this.#seed;
    for (let i = 0; i < keyText.length; i++) hash = Math.imul(hash ^ keyText.charCodeAt(i), multiplier);
    return finished(hash);
  }

  /** The same of its bytes. */
  ofBytes(bytes: Uint8Array, start: number, end: number): number {
    const multiplier = this.#multiplier;
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), multiplier);
    return finished(hash);
  }
}

/** Spreads the last bytes over all bits. */
function finished(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
