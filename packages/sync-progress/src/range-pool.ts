/**
 * A set of range numbers below a fixed count, in ascending order: a tree of bit words, so that finding the next member,
 * adding and removing cost O(log n) with base 32, without an object per range.
 */
export class RangePool {
  readonly #levels: readonly Uint32Array[];
  #size = 0;

  constructor(count: number) {
    const levels: Uint32Array[] = [];
    for (let bits = Math.max(count, 1); ; ) {
      const words = Math.ceil(bits / 32);
      levels.push(new Uint32Array(words));
      if (words === 1) break;
      bits = words;
    }
    this.#levels = levels;
  }

  get size(): number {
    return this.#size;
  }

  has(range: number): boolean {
    return (((this.#levels[0]?.[range >>> 5] ?? 0) >>> (range & 31)) & 1) === 1;
  }

  add(range: number): void {
    if (this.has(range)) return;
    this.#size++;
    let at = range;
    for (const words of this.#levels) {
      const word = at >>> 5;
      words[word] = (words[word] as number) | (1 << (at & 31));
      at = word;
    }
  }

  remove(range: number): void {
    if (!this.has(range)) return;
    this.#size--;
    let at = range;
    for (const words of this.#levels) {
      const word = at >>> 5;
      words[word] = (words[word] as number) & ~(1 << (at & 31));
      if (words[word] !== 0) return;
      at = word;
    }
  }

  /** The first member that is not below `from`. */
  next(from: number): number | undefined {
    let at = from;
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level] as Uint32Array;
      const word = at >>> 5;
      if (word >= words.length) return undefined;
      const bits = (words[word] as number) & (-1 << (at & 31));
      if (bits !== 0) return this.#firstBelow(level, 32 * word + lowestBit(bits));
      at = word + 1;
    }
    return undefined;
  }

  #firstBelow(level: number, index: number): number {
    let at = index;
    for (let below = level - 1; below >= 0; below--) {
      at = 32 * at + lowestBit(this.#levels[below]?.[at] as number);
    }
    return at;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
