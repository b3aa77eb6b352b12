import type { HashBatch, PackedRecords } from './hasher.js';

/** A record that enters a sum with a sign. */
export interface SignedRecord {
  readonly packed: PackedRecords;
  readonly index: number;
  readonly sign: 1 | -1;
}

/** The bytes of one byte string that are used, and where they go. */
interface Span {
  start: number;
  end: number;
  base: number;
}

/** Gathers records from several byte strings into one batch. Bytes are copied by the span, not by the record. */
export class SignedBatch {
  readonly #spans = new Map<PackedRecords, Span>();
  readonly #records: SignedRecord[] = [];
  readonly #groups: number[] = [];
  #last: { readonly packed: PackedRecords; readonly span: Span } | undefined;

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
    const offsets = new Uint32Array(4 * this.#records.length);
    const signs = new Int8Array(this.#records.length);
    for (let i = 0; i < this.#records.length; i++) {
      const { packed, index, sign } = this.#records[i] as SignedRecord;
      const { base } = this.#last?.packed === packed ? this.#last.span : this.#spanOf(packed);
      for (let part = 0; part < 4; part++) {
        offsets[4 * i + part] = (packed.offsets[4 * index + part] as number) + base;
      }
      signs[i] = sign;
    }
    return { bytes, offsets, signs, groups: Uint32Array.from(this.#groups), groupCount };
  }

  #spanOf(packed: PackedRecords): Span {
    let span = this.#spans.get(packed);
    if (span === undefined) {
      span = { start: packed.bytes.length, end: 0, base: 0 };
      this.#spans.set(packed, span);
    }
    this.#last = { packed, span };
    return span;
  }
}
