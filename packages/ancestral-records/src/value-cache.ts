import { LRUCache } from 'lru-cache';

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

/**
 * Least-recently-used state values and known absences, bounded in bytes. It keeps copies only, as strings with one character per
 * byte: a small byte array costs several times its bytes and the time to write them.
 */
export class ValueCache {
  readonly #entries: LRUCache<string, CachedText> | undefined;

  constructor(maxBytes: number) {
    this.#entries =
      maxBytes > 0
        ? new LRUCache<string, CachedText>({
            maxSize: maxBytes,
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
    if (this.#entries !== undefined) this.remember(keyText, value && textOf(value), recordedIn);
  }

  /** What is known of a key, as it is kept. */
  lookUp(keyText: string): CachedText | undefined {
    return this.#entries?.get(keyText);
  }

  remember(keyText: string, valueText: string | undefined, recordedIn: number): void {
    this.#entries?.set(keyText, { valueText, recordedIn });
  }

  clear(): void {
    this.#entries?.clear();
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
