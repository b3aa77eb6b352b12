import { compareBytes } from '@hs/bytes';
import { recordAtom } from './compute-manifest.js';
import type { SignedRecord } from './gathered-records.js';
import type { PackedRecords, StateHasher } from './hasher.js';
import type { NetChange } from './net-changes.js';
import { recordBytes } from './packed-records.js';
import { fitsRange, Partition, type RangeLimits } from './partition.js';
import { type KeyInterval, type RangeEntry, rangeInterval } from './range.js';
import { draftOf, RangeAssembler, type SummedAtom } from './range-assembler.js';
import type { RangeTotal } from './range-ledger.js';
import { type OverfullRange, readToSplit, type SplitContext, type SplitRecords, splitRange } from './split-range.js';
import { corrupt } from './stored-bytes.js';

/** What an update of ranges needs. */
export interface RangeUpdateOptions {
  readonly limits: RangeLimits;
  readonly hasher: StateHasher;
  /** The ranges before. */
  readonly entries: readonly RangeEntry[];
  /** What has happened to the range at an index, if that is known already: then `changes` has none of its keys. */
  readonly movesOf?: ((index: number) => RangeTotal | undefined) | undefined;
  /** Net changes, ascending, from the end of `after` on. */
  readonly changes: AsyncIterable<readonly NetChange[]>;
  /** The records of an interval after the changes, ascending. */
  readonly readRecords: (interval: KeyInterval) => AsyncIterable<PackedRecords>;
  /** The last range that is computed already; the update goes on behind it. */
  readonly after?: RangeEntry | undefined;
  /** Awaited before each step of work. */
  readonly pace: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of records up to which a range that is split is held in memory to hash only what is needed; two can be there at once. */
const maxHeldBytes = 16 * 1024 * 1024;
/** Bytes of changes of one range that are kept before they are hashed. */
const maxChangeBytes = 8 * 1024 * 1024;

/**
 * The ranges after some net changes, from the ranges before, in groups: costs the hashing of what changed and is not in the
 * ledger, and of the smaller parts of what is split.
 *
 * Old ranges and changes are walked together in key order. A range without changes is an atom as it is; one with
 * changes that still fits its limits is an atom whose sum has moved; one that has outgrown them is replaced by its records; a
 * changed key outside of all ranges is a record by itself. The partition of these atoms is the new one: whatever of them
 * fits into a shorter prefix now is merged there.
 */
export async function* updateRanges(options: RangeUpdateOptions): AsyncGenerator<RangeEntry[], void, undefined> {
  const changes = new ChangeCursor(options.changes);
  try {
    yield* walk(options, changes);
  } finally {
    await changes.close();
  }
}

async function* walk(
  options: RangeUpdateOptions,
  changes: ChangeCursor,
): AsyncGenerator<RangeEntry[], void, undefined> {
  const { limits, hasher, entries, after, pace, signal } = options;
  const partition = new Partition<SummedAtom>(limits, { after: after?.start });
  const assembler = new RangeAssembler(hasher);
  let underWay: Promise<RangeEntry[]> | undefined;

  /** Hashing of one step overlaps with reading for the next. */
  async function* step(isLast: boolean): AsyncGenerator<RangeEntry[], void, undefined> {
    await pace();
    if (underWay !== undefined) yield await underWay;
    underWay = assembler.flush(signal);
    underWay.catch(() => undefined);
    if (isLast) yield await underWay;
  }
  /** Ranges that are being split, and what comes behind the first of them. */
  const waiting: (SummedAtom | Promise<SummedAtom[]>)[] = [];
  let splitting = 0;
  const pass = (atom: SummedAtom): void => {
    for (const group of partition.push(atom)) assembler.add(draftOf(group));
  };
  const push = (atom: SummedAtom): void => {
    if (waiting.length > 0) waiting.push(atom);
    else pass(atom);
  };

  /** Waits until no more than this many ranges are being split. */
  async function* settle(most: number): AsyncGenerator<RangeEntry[], void, undefined> {
    while (splitting > most) {
      for (const atom of await (waiting.shift() as Promise<SummedAtom[]>)) pass(atom);
      splitting--;
      while (waiting.length > 0 && !(waiting[0] instanceof Promise)) pass(waiting.shift() as SummedAtom);
      if (assembler.isFull) yield* step(false);
    }
  }

  /** Keys that no range had. */
  async function* insertBefore(endKey: Uint8Array | undefined): AsyncGenerator<RangeEntry[], void, undefined> {
    for (;;) {
      if (changes.isEmpty) await changes.fill();
      const change = changes.before(endKey);
      if (change === undefined) return;
      push(insertion(change));
      if (assembler.isFull) yield* step(false);
    }
  }

  const begin = after === undefined ? undefined : rangeInterval(after).endKey;
  const isOver = after !== undefined && begin === undefined;
  for (const [index, entry] of isOver ? [] : entries.entries()) {
    const interval = rangeInterval(entry);
    if (begin !== undefined && compareBytes(interval.startKey, begin) < 0) continue;
    yield* insertBefore(interval.startKey);
    const total = options.movesOf?.(index);
    const changed =
      total === undefined
        ? await applyChanges(options, entry, interval, changes)
        : changedRange(limits, entry, { ...total, moved: [total.sum] });
    if (!changed.isOverfull) {
      if (changed.count > 0) push({ ...changed, start: entry.start, sums: [entry.sum, ...changed.sums] });
      if (assembler.isFull) yield* step(false);
      continue;
    }
    const isKnown = changed.moved.length > 0 || (changed.records.length > 0 && changed.sums.length === 0);
    if (isKnown && changed.bytes <= maxHeldBytes) {
      const range = { ...changed, entry };
      const read = await readToSplit({ hasher, limits }, range, options.readRecords);
      await pace();
      const parts = splitOrKeep({ hasher, limits }, range, read, signal);
      parts.catch(() => undefined);
      waiting.push(parts);
      splitting++;
      // The next range is read while this one is hashed.
      yield* settle(1);
      continue;
    }
    yield* settle(0);
    for await (const packed of options.readRecords(interval)) {
      for (let i = 0; i < packed.offsets.length / 4; i++) {
        push(recordAtom(packed, i));
        if (assembler.isFull) yield* step(false);
      }
    }
  }
  if (!isOver) yield* insertBefore(undefined);
  yield* settle(0);
  for (const group of partition.finish()) assembler.add(draftOf(group));
  yield* step(true);
}

/** The parts of a range, or its records if hashing all of them is cheaper. */
async function splitOrKeep(
  context: SplitContext,
  range: OverfullRange,
  read: SplitRecords,
  signal: AbortSignal | undefined,
): Promise<SummedAtom[]> {
  return (await splitRange(context, range, read, signal)) ?? read.packs.flatMap(atomsOf);
}

function atomsOf(packed: PackedRecords): SummedAtom[] {
  return Array.from({ length: packed.offsets.length / 4 }, (_, i) => recordAtom(packed, i));
}

/** What the changes of one range make of it. */
interface ChangedRange {
  readonly isOverfull: boolean;
  readonly count: number;
  readonly bytes: number;
  readonly sums: readonly Uint8Array[];
  readonly moved: readonly Uint8Array[];
  /** What its sum moves by; empty if it is certain to be overfull, whatever else happens to it. */
  readonly records: readonly SignedRecord[];
}

/** A range after differences of its count and bytes. */
function changedRange(
  limits: RangeLimits,
  { depth, ...before }: RangeEntry,
  change: {
    readonly count: number;
    readonly bytes: number;
    readonly sums?: readonly Uint8Array[];
    readonly moved?: readonly Uint8Array[];
    readonly records?: readonly SignedRecord[];
  },
): ChangedRange {
  const count = before.count + change.count;
  const bytes = before.bytes + change.bytes;
  if (count < 0 || bytes < count || (count === 0 && bytes > 0)) {
    throw corrupt('manifest', 'a range does not hold what was removed from it');
  }
  const { sums = [], moved = [], records = [] } = change;
  return { isOverfull: !fitsRange(limits, { depth, count, bytes }), count, bytes, sums, moved, records };
}

async function applyChanges(
  { limits, hasher, signal }: RangeUpdateOptions,
  entry: RangeEntry,
  { endKey }: KeyInterval,
  changes: ChangeCursor,
): Promise<ChangedRange> {
  const { depth } = entry;
  let count = 0;
  let bytes = 0;
  let records: SignedRecord[] = [];
  let changedBytes = 0;
  const sums: Uint8Array[] = [];
  /** What there is now for certain. */
  const present = { depth, count: 0, bytes: 0 };
  let isCertain = false;
  for (;;) {
    // Awaited once a group, not once a change.
    if (changes.isEmpty) await changes.fill();
    const change = changes.before(endKey);
    if (change === undefined) break;
    const { packed, before, after } = change;
    for (const [index, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (index === -1) continue;
      const size = recordBytes(packed, index);
      count += sign;
      bytes += sign * size;
      if (sign === 1) {
        present.count++;
        present.bytes += size;
      }
      if (isCertain) continue;
      records.push({ packed, index, sign });
      changedBytes += size;
    }
    if (!isCertain && !fitsRange(limits, present)) {
      isCertain = true;
      records = [];
      sums.length = 0;
    }
    if (changedBytes > maxChangeBytes && !isCertain) {
      sums.push(await sumOf(hasher, records, signal));
      records = [];
      changedBytes = 0;
    }
  }
  return changedRange(limits, entry, { count, bytes, sums, records });
}

/** The encoded sum of records that are too many to be kept. */
async function sumOf(
  hasher: StateHasher,
  records: readonly SignedRecord[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const assembler = new RangeAssembler(hasher);
  assembler.add({ start: new Uint8Array(1), depth: 8, count: 1, bytes: 1, sums: [], moved: [], records });
  const [entry] = await assembler.flush(signal);
  return (entry as RangeEntry).sum;
}

/** A key that no range had. */
function insertion({ packed, before, after }: NetChange): SummedAtom {
  if (before !== -1 || after === -1) throw corrupt('manifest', 'a key outside of all ranges had a record');
  return recordAtom(packed, after);
}

/** Net changes one by one, with one group of look-ahead. */
class ChangeCursor {
  readonly #groups: AsyncIterator<readonly NetChange[]>;
  #group: readonly NetChange[] = [];
  #at = 0;
  #isDone = false;

  constructor(groups: AsyncIterable<readonly NetChange[]>) {
    this.#groups = groups[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    await this.#groups.return?.();
  }

  /** True if nothing is left in memory, and there may be more. */
  get isEmpty(): boolean {
    return this.#at === this.#group.length && !this.#isDone;
  }

  async fill(): Promise<void> {
    while (this.isEmpty) {
      const next = await this.#groups.next();
      this.#isDone = next.done === true;
      this.#group = next.done === true ? [] : next.value;
      this.#at = 0;
    }
  }

  /** The next change in memory, if its key is before `endKey`. */
  before(endKey: Uint8Array | undefined): NetChange | undefined {
    const change = this.#group[this.#at];
    if (change === undefined || (endKey !== undefined && compareBytes(change.key, endKey) >= 0)) return undefined;
    this.#at++;
    return change;
  }
}
