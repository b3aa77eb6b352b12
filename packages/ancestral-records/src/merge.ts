import type { ChunkDraft } from './chunk-draft.js';
import { copyBytes } from './copy-bytes.js';
import type { DatabaseIterator } from './database.js';

/** A database key and its value. */
export type DatabaseEntry = readonly [key: Uint8Array, value: Uint8Array];

/**
 * One side of a merge: a group of entries in memory and the next one on its way, so that the database reads while this thread
 * merges. Nothing else is read ahead.
 */
export class MergeSource {
  readonly #iterator: DatabaseIterator;
  readonly #groupSize: number;
  /** Bytes before the record key in this source's keys. */
  readonly keyOffset: number;
  /** True for ancestral records, whose values begin with a mark. */
  readonly isAncestral: boolean;
  #entries: readonly DatabaseEntry[] = [];
  #at = 0;
  #coming: Promise<readonly DatabaseEntry[]> | undefined;

  /** Begins to read. */
  constructor(
    iterator: DatabaseIterator,
    options: { readonly keyOffset: number; readonly isAncestral: boolean; readonly groupSize: number },
  ) {
    this.#iterator = iterator;
    this.#groupSize = options.groupSize;
    this.keyOffset = options.keyOffset;
    this.isAncestral = options.isAncestral;
    this.#readAhead();
  }

  /** The next entry, if it is in memory. */
  get head(): DatabaseEntry | undefined {
    return this.#entries[this.#at];
  }

  advance(): void {
    this.#at++;
  }

  /** Makes sure that the next entry is in memory. Resolves to false if there is none. */
  async fill(): Promise<boolean> {
    if (this.#at < this.#entries.length) return true;
    if (this.#coming === undefined) return false;
    this.#entries = await this.#coming;
    this.#at = 0;
    if (this.#entries.length > 0) this.#readAhead();
    else this.#coming = undefined;
    return this.#entries.length > 0;
  }

  close(): Promise<void> {
    return this.#iterator.close();
  }

  #readAhead(): void {
    this.#coming = this.#iterator.nextv(this.#groupSize);
    // Whoever comes to need it gets its error; a chunk that ends before needs neither.
    this.#coming.catch(() => undefined);
  }
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

/**
 * Merges sources into a chunk, where an earlier source hides what later ones have under the same key. Returns the key to go on
 * with when the chunk is complete, undefined when the sources are exhausted.
 */
export async function mergeInto(
  draft: ChunkDraft,
  all: readonly MergeSource[],
  options: {
    readonly pace: (() => Promise<boolean>) | undefined;
    readonly paceBytes: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Uint8Array | undefined> {
  const { pace, paceBytes, signal } = options;
  let sources = all;
  let pacedAt = 0;
  for (;;) {
    const hasMore = await Promise.all(sources.map((source) => source.fill()));
    signal?.throwIfAborted();
    sources = sources.filter((_, i) => hasMore[i]);
    const next = lowest(sources);
    if (next === undefined) return undefined;
    if (pace !== undefined && draft.scannedBytes - pacedAt >= paceBytes) {
      pacedAt = draft.scannedBytes;
      const mayGoOn = await pace();
      signal?.throwIfAborted();
      if (!mayGoOn) return recordKeyOf(next);
    }
    const nextKey = takeUntilEmpty(draft, sources);
    if (nextKey !== undefined) return nextKey;
  }
}

/** Takes keys until some source has none left in memory, or the chunk is complete: then gives the key to go on with. */
function takeUntilEmpty(draft: ChunkDraft, sources: readonly MergeSource[]): Uint8Array | undefined {
  for (;;) {
    const winner = lowest(sources);
    if (winner === undefined) return undefined;
    const rival = lowest(sources, winner);
    const rivalKey = rival?.head?.[0];
    const rivalOffset = rival?.keyOffset ?? 0;
    const hidesRival = rival !== undefined && sources.indexOf(winner) < sources.indexOf(rival);
    // Most often many keys of the winner lie before the next one of any other source.
    for (;;) {
      const entry = winner.head;
      if (entry === undefined) return undefined;
      const order = rivalKey === undefined ? -1 : compareHeads(entry[0], winner.keyOffset, rivalKey, rivalOffset);
      if (order > 0 || (order === 0 && !hidesRival)) break;
      if (!draft.take(winner, entry)) return recordKeyOf(winner);
      if (order === 0) {
        skipHidden(draft, sources, winner);
        if (sources.some(({ head }) => head === undefined)) return undefined;
        break;
      }
      winner.advance();
    }
  }
}

function recordKeyOf({ head, keyOffset }: MergeSource): Uint8Array {
  return copyBytes((head as DatabaseEntry)[0].subarray(keyOffset));
}

/** Consumes the next key of `winner`, and of all others that have it too. */
function skipHidden(draft: ChunkDraft, sources: readonly MergeSource[], winner: MergeSource): void {
  for (const source of sources) {
    const head = source.head;
    if (source === winner || head === undefined || compare(source, winner) !== 0) continue;
    draft.skip(head);
    source.advance();
  }
  winner.advance();
}

/** The source with the lowest next key, the first of several; `except` is left out. */
function lowest(sources: readonly MergeSource[], except?: MergeSource): MergeSource | undefined {
  let best: MergeSource | undefined;
  for (const source of sources) {
    if (source !== except && (best === undefined || compare(source, best) < 0)) best = source;
  }
  return best;
}

/** Compares the next keys of two sources that have one. */
function compare(a: MergeSource, b: MergeSource): number {
  const [aKey] = a.head as DatabaseEntry;
  const [bKey] = b.head as DatabaseEntry;
  return compareHeads(aKey, a.keyOffset, bKey, b.keyOffset);
}
