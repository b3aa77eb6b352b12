import { uvarintLength, writeUvarint } from '@hs/bytes';
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

/** Orders a piece of `a` and a piece of `b` like whole byte strings: negative, zero or positive. Makes no views. */
export function comparePieces(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

/** Key and value bytes of a record. */
export function recordBytes({ offsets }: PackedRecords, index: number): number {
  const at = 4 * index;
  const keyBytes = (offsets[at + 1] as number) - (offsets[at] as number);
  return keyBytes + (offsets[at + 3] as number) - (offsets[at + 2] as number);
}

/** Packs records as they come; memory grows with what was appended. */
export class RecordPacker {
  readonly #expectedBytes: number;
  #bytes: Uint8Array;
  #offsets = new Uint32Array(256);
  #length = 0;
  #count = 0;
  #recordBytes = 0;

  /** `expectedBytes` is what will often be appended in all: memory then grows in fewer, larger steps up to there. */
  constructor(options: { readonly expectedBytes?: number } = {}) {
    this.#expectedBytes = options.expectedBytes ?? 0;
    this.#bytes = new Uint8Array(4096);
  }

  /** Key and value bytes of the records so far. */
  get recordBytes(): number {
    return this.#recordBytes;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Appends a record whose key and value begin at the given offsets of their arrays. Each lies after its length as unsigned LEB128, as
   * records do in messages, so that they can be sent as they are.
   */
  append(key: Uint8Array, keyOffset: number, value: Uint8Array, valueOffset: number): void {
    const keyStart = this.#copyWithLength(key, keyOffset);
    const keyEnd = this.#length;
    const valueStart = this.#copyWithLength(value, valueOffset);
    this.reference(keyStart, keyEnd, valueStart, this.#length);
  }

  /** Appends bytes for later {@link reference}s; returns where they begin. */
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
    const offsets = this.#offsets;
    offsets[at] = keyStart;
    offsets[at + 1] = keyEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
    this.#recordBytes += keyEnd - keyStart + valueEnd - valueStart;
  }

  /** The records. Their bytes are the packer's own if these are nearly full, else a copy, so that little memory is wasted. */
  finish(): PackedRecords {
    const isNearlyFull = 8 * this.#length >= 7 * this.#bytes.length;
    return {
      bytes: isNearlyFull ? this.#bytes.subarray(0, this.#length) : this.#bytes.slice(0, this.#length),
      offsets: this.#offsets.slice(0, 4 * this.#count),
    };
  }

  #copyWithLength(bytes: Uint8Array, offset: number): number {
    const count = bytes.length - offset;
    const start = this.#length + uvarintLength(count);
    if (start + count > this.#bytes.length) this.#grow(start + count);
    if (count < 0x80) this.#bytes[this.#length] = count;
    else writeUvarint(this.#bytes, this.#length, count);
    this.#length = start;
    return this.#copy(bytes, offset);
  }

  #copy(bytes: Uint8Array, offset: number): number {
    const start = this.#length;
    const end = start + bytes.length - offset;
    if (end > this.#bytes.length) this.#grow(end);
    const own = this.#bytes;
    if (offset === 0) own.set(bytes, start);
    else if (bytes.length < 64)
      for (let i = offset; i < bytes.length; i++) own[start + i - offset] = bytes[i] as number;
    else own.set(bytes.subarray(offset), start);
    this.#length = end;
    return start;
  }

  #grow(needed: number): void {
    const doubled = 2 * this.#bytes.length;
    const wanted = doubled < this.#expectedBytes ? Math.min(2 * doubled, this.#expectedBytes) : doubled;
    const grown = new Uint8Array(Math.max(needed, wanted));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
