import { type StateHasher, uncompressedSumBytes } from './hasher.js';
import { addUp, joinSums } from './prefix-sums.js';
import type { KeyInterval } from './range.js';
import { isRange, type RangeGrid } from './range-grid.js';

/** What happened to one range: differences of its count and bytes, and uncompressed sums that its sum moves by. */
export interface RangeMove {
  readonly cell: number;
  readonly count: number;
  readonly bytes: number;
  readonly sums: readonly Uint8Array[];
}

/** What a block, or several, made of the cells of a grid. */
export interface LedgerMoves {
  readonly grid: RangeGrid;
  readonly moves: readonly RangeMove[];
  /** Cells with changes of which it is only known that they are there. */
  readonly unread: readonly number[];
}

/** What happened to one range in all. */
export type RangeTotal = Omit<RangeMove, 'cell' | 'sums'> & { readonly sum: Uint8Array };

const untouched = 0;
const unread = -1;

/** Sums that wait before they are added up: few enough to hold, enough to be worth a call of the hasher. */
const defaultMaxPending = 4096;

/**
 * What the blocks of one epoch have done to each range of a manifest so far: 128 bytes and a few numbers for each range they
 * touched. Of a touched gap, or a range that some block did not keep apart, it only knows that it was touched.
 *
 * Kept in memory alone. Sums are added up now and then, beside whatever else goes on; if that fails, the ledger is useless,
 * and says so.
 */
export class RangeLedger {
  readonly grid: RangeGrid;
  readonly #hasher: StateHasher;
  readonly #maxPending: number;
  /** For each cell what is known of it: `untouched`, `unread`, or its slot, from 1 on. */
  readonly #slotOf: Int32Array;
  readonly #cells: number[] = [];
  readonly #counts: number[] = [];
  readonly #bytes: number[] = [];
  #sums = new Uint8Array(0);
  /** Slots below this one have a sum; the rest have only pending ones. */
  #summed: boolean[] = [];
  #pendingSlots: number[] = [];
  #pendingSums: Uint8Array[] = [];
  #adding: Promise<void> | undefined;
  #isBroken = false;

