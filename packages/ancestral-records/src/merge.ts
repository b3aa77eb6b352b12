import type { DatabaseIterator } from './database.js';

/** An iterator with one entry of look-ahead and its own buffer. */
export class MergeSource {
  readonly #iterator: DatabaseIterator;
  readonly #groupSize: number;
  /** Bytes before the record key in this source's keys. */
  readonly keyOffset: number;
  /** True for ancestral records, whose values begin with a mark. */
  readonly isAncestral: boolean;
  #entries: readonly [Uint8Array, Uint8Array][] = [];
  #at = 0;
  #isDone = false;

  constructor(
    iterator: DatabaseIterator,
    options: { readonly keyOffset: number; readonly isAncestral: boolean; readonly groupSize: number },
  ) {
    this.#iterator = iterator;
    this.#groupSize = options.groupSize;
    this.keyOffset = options.keyOffset;
    this.isAncestral = options.isAncestral;
  }

  /** The next entry, if it is in memory. */
  get head(): readonly [Uint8Array, Uint8Array] | undefined {
    return this.#entries[this.#at];
  }

  get needsFill(): boolean {
    return this.#at === this.#entries.length && !this.#isDone;
  }

  advance(): void {
    this.#at++;
  }

  async fill(): Promise<void> {
    this.#entries = await this.#iterator.nextv(this.#groupSize);
    this.#at = 0;
    this.#isDone = this.#entries.length === 0;
  }

  close(): Promise<void> {
    return this.#iterator.close();
  }
}

/** Makes sure that every source that is not exhausted has a head. */
export async function fillSources(sources: readonly MergeSource[]): Promise<void> {
  const empty = sources.filter((source) => source.needsFill);
  if (empty.length === 1) await (empty[0] as MergeSource).fill();
  else await Promise.all(empty.map((source) => source.fill()));
}

/** Compares the record keys of two heads. */
export function compareHeads(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number): number {
  const aLength = a.length - aOffset;
  const bLength = b.length - bOffset;
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i++) {
    const difference = (a[aOffset + i] as number) - (b[bOffset + i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
