import { ByteArena, type Span } from './byte-arena.js';
import type { StoreContext } from './context.js';
import { headOf, heads } from './key-head.js';
import { ancestralKey, ancestralKeyOffset, recordKeyOffset, stateKey } from './layout.js';
import type { RangeLedger } from './range-ledger.js';
import { checkStateRecord, type RecordChange } from './record-change.js';

/** Where there is no span: a deleted record, an absent value, an ancestral record that exists already. */
export const none: number = -1;

/** Each range that is hashed apart costs a few additions: not worth it with fewer changes per range, if there are many ranges. */
const leastChangesPerRange = 2;
const fewRanges = 64;

/** Bytes that an arena begins with, whatever is expected. */
const minArenaBytes = 1024;
const maxExpectedBytes = 16 * 1024 * 1024;

const noBytes = new Uint8Array(0);
const stateTag = stateKey(noBytes)[0] as number;
export const presentMark = 1;

/** What the changes of one state prefix, or of one range, do to count and bytes. */
export interface GroupDelta {
  readonly prefix: number;
  /** The range that the ledger keeps apart; -1 for all other changes of the prefix. */
  readonly cell: number;
  count: number;
  bytes: number;
  /** False if all its changes leave the values as they were. */
  isChanged: boolean;
}

/** Which ancestral records a block writes. */
export interface BlockEpoch {
  /** Its snapshot height. */
  readonly height: number;
  readonly isFirstBlock: boolean;
}

/**
 * The net changes of a block, and what is known of each without reading: one row for each key, in columns of numbers, because
 * an object for each change, alive until the block is written, costs more than everything that is done with it. All bytes lie
 * in one arena, and each is copied into it once.
 */
export class ChangeTable {
  /** Database keys, new values, and old values that the cache knew. */
  readonly gathered: ByteArena;
  /** Record keys with one character per byte. */
  readonly texts: string[] = [];
  readonly #rows = new Map<string, number>();
  /** Where record keys begin in `gathered`; with the tag before it, each is the database key of the state record. */
  readonly #keyStarts: number[] = [];
  /** New values in `gathered`; starts at `none` if the record is deleted. */
  readonly #afterStarts: number[] = [];
  readonly #afterEnds: number[] = [];
  readonly deltas: GroupDelta[] = [];
  /** Indexes of the deltas. */
  readonly groups: Int32Array;
  /** Cells of the ledger's grid; empty without a ledger. */
  readonly #cells: Int32Array;
  /** Hashes of the keys, as the cache has them; right when they were looked up. */
  readonly hashes: Int32Array;
  /** Old values; starts at `none` if there is none. With the mark before it, each is the ancestral value. */
  readonly #beforeStarts: Float64Array;
  readonly #beforeEnds: Float64Array;
  /** Database keys of ancestral records in `gathered`; `none` if there is nothing to write. */
  readonly ancestralStarts: Float64Array;
  /** True if the cache did not know the old value: it is read, and lies in the arena of its part. */
  readonly isRead: boolean[];
  /** True if there is surely no ancestral record. */
  readonly isFirst: boolean[];
  /** True if the old value is known to be the new one. */
  readonly isSame: boolean[];

  /** Copies changes, of which the last one of a key counts. */
  constructor(context: StoreContext, changes: Iterable<RecordChange>, ledger?: RangeLedger) {
    this.gathered = new ByteArena(bytesToGather(changes));
    this.#gather(context, changes);
    const { length } = this.texts;
    this.hashes = new Int32Array(length);
    this.#beforeStarts = new Float64Array(length).fill(none);
    this.#beforeEnds = new Float64Array(length).fill(none);
    this.ancestralStarts = new Float64Array(length).fill(none);
    this.isRead = new Array<boolean>(length).fill(true);
    this.isFirst = new Array<boolean>(length).fill(false);
    this.isSame = new Array<boolean>(length).fill(false);
    this.#cells = ledger === undefined ? new Int32Array(0) : cellsOf(this.texts, ledger);
    this.groups = this.#grouped(ledger);
  }

  get size(): number {
    return this.texts.length;
  }

  /** The row of a key; undefined if it is not changed. */
  rowOf(text: string): number | undefined {
    return this.#rows.get(text);
  }

