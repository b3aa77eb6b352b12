import { LRUCache } from 'lru-cache';
import { KeyFilter } from './key-filter.js';

/** What is known of one key: its value, or its absence, and the epoch that surely has its ancestral record. */
export interface CachedRecord {
  readonly value: Uint8Array | undefined;
  /** An epoch in which the key's ancestral record is known to exist; -1 if none is known. */
  readonly recordedIn: number;
}

/** A {@link CachedRecord} as it is kept: the value is a string with one character per byte. */
export interface CachedText {
  readonly valueText: string | undefined;
  readonly recordedIn: number;
}

/** Rough cost of an entry besides its bytes. */
const entryOverheadBytes = 160;

/** The filter takes a sixteenth of the bound, if that is enough to be worth it, and at most this. */
const maxFilterBytes = 1024 * 1024;
const minFilterBytes = 1024;

/**
 * Least-recently-used state values and known absences, bounded in bytes. It keeps copies only, as strings with one character per
 * byte: a small byte array costs several times its bytes and the time to write them.
 *
 * Beside them it has a filter of the keys that were changed in the present epoch, from its first block on: for most keys that a
 * block changes for the first time, that spares a look into the database for an ancestral record.
 */
export class ValueCache {
  readonly #entries: LRUCache<string, CachedText> | undefined;
  readonly #changed: KeyFilter | undefined;
  /** The epoch of which the filter has every changed key; -1 if of none. */
  #filteredEpoch = -1;

  constructor(maxBytes: number) {
    const share = 2 ** Math.floor(Math.log2(Math.max(1, maxBytes / 16)));
    const filterBytes = share < minFilterBytes ? 0 : Math.min(share, maxFilterBytes);
    this.#changed = filterBytes > 0 ? new KeyFilter(filterBytes) : undefined;
    this.#entries =
      maxBytes > 0
        ? new LRUCache<string, CachedText>({
            maxSize: maxBytes - filterBytes,
            sizeCalculation: ({ valueText }, key) => entryOverheadBytes + key.length + (valueText?.length ?? 0),
          })
        : undefined;
  }

  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  /** What is known of a key, with a copy of its value. */
  get(keyText: string): CachedRecord | undefined {
    const known = this.lookUp(keyText);
    if (known === undefined) return undefined;
    const { valueText, recordedIn } = known;
    return { value: valueText === undefined ? undefined : bytesOf(valueText), recordedIn };
  }

  set(keyText: string, { value, recordedIn }: CachedRecord): void {
    this.#entries?.set(keyText, { valueText: value && textOf(value), recordedIn });
  }

  /** What is known of a key, as it is kept. */
  lookUp(keyText: string): CachedText | undefined {
    return this.#entries?.get(keyText);
  }

  /**
   * Takes note that a block of an epoch changed a key to a value, and thus of the key's ancestral record. A key that is surely
   * changed for the first time in the epoch is not taken in, only brought up to date: most such keys are not changed again
   * soon, and would push out those that are. `valueText` is only called if the value is kept.
   */
  remember(
    keyText: string,
    change: { readonly recordedIn: number; readonly isFirst: boolean; readonly valueText: () => string | undefined },
  ): void {
    const { recordedIn, isFirst, valueText } = change;
    if (this.#entries !== undefined && (!isFirst || this.#entries.has(keyText))) {
      this.#entries.set(keyText, { valueText: valueText(), recordedIn });
    }
    if (recordedIn === this.#filteredEpoch) this.#changed?.add(keyText);
  }

  /** To be called when the first block of an epoch was written, before its changes are remembered. */
  beginEpoch(epoch: number): void {
    this.#changed?.clear();
    this.#filteredEpoch = epoch;
  }

  /** True if the key surely has no ancestral record in an epoch. */
  isUnrecorded(keyText: string, epoch: number): boolean {
    return this.#changed !== undefined && epoch === this.#filteredEpoch && !this.#changed.mayHave(keyText);
  }

  clear(): void {
    this.#entries?.clear();
    this.#filteredEpoch = -1;
  }
}

/** A string with one character per byte: a map key for byte strings. */
export function keyText(key: Uint8Array): string {
  return textOf(key);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
