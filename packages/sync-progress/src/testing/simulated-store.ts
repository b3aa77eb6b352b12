import {
  recordBytes,
  type SimulatedRange,
  type SimulatedRecord,
  type SimulatedSnapshot,
} from './simulated-snapshot.js';

/** What outlives the newcomer's process: the manifest it adopted last, and the ranges it committed. */
export class SimulatedStore {
  /** By the array of their records, which equal ranges of two snapshots share. */
  readonly #ranges = new Map<readonly SimulatedRecord[], SimulatedRange>();
  snapshot: SimulatedSnapshot | undefined;
  doneBytes = 0;

  /** Adopts a manifest: whatever is not equal in it goes. Returns the ranges that are proved. */
  adopt(snapshot: SimulatedSnapshot): number[] {
    this.snapshot = snapshot;
    const proved: number[] = [];
    const kept: SimulatedRange[] = [];
    for (const [index, part] of snapshot.parts.entries()) {
      if (!this.has(part)) continue;
      proved.push(index);
      kept.push(part);
    }
    this.#ranges.clear();
    this.doneBytes = 0;
    for (const part of kept) this.commit(part);
    return proved;
  }

  has(part: SimulatedRange): boolean {
    return this.#ranges.has(part.records);
  }

  commit(part: SimulatedRange): void {
    this.#ranges.set(part.records, part);
    this.doneBytes += recordBytes(part.records);
  }

  get doneRanges(): number {
    return this.#ranges.size;
  }
}

/** True if both hold the same keys and values. */
export function equalRecords(a: readonly SimulatedRecord[], b: readonly SimulatedRecord[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(([key, value], index) => {
    const other = b[index];
    return other !== undefined && equal(key, other[0]) && equal(value, other[1]);
  });
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, index) => byte === b[index]));
}
