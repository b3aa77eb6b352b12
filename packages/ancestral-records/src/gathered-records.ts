import type { HashBatch, PackedRecords } from './hasher.js';
import { SignedRecords } from './signed-records.js';

/** A record that enters a sum with a sign. */
export interface SignedRecord {
  readonly packed: PackedRecords;
  readonly index: number;
  readonly sign: 1 | -1;
}

/** The bytes of one byte string that are used, and where they go. */
interface UsedSpan {
  start: number;
  end: number;
  base: number;
}

/** Gathers records from several byte strings into one batch. Bytes are copied by the span, not by the record. */
export class GatheredRecords {
  readonly #spans = new Map<PackedRecords, UsedSpan>();
  readonly #records: SignedRecord[] = [];
  readonly #groups: number[] = [];
  #last: { readonly packed: PackedRecords; readonly span: UsedSpan } | undefined;

  get count(): number {
    return this.#records.length;
  }

  add(record: SignedRecord, group: number): void {
    const { packed, index } = record;
    const span = this.#last?.packed === packed ? this.#last.span : this.#spanOf(packed);
    const { offsets } = packed;
    span.start = Math.min(span.start, offsets[4 * index] as number, offsets[4 * index + 2] as number);
    span.end = Math.max(span.end, offsets[4 * index + 1] as number, offsets[4 * index + 3] as number);
    this.#records.push(record);
    this.#groups.push(group);
  }

  finish(groupCount: number): HashBatch {
    let size = 0;
    for (const span of this.#spans.values()) {
      span.base = size - span.start;
      size += span.end - span.start;
    }
    const bytes = new Uint8Array(size);
    for (const [packed, { start, end, base }] of this.#spans)
      bytes.set(packed.bytes.subarray(start, end), start + base);
    const gathered = new SignedRecords(this.#records.length);
    for (const [i, { packed, index, sign }] of this.#records.entries()) {
      const { base } = this.#last?.packed === packed ? this.#last.span : this.#spanOf(packed);
      const { offsets } = packed;
      const at = 4 * index;
      const key = { start: base + (offsets[at] as number), end: base + (offsets[at + 1] as number) };
      const value = { start: base + (offsets[at + 2] as number), end: base + (offsets[at + 3] as number) };
      gathered.add(key, value, { sign, group: this.#groups[i] as number });
    }
    return gathered.batch(bytes, groupCount);
  }

  #spanOf(packed: PackedRecords): UsedSpan {
    let span = this.#spans.get(packed);
    if (span === undefined) {
      span = { start: packed.bytes.length, end: 0, base: 0 };
      this.#spans.set(packed, span);
    }
    this.#last = { packed, span };
    return span;
  }
}
