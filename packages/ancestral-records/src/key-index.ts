/** Where nothing was found. */
export const noEntry = -1;
export const noSlot = -1;

/** Who keeps the entries. */
export interface EntryKeys {
  hasKey(entry: number, keyText: string): boolean;
}

const slotBytes = 8;
const defaultMaxProbes = 256;

/**
 * Finds entries, which are numbers below 2^31 - 1, by their keys: pairs of the hash of a key and the number of its entry. Linear
 * probing: there is no gap between where a key belongs and where it is. Only entries whose hash is the same are looked at.
 *
 * No search goes further than `maxProbes`, whatever keys strangers chose: an entry that has no place within them is not taken in.
 */
export class KeyIndex {
  readonly #keys: EntryKeys;
  /** Hashes, and the number of the entry counted from 1; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #maxProbes: number;
  #size = 0;

  /** `slotCount` is a power of two. */
  constructor(keys: EntryKeys, slotCount: number, maxProbes: number = defaultMaxProbes) {
    this.#keys = keys;
    this.#slots = new Int32Array(2 * slotCount);
    this.#mask = slotCount - 1;
    this.#maxProbes = maxProbes;
  }

  /** Bytes of an index. */
  static bytesOf(slotCount: number): number {
    return slotBytes * slotCount;
  }

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Entry of a slot; `noEntry` if it is free. */
  entryAt(slot: number): number {
    return (this.#slots[2 * slot + 1] as number) - 1;
  }

  /** Slot of a key; `noSlot` if it has none. */
  find(keyText: string, hash: number): number {
    for (let slot = hash & this.#mask, probes = 0; probes < this.#maxProbes; slot = this.#after(slot), probes++) {
      const entry = this.entryAt(slot);
      if (entry === noEntry) return noSlot;
      if (this.#slots[2 * slot] === hash && this.#keys.hasKey(entry, keyText)) return slot;
    }
    return noSlot;
  }

  /** Slot of an entry, which there must be. */
  findEntry(entry: number, hash: number): number {
    let slot = hash & this.#mask;
    while (this.entryAt(slot) !== entry) slot = this.#after(slot);
    return slot;
  }

  /** Takes in an entry with a key that is not there. False if there is no place for it where it would be found. */
  add(entry: number, hash: number): boolean {
    for (let slot = hash & this.#mask, probes = 0; probes < this.#maxProbes; slot = this.#after(slot), probes++) {
      if (this.entryAt(slot) !== noEntry) continue;
      this.#slots[2 * slot] = hash;
      this.replace(slot, entry);
      this.#size++;
      return true;
    }
    return false;
  }

  /** Puts another entry with the same key in the place of one. */
  replace(slot: number, entry: number): void {
    this.#slots[2 * slot + 1] = entry + 1;
  }

  /** Frees a slot, and moves those behind it up that would not be found any more. */
  remove(slot: number): void {
    const slots = this.#slots;
    let gap = slot;
    for (let next = this.#after(gap); this.entryAt(next) !== noEntry; next = this.#after(next)) {
      const home = (slots[2 * next] as number) & this.#mask;
      if (((next - home) & this.#mask) < ((next - gap) & this.#mask)) continue;
      slots[2 * gap] = slots[2 * next] as number;
      slots[2 * gap + 1] = slots[2 * next + 1] as number;
      gap = next;
    }
    slots[2 * gap + 1] = 0;
    this.#size--;
  }

  #after(slot: number): number {
    return (slot + 1) & this.#mask;
  }
}
