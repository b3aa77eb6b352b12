import type { RangeEntry } from '@hs/ancestral-records';
import type { RangeMoved, RangesAsked } from '../sync/download-event.js';

/**
 * Where the ranges of a cell stand, as numbers for compact transport: the least advanced range counts. `refuted` is missing
 * again after somebody delivered it wrong.
 */
export const cellStages = { missing: 0, refuted: 1, asked: 2, received: 3, proved: 4, committed: 5 } as const;

export type CellStage = keyof typeof cellStages;

/** The rest of a cell's code is the number of the peer that delivers it, or delivered it: 0 for nobody of this download. */
export const stageBits = 3;

const maxPeers = 2 ** (16 - stageBits) - 1;

/** More ranges than that share cells. */
export const maxCells: number = 2 ** 17;

/** The ranges under one prefix. */
export interface MapPrefix {
  readonly prefix: number;
  readonly firstRange: number;
  readonly ranges: number;
  readonly committed: number;
  readonly records: number;
  readonly bytes: number;
}

/** What one cell stands for. */
export interface MapCell {
  readonly cell: number;
  readonly firstRange: number;
  readonly ranges: number;
  /** Where the first range begins. */
  readonly start: Uint8Array;
  /** Bits of `start` that count. */
  readonly depth: number;
  readonly records: number;
  readonly bytes: number;
  readonly stage: CellStage;
  readonly peer: string | undefined;
}

/**
 * Every range of one snapshot: where it stands, and who delivered it. Five bytes a range; each event costs O(ranges it is about),
 * whoever watches. Changes are read by version, so that any number of readers share one map.
 */
export class StateMap {
  /** Height of the snapshot. */
  readonly height: number;
  readonly entries: readonly RangeEntry[];
  readonly rangesPerCell: number;
  readonly cells: number;
  readonly #stages: Uint8Array;
  readonly #askers: Uint8Array;
  readonly #peers: Uint16Array;
  /** Version of the last change, by cell. */
  readonly #changedAt: Uint32Array;
  readonly #names: string[] = [''];
  readonly #numbers = new Map<string, number>();
  readonly #prefixes: { -readonly [Name in keyof MapPrefix]: number }[] = [];
  #committed = 0;
  #version = 0;

