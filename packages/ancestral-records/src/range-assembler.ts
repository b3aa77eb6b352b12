import { copyBytes } from './copy-bytes.js';
import { GatheredRecords, type SignedRecord } from './gathered-records.js';
import { encodedSumBytes, type StateHasher, uncompressedSumBytes } from './hasher.js';
import { recordBytes } from './packed-records.js';
import type { Atom, AtomGroup } from './partition.js';
import { combineGroups, joinSums } from './prefix-sums.js';
import type { RangeEntry } from './range.js';

/** What an atom brings into the sum of its range. */
export interface SummedAtom extends Atom {
  /** Encoded sums to add. */
  readonly sums: readonly Uint8Array[];
  /** Uncompressed sums to add. */
  readonly moved: readonly Uint8Array[];
  /** Records still to be hashed. */
  readonly records: readonly SignedRecord[];
}

/** A range whose sum is still to be computed. */
export interface RangeDraft extends Pick<RangeEntry, 'start' | 'depth' | 'count' | 'bytes'> {
  readonly sums: readonly Uint8Array[];
  readonly moved: readonly Uint8Array[];
  readonly records: readonly SignedRecord[];
}

/** Work of one assembly, at which it should be flushed. */
const maxRecords = 2048;
const maxBytes = 2 * 1024 * 1024;
const maxDrafts = 1024;

/**
 * Turns drafts of ranges into entries: one call of the hasher for the records of many ranges, one to decode, few to
 * add, one to encode. An entry that nothing happened to costs nothing.
 */
export class RangeAssembler {
  readonly #hasher: StateHasher;
  #drafts: RangeDraft[] = [];
  #records = 0;
  #bytes = 0;

  constructor(hasher: StateHasher) {
    this.#hasher = hasher;
  }

  add(draft: RangeDraft): void {
    this.#drafts.push(draft);
    this.#records += draft.records.length;
    for (const { packed, index } of draft.records) this.#bytes += recordBytes(packed, index);
  }

  get isFull(): boolean {
    return this.#records >= maxRecords || this.#bytes >= maxBytes || this.#drafts.length >= maxDrafts;
  }

  /** The entries of all drafts added since the last call, in their order. */
  flush(signal?: AbortSignal): Promise<RangeEntry[]> {
    const drafts = this.#drafts;
    this.#drafts = [];
    this.#records = 0;
    this.#bytes = 0;
    return assemble(this.#hasher, drafts, signal);
  }
}

/** The draft of a group of atoms. */
export function draftOf({ start, depth, count, bytes, atoms }: AtomGroup<SummedAtom>): RangeDraft {
  if (atoms.length === 1) {
    const { sums, moved, records } = atoms[0] as SummedAtom;
    return { start, depth, count, bytes, sums, moved, records };
  }
  return {
    start,
    depth,
    count,
    bytes,
    sums: atoms.flatMap(({ sums }) => sums),
    moved: atoms.flatMap(({ moved }) => moved),
    records: atoms.flatMap(({ records }) => records),
  };
}

async function assemble(
  hasher: StateHasher,
  drafts: readonly RangeDraft[],
  signal: AbortSignal | undefined,
): Promise<RangeEntry[]> {
  const options = signal === undefined ? {} : { signal };
  const slots = new Map<RangeDraft, number>();
  for (const draft of drafts) {
    if (draft.records.length > 0 || draft.moved.length > 0 || draft.sums.length !== 1) slots.set(draft, slots.size);
  }
  if (slots.size === 0) return drafts.map((draft) => entryOf(draft, draft.sums[0] as Uint8Array));
  const [hashed, decoded] = await Promise.all([
    hashRecords(hasher, slots, options),
    decodeSums(hasher, slots, options),
  ]);
  const moved = [...slots].flatMap(([draft, slot]) => draft.moved.map((sum) => ({ slot, sum })));
  const terms: { slot: number; sum: Uint8Array }[] = [...hashed, ...decoded, ...moved].sort((a, b) => a.slot - b.slot);
  const sums = await combineGroups(
    hasher,
    joinSums(terms.map(({ sum }) => sum)),
    terms.map(({ slot }) => slot),
    options,
  );
  const encoded = await hasher.encode(
    joinSums([...slots.values()].map((slot) => sums.get(slot) as Uint8Array)),
    options,
  );
  return drafts.map((draft) => {
    const slot = slots.get(draft);
    if (slot === undefined) return entryOf(draft, draft.sums[0] as Uint8Array);
    return entryOf(draft, encoded.subarray(slot * encodedSumBytes, (slot + 1) * encodedSumBytes));
  });
}

async function hashRecords(
  hasher: StateHasher,
  slots: ReadonlyMap<RangeDraft, number>,
  options: { readonly signal?: AbortSignal },
): Promise<{ slot: number; sum: Uint8Array }[]> {
  const batch = new GatheredRecords();
  const slotOf: number[] = [];
  for (const [{ records }, slot] of slots) {
    if (records.length === 0) continue;
    for (const record of records) batch.add(record, slotOf.length);
    slotOf.push(slot);
  }
  if (slotOf.length === 0) return [];
  const sums = await hasher.sum(batch.finish(slotOf.length), options);
  return slotOf.map((slot, i) => ({
    slot,
    sum: sums.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes),
  }));
}

async function decodeSums(
  hasher: StateHasher,
  slots: ReadonlyMap<RangeDraft, number>,
  options: { readonly signal?: AbortSignal },
): Promise<{ slot: number; sum: Uint8Array }[]> {
  const wanted = [...slots].flatMap(([{ sums }, slot]) => sums.map((sum) => ({ slot, sum })));
  if (wanted.length === 0) return [];
  const decoded = await hasher.decode(joinSums(wanted.map(({ sum }) => sum)), options);
  return wanted.map(({ slot }, i) => ({
    slot,
    sum: decoded.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes),
  }));
}

function entryOf(draft: RangeDraft, sum: Uint8Array): RangeEntry {
  const { start, depth, count, bytes } = draft;
  return { start, depth, count, bytes, sum: copyBytes(sum) };
}
