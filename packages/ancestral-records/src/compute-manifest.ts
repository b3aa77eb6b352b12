import { compareBytes } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import type { PackedRecords, StateHasher } from './hasher.js';
import { Manifest } from './manifest.js';
import { keyAt, recordBytes, recordCount } from './packed-records.js';
import { Partition, type RangeLimits } from './partition.js';
import type { RangeEntry } from './range.js';
import { draftOf, RangeAssembler, type SummedAtom } from './range-assembler.js';

const noSums: readonly Uint8Array[] = [];

/** A record as an atom of a partition. The packed records are borrowed until its range is assembled. */
export function recordAtom(packed: PackedRecords, index: number): SummedAtom {
  const key = keyAt(packed, index);
  return {
    start: key,
    count: 1,
    bytes: recordBytes(packed, index),
    sums: noSums,
    moved: noSums,
    records: [{ packed, index, sign: 1 }],
  };
}

/**
 * Computes the ranges of a whole state from its records alone, in bounded memory: while some records are hashed, the next ones are
 * divided into ranges.
 */
export class RangeBuilder {
  readonly #partition: Partition<SummedAtom>;
  readonly #assembler: RangeAssembler;
  readonly #signal: AbortSignal | undefined;
  #hashing: Promise<RangeEntry[]> = Promise.resolve([]);

  constructor(options: {
    readonly limits: RangeLimits;
    readonly hasher: StateHasher;
    readonly signal?: AbortSignal | undefined;
    /** Start of the range after which the records go on. */
    readonly after?: Uint8Array | undefined;
  }) {
    this.#partition = new Partition(options.limits, { after: options.after });
    this.#assembler = new RangeAssembler(options.hasher);
    this.#signal = options.signal;
  }

  /** Takes the next records, ascending, and gives the next ranges that are complete. Borrows the records until theirs are given. */
  async push(packed: PackedRecords): Promise<RangeEntry[]> {
    const entries: RangeEntry[] = [];
    const count = packed.offsets.length / 4;
    for (let i = 0; i < count; i++) {
      for (const group of this.#partition.push(recordAtom(packed, i))) this.#assembler.add(draftOf(group));
      if (this.#assembler.isFull) entries.push(...(await this.#flush()));
    }
    return entries;
  }

  /** The last ranges. */
  async finish(): Promise<RangeEntry[]> {
    for (const group of this.#partition.finish()) this.#assembler.add(draftOf(group));
    return [...(await this.#flush()), ...(await this.settle())];
  }

  /** The ranges whose records are being hashed; after it, none are. */
  settle(): Promise<RangeEntry[]> {
    const hashing = this.#hashing;
    this.#hashing = Promise.resolve([]);
    return hashing;
  }

  /** Starts on what was collected, and gives what was under way before. */
  #flush(): Promise<RangeEntry[]> {
    const before = this.#hashing;
    this.#hashing = this.#assembler.flush(this.#signal);
    // Whoever takes the next entries awaits it.
    this.#hashing.catch(() => undefined);
    return before;
  }
}

/**
 * The manifest of a state, computed from its records: the reference for manifests that were carried on from epoch to
 * epoch, and what a builder uses who has records but no store.
 *
 * @param records every record of the state, ascending by key across all packed records; borrowed
 * @throws TypeError if offsets do not fit or keys do not ascend
 */
export async function computeManifest(
  records: Iterable<PackedRecords> | AsyncIterable<PackedRecords>,
  options: {
    readonly height: number;
    readonly parameters: RangeLimits;
    readonly hasher: StateHasher;
    readonly signal?: AbortSignal;
  },
): Promise<Manifest> {
  const { height, parameters, hasher, signal } = options;
  const builder = new RangeBuilder({ limits: parameters, hasher, signal });
  const entries: RangeEntry[] = [];
  let previous: Uint8Array | undefined;
  for await (const packed of records) {
    const count = recordCount(packed);
    for (let i = 0; i < count; i++) {
      const key = keyAt(packed, i);
      if (previous !== undefined && compareBytes(previous, key) >= 0) throw new TypeError('records must ascend by key');
      previous = key;
    }
    previous = previous && copyBytes(previous);
    entries.push(...(await builder.push(packed)));
  }
  entries.push(...(await builder.finish()));
  return Manifest.fromEntries({ height, entries });
}
