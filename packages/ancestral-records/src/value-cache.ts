import { LRUCache } from 'lru-cache';

/** What is known of one key: its value, or its absence, and the epoch that surely has its ancestral record. */
export interface CachedRecord {
  readonly value: Uint8Array | undefined;
  /** An epoch in which the key's ancestral record is known to exist; -1 if none is known. */
  readonly recordedIn: number;
}

/** Rough cost of an entry besides its bytes. */
const entryOverheadBytes = 160;

/** Least-recently-used state values and known absences, bounded in bytes. Owns the bytes it is given. */
export class ValueCache {
  readonly #entries: LRUCache<string, CachedRecord> | undefined;

  constructor(maxBytes: number) {
    this.#entries =
      maxBytes > 0
        ? new LRUCache<string, CachedRecord>({
            maxSize: maxBytes,
            sizeCalculation: ({ value }, key) => entryOverheadBytes + key.length + (value?.length ?? 0),
          })
        : undefined;
  }

  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  get(keyText: string): CachedRecord | undefined {
    return this.#entries?.get(keyText);
  }

  set(keyText: string, record: CachedRecord): void {
    this.#entries?.set(keyText, record);
  }

  clear(): void {
    this.#entries?.clear();
  }
}

/** A string with one character per byte: a map key for byte strings. */
export function keyText(key: Uint8Array): string {
  if (key.length <= 4096) return String.fromCharCode(...key);
  let text = '';
  for (let at = 0; at < key.length; at += 4096) text += String.fromCharCode(...key.subarray(at, at + 4096));
  return text;
}
