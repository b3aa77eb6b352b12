import type { Chunk } from './chunk.js';
import type { DatabaseEntry } from './merge.js';
import { RecordPacker } from './packed-records.js';

/** When a chunk is complete; defaults are in `chunk.ts`. */
export interface ChunkLimits {
  readonly maxBytes: number;
  readonly maxScanBytes: number;
  readonly maxScanMs: number;
}

/** A chunk that is being filled. It takes at least one key, and then as many as its limits allow. */
export class ChunkDraft {
  readonly #limits: ChunkLimits;
  readonly #packer: RecordPacker;
  readonly #startedMs = performance.now();
  #scannedBytes = 0;
  #keys = 0;
  #isLate = false;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
    // Lengths come on top.
    this.#packer = new RecordPacker({ expectedBytes: Math.ceil(limits.maxBytes * 1.03) });
  }

  /** Database bytes looked at so far. */
  get scannedBytes(): number {
    return this.#scannedBytes;
  }

  /** Takes the next entry of a source. False, and nothing is taken, if the chunk is complete. */
  take(source: { readonly keyOffset: number; readonly isAncestral: boolean }, [key, value]: DatabaseEntry): boolean {
    const { maxBytes, maxScanBytes, maxScanMs } = this.#limits;
    const packer = this.#packer;
    const { keyOffset, isAncestral } = source;
    const isRecord = !isAncestral || value[0] === 1;
    const valueOffset = isAncestral ? 1 : 0;
    const size = key.length - keyOffset + value.length - valueOffset;
    if (isRecord && packer.count > 0 && packer.recordBytes + size > maxBytes) return false;
    if (this.#keys % 32 === 1) this.#isLate = performance.now() - this.#startedMs >= maxScanMs;
    if (this.#keys > 0 && (this.#isLate || this.#scannedBytes >= maxScanBytes)) return false;
    if (isRecord) packer.append(key, keyOffset, value, valueOffset);
    this.#scannedBytes += key.length + value.length;
    this.#keys++;
    return true;
  }

  /** Counts an entry that is hidden by the one just taken. */
  skip([key, value]: DatabaseEntry): void {
    this.#scannedBytes += key.length + value.length;
  }

  finish(nextKey: Uint8Array | undefined): Chunk {
    return { records: this.#packer.finish(), nextKey, recordBytes: this.#packer.recordBytes };
  }
}
