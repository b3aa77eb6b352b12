import { equalBytes, toHex } from '@hs/bytes';
import type { AbstractSnapshot } from 'abstract-level';
import { copyBytes } from '../copy-bytes.js';
import type { DatabaseIterator } from '../database.js';
import type { Disk } from '../disk.js';
import { ancestralKeyOffset, type DatabaseInterval, recordKeyOffset } from '../layout.js';
import { compareHeads } from '../merge.js';
import { keyText } from '../value-cache.js';

const groupEntries = 1024;
const readAheadBytes = 256 * 1024;

/** The database gave keys that do not ascend, so nothing it gives in this interval can be relied on. */
export class OutOfOrder extends Error {
  override readonly name = 'OutOfOrder';
}

/**
 * State records or the ancestral records of one epoch, read in groups and mistrusted: keys must ascend and lie in the
 * interval, and, if asked for, each entry must be the same when it is looked up by its key.
 */
export class StateSource {
  readonly keyOffset: number;
  readonly isAncestral: boolean;
  /** Record keys, by their text, whose entry is another one, or missing, when looked up. */
  readonly failedLookups: Map<string, Uint8Array> = new Map();
  readonly #disk: Disk;
  readonly #snapshot: AbstractSnapshot;
  readonly #hasLookups: boolean;
  readonly #interval: DatabaseInterval;
  readonly #iterator: DatabaseIterator;
  #entries: readonly [Uint8Array, Uint8Array][] = [];
  #at = 0;
  #last: Uint8Array | undefined;
  #isDone = false;

  constructor(
    disk: Disk,
    interval: DatabaseInterval,
    options: { readonly snapshot: AbstractSnapshot; readonly isAncestral: boolean; readonly hasLookups: boolean },
  ) {
    this.keyOffset = options.isAncestral ? ancestralKeyOffset : recordKeyOffset;
    this.isAncestral = options.isAncestral;
    this.#disk = disk;
    this.#interval = interval;
    this.#snapshot = options.snapshot;
    this.#hasLookups = options.hasLookups;
    this.#iterator = disk.iterator(interval, { snapshot: options.snapshot, highWaterMarkBytes: readAheadBytes });
  }

  /** The next entry, if it is in memory. */
  get head(): readonly [Uint8Array, Uint8Array] | undefined {
    return this.#entries[this.#at];
  }

  get needsFill(): boolean {
    return this.#at === this.#entries.length && !this.#isDone;
  }

  advance(): void {
    this.#at++;
  }

  /** @throws OutOfOrder, or what the database throws */
  async fill(): Promise<void> {
    this.#entries = await this.#iterator.nextv(groupEntries);
    this.#at = 0;
    this.#isDone = this.#entries.length === 0;
    let last = this.#last ?? this.#interval.gte;
    let least = this.#last === undefined ? 0 : 1;
    for (const [key] of this.#entries) {
      if (compareHeads(key, 0, last, 0) < least) throw new OutOfOrder(`key ${toHex(key)} is not after ${toHex(last)}`);
      last = key;
      least = 1;
    }
    this.#last = last;
    if (!this.#isDone && compareHeads(last, 0, this.#interval.lt, 0) >= 0) {
      throw new OutOfOrder(`key ${toHex(last)} is not before ${toHex(this.#interval.lt)}`);
    }
    if (this.#hasLookups) await this.#lookUp();
  }

  close(): Promise<void> {
    return this.#iterator.close();
  }

  async #lookUp(): Promise<void> {
    const values = await this.#disk.getMany(
      this.#entries.map(([key]) => key),
      this.#snapshot,
    );
    for (const [i, [key, value]] of this.#entries.entries()) {
      const found = values[i];
      if (found !== undefined && equalBytes(found, value)) continue;
      const recordKey = copyBytes(key.subarray(this.keyOffset));
      this.failedLookups.set(keyText(recordKey), recordKey);
    }
  }
}

/** The source whose head has the lowest key, the first one among equals. */
export function lowestSource(sources: readonly StateSource[]): StateSource | undefined {
  let best: StateSource | undefined;
  let bestKey: Uint8Array | undefined;
  for (const source of sources) {
    const key = source.head?.[0];
    if (key === undefined) continue;
    if (
      best === undefined ||
      bestKey === undefined ||
      compareHeads(key, source.keyOffset, bestKey, best.keyOffset) < 0
    ) {
      best = source;
      bestKey = key;
    }
  }
  return best;
}