  /** `isCommitted` says which ranges are here already. */
  constructor(options: {
    readonly height: number;
    readonly entries: readonly RangeEntry[];
    readonly isCommitted: (range: number) => boolean;
  }) {
    const { height, entries, isCommitted } = options;
    this.height = height;
    this.entries = entries;
    this.rangesPerCell = Math.max(1, Math.ceil(entries.length / maxCells));
    this.cells = Math.ceil(entries.length / this.rangesPerCell);
    this.#stages = new Uint8Array(entries.length);
    this.#askers = new Uint8Array(entries.length);
    this.#peers = new Uint16Array(entries.length);
    this.#changedAt = new Uint32Array(this.cells);
    for (const [range, entry] of entries.entries()) {
      const [prefix = 0] = entry.start;
      let counts = this.#prefixes.at(-1);
      if (counts?.prefix !== prefix) {
        counts = { prefix, firstRange: range, ranges: 0, committed: 0, records: 0, bytes: 0 };
        this.#prefixes.push(counts);
      }
      counts.ranges++;
      counts.records += entry.count;
      counts.bytes += entry.bytes;
      if (!isCommitted(range)) continue;
      counts.committed++;
      this.#committed++;
      this.#stages[range] = cellStages.committed;
    }
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** Ranges that are in the store. */
  get committed(): number {
    return this.#committed;
  }

  /** Names by their number in the codes of cells; number 0 is nobody. */
  get peers(): readonly string[] {
    return this.#names;
  }

  prefixes(): readonly MapPrefix[] {
    return this.#prefixes.map((counts) => ({ ...counts }));
  }

  asked({ type, peer, firstRange, rangeCount }: RangesAsked): void {
    const number = this.#numberOf(peer);
    const step = type === 'asked' ? 1 : -1;
    this.#version++;
    for (let range = firstRange; range < firstRange + rangeCount; range++) {
      const askers = Math.max(0, (this.#askers[range] ?? 0) + step);
      this.#askers[range] = askers;
      const stage = this.#stages[range] ?? 0;
      if (stage > cellStages.asked) continue;
      if (step > 0) this.#set(range, cellStages.asked, number);
      else if (askers === 0 && stage === cellStages.asked) this.#set(range, cellStages.missing, 0);
    }
  }

  moved({ type, peer, range }: RangeMoved): void {
    const stage = this.#stages[range];
    if (stage === undefined || stage === cellStages.committed) return;
    this.#version++;
    if (type === 'dropped') this.#set(range, this.#stageWithout(range), 0);
    else this.#set(range, cellStages[type], this.#numberOf(peer));
    if (type !== 'committed') return;
    this.#committed++;
    const counts = this.#prefixes.findLast(({ firstRange }) => firstRange <= range);
    if (counts !== undefined) counts.committed++;
  }

  /** The codes of all cells: pairs of a number of cells and their code. */
  runs(): readonly number[] {
    const runs: number[] = [];
    let last = -1;
    for (let cell = 0; cell < this.cells; cell++) {
      const code = this.codeOf(cell);
      if (code === last) runs[runs.length - 2] = (runs[runs.length - 2] ?? 0) + 1;
      else runs.push(1, code);
      last = code;
    }
    return runs;
  }

  /** Cells that changed after `version`: triples of the first cell, how many, and their code. */
  changesSince(version: number): readonly number[] {
    const runs: number[] = [];
    let next = -1;
    let last = -1;
    for (let cell = 0; cell < this.cells; cell++) {
      if ((this.#changedAt[cell] ?? 0) <= version) continue;
      const code = this.codeOf(cell);
      if (cell === next && code === last) runs[runs.length - 2] = (runs[runs.length - 2] ?? 0) + 1;
      else runs.push(cell, 1, code);
      next = cell + 1;
      last = code;
    }
    return runs;
  }

  /** Stage and peer of a cell as one number. */
  codeOf(cell: number): number {
    const first = cell * this.rangesPerCell;
    const end = Math.min(first + this.rangesPerCell, this.entries.length);
    let found = first;
    for (let range = first + 1; range < end; range++) {
      if ((this.#stages[range] ?? 0) < (this.#stages[found] ?? 0)) found = range;
    }
    return (this.#stages[found] ?? 0) + ((this.#peers[found] ?? 0) << stageBits);
  }

  /** What a cell stands for; `undefined` if there is no such cell. */
  describe(cell: number): MapCell | undefined {
    const firstRange = cell * this.rangesPerCell;
    const entries = this.entries.slice(firstRange, firstRange + this.rangesPerCell);
    const [first] = entries;
    if (first === undefined) return undefined;
    const code = this.codeOf(cell);
    const stage = Object.entries(cellStages).find(([, number]) => number === (code & (2 ** stageBits - 1)));
    return {
      cell,
      firstRange,
      ranges: entries.length,
      start: first.start,
      depth: first.depth,
      records: entries.reduce((sum, { count }) => sum + count, 0),
      bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
      stage: (stage?.[0] ?? 'missing') as CellStage,
      peer: this.#names[code >> stageBits] || undefined,
    };
  }

  #stageWithout(range: number): number {
    return (this.#askers[range] ?? 0) > 0 ? cellStages.asked : cellStages.missing;
  }

  #set(range: number, stage: number, peer: number): void {
    this.#stages[range] = stage;
    this.#peers[range] = peer;
    this.#changedAt[Math.floor(range / this.rangesPerCell)] = this.#version;
  }

  /** Peers beyond what a code has room for are nobody. */
  #numberOf(peer: string): number {
    let number = this.#numbers.get(peer);
    if (number === undefined) {
      number = this.#names.length > maxPeers ? 0 : this.#names.push(peer) - 1;
      this.#numbers.set(peer, number);
    }
    return number;
  }
}