  /** Cells with changes that are in no group of their own. To be called when all rows are settled. */
  unreadCells(): number[] {
    const cells = new Set<number>();
    for (let row = 0; row < this.#cells.length; row++) {
      const group = this.deltas[this.groups[row] as number] as GroupDelta;
      if (group.cell === -1 && this.isSame[row] === false) cells.add(this.#cells[row] as number);
    }
    return [...cells];
  }

  /** Rows ascending by key: databases read and write neighbours faster. */
  order(): Uint32Array {
    const { texts } = this;
    // Numbers are sorted many times faster than by a function that compares: each is a row, and before it as much of the key's head
    // as there is room for.
    const rowCount = 2 ** Math.ceil(Math.log2(texts.length + 1));
    const headUnit = Math.max(1, (heads * rowCount) / 2 ** 53);
    const heading = (text: string): number => Math.floor(headOf(text) / headUnit);
    const sorted = Float64Array.from(texts, (text, row) => heading(text) * rowCount + row).sort();
    const rows = Uint32Array.from(sorted, (number) => number % rowCount);
    for (let from = 0; from < rows.length; ) {
      const head = Math.floor((sorted[from] as number) / rowCount);
      let to = from + 1;
      while (to < rows.length && Math.floor((sorted[to] as number) / rowCount) === head) to++;
      if (to - from > 1) rows.subarray(from, to).sort((a, b) => ((texts[a] as string) < (texts[b] as string) ? -1 : 1));
      from = to;
    }
    return rows;
  }

  key(row: number): Span {
    const start = this.#keyStarts[row] as number;
    return { start, end: start + this.keyLength(row) };
  }

  keyLength(row: number): number {
    return (this.texts[row] as string).length;
  }

  /** The new value, which there must be. */
  after(row: number): Span {
    return { start: this.#afterStarts[row] as number, end: this.#afterEnds[row] as number };
  }

  /** The old value, which there must be. */
  before(row: number): Span {
    return { start: this.#beforeStarts[row] as number, end: this.#beforeEnds[row] as number };
  }

  hasAfter(row: number): boolean {
    return this.#afterStarts[row] !== none;
  }

  hasBefore(row: number): boolean {
    return this.#beforeStarts[row] !== none;
  }

  hasAncestral(row: number): boolean {
    return this.ancestralStarts[row] !== none;
  }

  stateKey(row: number): Uint8Array {
    const { start, end } = this.key(row);
    return this.gathered.view({ start: start - recordKeyOffset, end });
  }

  /** The database key of the ancestral record to write, which there must be. */
  ancestralKey(row: number): Uint8Array {
    const start = this.ancestralStarts[row] as number;
    return this.gathered.view({ start, end: start + ancestralKeyOffset + this.keyLength(row) });
  }

  /** Takes note of an old value, or of its absence, and whether it is the new one. `span` is where its arena has it. */
  settle(row: number, value: Uint8Array | undefined, span: Span | undefined): void {
    this.#beforeStarts[row] = span === undefined ? none : span.start;
    this.#beforeEnds[row] = span === undefined ? none : span.end;
    this.isSame[row] = this.hasAfter(row)
      ? value !== undefined && this.gathered.equals(this.after(row), value)
      : value === undefined;
  }

  /** Looks up what the cache knows of some rows. To be called once for each row, before anything else is asked of it. */
  lookUp({ cache }: StoreContext, epoch: BlockEpoch, rows: Uint32Array): void {
    const { gathered, texts } = this;
    const ancestralTag = ancestralKey(epoch.height, noBytes);
    for (const row of rows) {
      const text = texts[row] as string;
      const hash = cache.hashOf(text);
      this.hashes[row] = hash;
      const known = cache.lookUp(text, hash);
      if (known !== undefined) {
        this.isRead[row] = false;
        if (known.value !== undefined) gathered.appendByte(presentMark);
        this.settle(row, known.value, known.value && gathered.append(known.value));
      }
      if (this.isSame[row] === true || known?.recordedIn === epoch.height) continue;
      this.ancestralStarts[row] = gathered.append(ancestralTag).start;
      gathered.appendSpan(this.key(row));
      this.isFirst[row] = epoch.isFirstBlock || cache.isUnrecorded(hash, epoch.height);
    }
  }

  #gather({ parameters }: StoreContext, changes: Iterable<RecordChange>): void {
    const { gathered } = this;
    const rows = this.#rows;
    for (const { key, value } of changes) {
      checkStateRecord(parameters, key, value);
      const start = gathered.length;
      gathered.appendByte(stateTag);
      const span = gathered.append(key);
      const text = gathered.text(span);
      let row = rows.get(text);
      if (row === undefined) {
        row = this.texts.push(text) - 1;
        this.#keyStarts.push(span.start);
        rows.set(text, row);
      } else {
        gathered.truncate(start);
      }
      this.#afterStarts[row] = value === undefined ? none : gathered.append(value).start;
      this.#afterEnds[row] = gathered.length;
    }
  }

  /** One group for each range that is kept apart, and one for the rest of each prefix. */
  #grouped(ledger: RangeLedger | undefined): Int32Array {
    const { texts } = this;
    const cells = this.#cells;
    const kept = new Set<number>();
    if (ledger !== undefined) for (const cell of cells) if (ledger.keeps(cell)) kept.add(cell);
    if (kept.size > fewRanges && kept.size * leastChangesPerRange > texts.length) kept.clear();
    const groups = new Int32Array(texts.length);
    const numbers = new Map<number, number>();
    for (let row = 0; row < texts.length; row++) {
      const prefix = (texts[row] as string).charCodeAt(0);
      const cell = kept.has(cells[row] as number) ? (cells[row] as number) : -1;
      const name = cell === -1 ? -1 - prefix : cell;
      let group = numbers.get(name);
      if (group === undefined) {
        group = this.deltas.push({ prefix, cell, count: 0, bytes: 0, isChanged: false }) - 1;
        numbers.set(name, group);
      }
      groups[row] = group;
    }
    return groups;
  }
}

function cellsOf(texts: readonly string[], { grid }: RangeLedger): Int32Array {
  return Int32Array.from(texts, (text) => grid.cellOf(text));
}

/** Bytes that an arena for changes will have, if old values are about as long as the new ones. */
function bytesToGather(changes: Iterable<RecordChange>): number {
  if (!Array.isArray(changes)) return minArenaBytes;
  let bytes = 0;
  for (const { key, value } of changes as readonly RecordChange[]) {
    bytes += recordKeyOffset + ancestralKeyOffset + 2 * key.length + 2 * (value?.length ?? 0) + 1;
  }
  return Math.max(minArenaBytes, Math.min(bytes, maxExpectedBytes));
}
