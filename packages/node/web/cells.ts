import type { MapChange, WholeMap } from '../src/page/page-events.js';

/** The codes of all cells, and how many cells have which code. */
export class Cells {
  readonly map: Omit<WholeMap, 'runs' | 'peers'>;
  readonly codes: Uint16Array;
  readonly peers: string[];
  readonly counts: Map<number, number> = new Map();

  constructor({ runs, peers, ...map }: WholeMap) {
    this.map = map;
    this.peers = [...peers];
    this.codes = new Uint16Array(map.cells);
    for (let at = 0, cell = 0; at < runs.length; at += 2) {
      const [length = 0, code = 0] = [runs[at], runs[at + 1]];
      this.codes.fill(code, cell, cell + length);
      this.#add(code, length);
      cell += length;
    }
  }

  /** Takes a change in; gives false if it is of another map. */
  apply(change: MapChange): boolean {
    if (change.id !== this.map.id) return false;
    this.peers.push(...change.peers);
    for (let at = 0; at < change.runs.length; at += 3) {
      const [first = 0, length = 0, code = 0] = change.runs.slice(at, at + 3);
      for (let cell = first; cell < first + length; cell++) {
        this.#add(this.codes[cell] ?? 0, -1);
        this.codes[cell] = code;
      }
      this.#add(code, length);
    }
    return true;
  }

  /** Cells in a stage. */
  inStage(stage: number): number {
    let sum = 0;
    for (const [code, number] of this.counts) if ((code & 7) === stage) sum += number;
    return sum;
  }

  #add(code: number, number: number): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + number);
  }
}
