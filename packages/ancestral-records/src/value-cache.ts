import { KeyFilter } from './key-filter.js';
import { KeyHash } from './key-hash.js';
import { noEntry } from './key-index.js';
import { type CachedRecord, PackedCache } from './packed-cache.js';

/** The filter takes a sixteenth of the bound, if that is enough to be worth it, and at most this. */
const maxFilterBytes = 4 * 1024 * 1024;
const minFilterBytes = 1024;

/** A block while it is being written, as the cache sees it. */
export interface BlockUnderWay {
  /** What a key was before the block; undefined if the block does not speak of it. */
  before(keyText: string): CachedRecord | undefined;
  /** Calls `remember` of the cache for each key that it changes. */
  remember(): void;
}

/**
 * State values and known absences that were read or changed not long ago, bounded in bytes, as copies.
 *
 * Beside them it has a filter of the keys that were changed in the present epoch, from its first block on: for most keys that a
 * block changes for the first time, that spares a look into the database for an ancestral record.
 */
export class ValueCache {
  readonly #hash = new KeyHash();
  readonly #records: PackedCache;
  readonly #changed: KeyFilter | undefined;
  readonly #filterBytes: number;
  /** The epoch of which the filter has every changed key; -1 if of none. */
  #filteredEpoch = -1;
  #underWay: BlockUnderWay | undefined;

  constructor(maxBytes: number) {
    const share = 2 ** Math.floor(Math.log2(Math.max(1, maxBytes / 16)));
    this.#filterBytes = share < minFilterBytes ? 0 : Math.min(share, maxFilterBytes);
    this.#changed = this.#filterBytes > 0 ? new KeyFilter(this.#filterBytes) : undefined;
    this.#records = new PackedCache(maxBytes - this.#filterBytes, this.#hash);
  }

  /** Bytes it has taken. */
  get bytes(): number {
    return this.#filterBytes + this.#records.bytes;
  }

  /** Hash of a key, by which it is found. */
  hashOf(keyText: string): number {
    return this.#hash.of(keyText);
  }

  /** What is known of a key at the height of the store; the value is borrowed until something is taken in. */
  lookUp(keyText: string, hash: number): CachedRecord | undefined {
    const before = this.#underWay?.before(keyText);
    if (before !== undefined) return before;
    const entry = this.#records.find(keyText, hash);
    if (entry === noEntry) return undefined;
    return { value: this.#records.value(entry), recordedIn: this.#records.recordedIn(entry) };
  }

  /** Takes in a copy of what was read, of a key of which nothing is known. */
  set(keyText: string, hash: number, record: CachedRecord): void {
    if (!succeeds(() => this.#records.set(keyText, hash, record))) this.clear();
  }

  /**
   * Takes note of what a block makes of its keys, while it is written: until `endBlock`, they are looked up as they were before it. If
   * there is no memory for it, nothing else is known any more.
   */
  beginBlock(block: BlockUnderWay): void {
    this.#underWay = block;
    if (!succeeds(() => block.remember())) this.clear();
  }

  /** To be called in one step with what makes the height of the store that of the block. */
  endBlock(): void {
    this.#underWay = undefined;
  }

  /** Takes note that a block of an epoch changed a key to a value, and thus of the key's ancestral record. */
  remember(keyText: string, hash: number, record: CachedRecord): void {
    this.#records.set(keyText, hash, record);
    if (record.recordedIn === this.#filteredEpoch) this.#changed?.add(hash);
  }

  /** To be called before the changes of the first block of an epoch are remembered. */
  beginEpoch(epoch: number): void {
    this.#changed?.clear();
    this.#filteredEpoch = epoch;
  }

  /** True if the key with this hash surely has no ancestral record in an epoch. */
  isUnrecorded(hash: number, epoch: number): boolean {
    return this.#changed !== undefined && epoch === this.#filteredEpoch && !this.#changed.mayHave(hash);
  }

  clear(): void {
    this.#records.clear();
    this.#filteredEpoch = -1;
  }
}

/** False if something failed, such as an allocation: what is only remembered must not decide what becomes of a read or a block. */
function succeeds(remember: () => void): boolean {
  try {
    remember();
    return true;
  } catch {
    return false;
  }
}

/** A string with one character per byte: a map key for byte strings. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