  constructor(hasher: StateHasher, grid: RangeGrid, maxPending: number = defaultMaxPending) {
    this.#hasher = hasher;
    this.#maxPending = maxPending;
    this.grid = grid;
    this.#slotOf = new Int32Array(grid.cellCount);
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** True if blocks should tell what they do to a cell. */
  keeps(cell: number): boolean {
    return isRange(cell) && this.#slotOf[cell] !== unread;
  }

  /** Takes note of what was written. Moves on another grid count where the range is the same; elsewhere cells become unread. */
  add({ grid, moves, unread: cells }: LedgerMoves): void {
    if (this.#isBroken) return;
    for (const cell of cells) this.#forget(grid, cell);
    for (const move of moves) {
      const place = grid === this.grid ? undefined : this.grid.counterpart(grid, move.cell);
      if (place?.isSame === false) this.#forget(grid, move.cell);
      else this.#move(place?.first ?? move.cell, move);
    }
    if (this.#pendingSlots.length >= this.#maxPending) this.#start();
  }

  /** Resolves when there is room for what another block did. */
  async ready(): Promise<void> {
    if (this.#pendingSlots.length >= 2 * this.#maxPending) await this.#adding;
  }

  /** Adds up what is pending. Resolves to false if that failed, so that nothing here can be used. */
  async settle(): Promise<boolean> {
    while (!this.#isBroken && this.#pendingSlots.length > 0) {
      this.#start();
      await this.#adding;
    }
    return !this.#isBroken;
  }

  /** What happened to a range in all, when everything is settled; undefined if nothing did, or it is not known. */
  total(cell: number): RangeTotal | undefined {
    const slot = (this.#slotOf[cell] as number) - 1;
    if (slot < 0) return undefined;
    return { count: this.#counts[slot] as number, bytes: this.#bytes[slot] as number, sum: this.#sumAt(slot) };
  }

  /** Intervals with all unread cells and no others but gaps without keys, ascending. */
  unreadIntervals(): KeyInterval[] {
    const intervals: KeyInterval[] = [];
    for (let cell = 0; cell < this.#slotOf.length; cell++) {
      if (this.#slotOf[cell] !== unread) continue;
      const first = cell;
      while (this.#slotOf[cell + 1] === unread) cell++;
      const interval = this.grid.interval(first, cell);
      if (interval !== undefined) intervals.push(interval);
    }
    return intervals;
  }

  /** All that it knows, for a ledger on another grid. */
  moves(): LedgerMoves {
    const pending = this.#pendingOfSlots();
    const moves: RangeMove[] = [];
    const cells: number[] = [];
    for (const [cell, slot] of this.#slotOf.entries()) if (slot === unread) cells.push(cell);
    for (const [slot, cell] of this.#cells.entries()) {
      if (this.#slotOf[cell] === unread) continue;
      const known = this.#summed[slot] === true ? [this.#sumAt(slot).slice()] : [];
      const sums = [...known, ...(pending.get(slot) ?? [])];
      moves.push({ cell, count: this.#counts[slot] as number, bytes: this.#bytes[slot] as number, sums });
    }
    return { grid: this.grid, moves, unread: cells };
  }

  #move(cell: number, { count, bytes, sums }: RangeMove): void {
    if (this.#slotOf[cell] === unread) return;
    let slot = (this.#slotOf[cell] as number) - 1;
    if (this.#slotOf[cell] === untouched) {
      slot = this.#cells.push(cell) - 1;
      this.#counts.push(0);
      this.#bytes.push(0);
      this.#summed.push(false);
      this.#slotOf[cell] = slot + 1;
    }
    this.#counts[slot] = (this.#counts[slot] as number) + count;
    this.#bytes[slot] = (this.#bytes[slot] as number) + bytes;
    for (const sum of sums) {
      this.#pendingSlots.push(slot);
      this.#pendingSums.push(sum);
    }
  }

  /** Makes a cell of some grid, and all that share keys with it here, unread. */
  #forget(grid: RangeGrid, cell: number): void {
    if (grid.interval(cell, cell) === undefined) return;
    const { first, last } = grid === this.grid ? { first: cell, last: cell } : this.grid.counterpart(grid, cell);
    this.#slotOf.fill(unread, first, last + 1);
  }

  #start(): void {
    this.#adding ??= this.#addPending()
      .catch(() => {
        this.#isBroken = true;
        this.#pendingSlots = [];
        this.#pendingSums = [];
      })
      .finally(() => {
        this.#adding = undefined;
      });
  }

  /** Blocks may add to what is pending meanwhile. */
  async #addPending(): Promise<void> {
    const { length } = this.#pendingSlots;
    const pending = this.#pendingOfSlots();
    const sizes: number[] = [];
    const terms: Uint8Array[] = [];
    for (const [slot, sums] of pending) {
      const isSummed = this.#summed[slot] === true;
      if (isSummed) terms.push(this.#sumAt(slot));
      for (const sum of sums) terms.push(sum);
      sizes.push(sums.length + (isSummed ? 1 : 0));
    }
    const added = await addUp(this.#hasher, joinSums(terms), Uint32Array.from(sizes));
    this.#grow();
    for (const [i, slot] of [...pending.keys()].entries()) {
      const sum = added.subarray(i * uncompressedSumBytes, (i + 1) * uncompressedSumBytes);
      this.#sums.set(sum, slot * uncompressedSumBytes);
      this.#summed[slot] = true;
    }
    this.#pendingSlots.splice(0, length);
    this.#pendingSums.splice(0, length);
  }

  /** The pending sums of each slot that has some. */
  #pendingOfSlots(): Map<number, Uint8Array[]> {
    const pending = new Map<number, Uint8Array[]>();
    for (let i = 0; i < this.#pendingSlots.length; i++) {
      const slot = this.#pendingSlots[i] as number;
      const sum = this.#pendingSums[i] as Uint8Array;
      const sums = pending.get(slot);
      if (sums === undefined) pending.set(slot, [sum]);
      else sums.push(sum);
    }
    return pending;
  }

  #grow(): void {
    const needed = this.#cells.length * uncompressedSumBytes;
    if (needed <= this.#sums.length) return;
    const most = (this.grid.cellCount >> 1) * uncompressedSumBytes;
    const grown = new Uint8Array(Math.min(most, Math.max(needed, 2 * this.#sums.length)));
    grown.set(this.#sums);
    this.#sums = grown;
  }

  #sumAt(slot: number): Uint8Array {
    return this.#sums.subarray(slot * uncompressedSumBytes, (slot + 1) * uncompressedSumBytes);
  }
}
