import type { PackedRecords } from './hasher.js';

/** Records of packed records; their offsets are checked first. @throws TypeError if they do not fit the bytes */
export function recordCount(packed: PackedRecords): number {
  const { bytes, offsets } = packed;
  if (offsets.length % 4 !== 0) throw new TypeError('packed records need four offsets per record');
  for (let i = 0; i < offsets.length; i += 2) {
    const start = offsets[i] as number;
    const end = offsets[i + 1] as number;
    if (start > end || end > bytes.length) throw new TypeError('an offset of packed records is out of range');
  }
  return offsets.length / 4;
}

/** The key of a record, as a view. */
export function keyAt({ bytes, offsets }: PackedRecords, index: number): Uint8Array {
  return bytes.subarray(offsets[4 * index], offsets[4 * index + 1]);
}

/** The value of a record, as a view. */
export function valueAt({ bytes, offsets }: PackedRecords, index: number): Uint8Array {
  return bytes.subarray(offsets[4 * index + 2], offsets[4 * index + 3]);
}

/** Packs records as they come; memory grows with what was appended. */
export class RecordPacker {
  #bytes = new Uint8Array(4096);
  #offsets = new Uint32Array(256);
  #length = 0;
  #count = 0;

  /** Bytes appended so far. */
  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  /** Appends a record whose key and value begin at the given offsets of their arrays. */
  append(key: Uint8Array, keyOffset: number, value: Uint8Array, valueOffset: number): void {
    const keyStart = this.#copy(key, keyOffset);
    const valueStart = this.#copy(value, valueOffset);
    this.reference(keyStart, valueStart, valueStart, this.#length);
  }

  /** Copies bytes without making them a record; returns where they begin. */
  #copy(bytes: Uint8Array, offset: number): number {
    const size = bytes.length - offset;
    const start = this.#length;
    if (start + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(start + size, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    if (size > 64) this.#bytes.set(offset === 0 ? bytes : bytes.subarray(offset), start);
    else for (let i = 0; i < size; i++) this.#bytes[start + i] = bytes[offset + i] as number;
    this.#length += size;
    return start;
  }

  /** Appends bytes for later {@link reference}s. */
  bytes(bytes: Uint8Array): number {
    return this.#copy(bytes, 0);
  }

  /** Adds a record made of bytes that were appended before. */
  reference(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const at = 4 * this.#count++;
    if (at === this.#offsets.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[at] = keyStart;
    this.#offsets[at + 1] = keyEnd;
    this.#offsets[at + 2] = valueStart;
    this.#offsets[at + 3] = valueEnd;
  }

  /** The records, in arrays of exactly their size. */
  finish(): PackedRecords {
    return { bytes: this.#bytes.slice(0, this.#length), offsets: this.#offsets.slice(0, 4 * this.#count) };
  }
}
