import type { KeyHash } from './key-hash.js';
import { type EntryKeys, KeyIndex, noEntry, noSlot } from './key-index.js';

/** What is known of one key. */
export interface CachedRecord {
  /** Undefined if it is known that there is no record. */
  readonly value: Uint8Array | undefined;
  /** An epoch in which the key's ancestral record is known to exist; -1 if none is known. */
  readonly recordedIn: number;
}

/*
 * An entry is four words, then the key, then the value, then nothing up to the next word: length of the key with flags; length of
 * the value; and the epoch in two halves. Its number is where it begins, in words.
 */
const headBytes = 16;
const keyWord = 0;
const valueWord = 1;
const epochLowWord = 2;
const epochHighWord = 3;

const usedFlag = 0x4000_0000;
const deadFlag = 0x2000_0000;
const lengthMask = 0x1fff_ffff;
/** In place of a length, for a known absence. */
const absent = -1;
const two32 = 2 ** 32;

/** Where an entry begins must be the number of an entry of the index. */
const maxTotalBytes = 2 ** 33;
const maxSegmentBytes = 1 << 20;
const smallSegmentBytes = 16 * 1024;
const wantedSegments = 32;

/** Bytes of the bound for which there is a place in the index, and how full it may be. */
const bytesPerSlot = 128;
const maxLoad = 0.8;

interface Segment {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Bytes with entries. */
  length: number;
}

/**
 * Records in a ring of segments, bounded in bytes: a fifth of its bytes is overhead for records of 150 bytes, and it is a handful
 * of objects whatever it holds, so that the garbage collector does not walk over it. Segments are taken as they are needed.
 *
 * When all are full the oldest one is emptied. Those of its entries that were looked up since they came stay at its beginning, up
 * to half a segment of them; so what is used stays, though many others come that are not used again.
 *
 * A number that `find` gives names an entry until the next `set` or `clear`.
 */
export class PackedCache implements EntryKeys {
  readonly #hash: KeyHash;
  readonly #segmentBytes: number;
  readonly #maxSegments: number;
  readonly #slotCount: number;
  readonly #segments: Segment[] = [];
  #index: KeyIndex | undefined;
  /** Segment that entries are appended to. */
  #current = -1;

  /** Of more than 8 GiB it uses 8 GiB. */
  constructor(maxBytes: number, hash: KeyHash) {
    this.#hash = hash;
    const bytes = Math.min(maxBytes, maxTotalBytes);
    this.#slotCount = 2 ** Math.max(3, Math.round(Math.log2(Math.max(1, bytes / bytesPerSlot))));
    const arenaBytes = Math.max(0, bytes - KeyIndex.bytesOf(this.#slotCount));
    const least = Math.min(smallSegmentBytes, arenaBytes / 2);
    const wanted = Math.min(maxSegmentBytes, Math.max(least, arenaBytes / wantedSegments));
    this.#segmentBytes = Math.floor(wanted / 4) * 4;
    this.#maxSegments = this.#segmentBytes < 4 * headBytes ? 0 : Math.floor(arenaBytes / this.#segmentBytes);
  }

  /** Bytes it has taken. */
  get bytes(): number {
    const indexBytes = this.#index === undefined ? 0 : KeyIndex.bytesOf(this.#slotCount);
    return indexBytes + this.#segments.length * this.#segmentBytes;
  }

  /** Entry of a key, which counts as a use of it; `noEntry` if there is none. */
  find(keyText: string, hash: number): number {
    const index = this.#index;
    if (index === undefined) return noEntry;
    const slot = index.find(keyText, hash);
    if (slot === noSlot) return noEntry;
    const entry = index.entryAt(slot);
    const { words, at } = this.#locate(entry);
    words[at + keyWord] = (words[at + keyWord] as number) | usedFlag;
    return entry;
  }

  recordedIn(entry: number): number {
    const { words, at } = this.#locate(entry);
    return (words[at + epochHighWord] as number) * two32 + ((words[at + epochLowWord] as number) >>> 0);
  }

  /** The value, borrowed until the next `set`; undefined if it is known that there is none. */
  value(entry: number): Uint8Array | undefined {
    const { bytes, words, at } = this.#locate(entry);
    const length = words[at + valueWord] as number;
    if (length === absent) return undefined;
    const start = 4 * at + headBytes + ((words[at + keyWord] as number) & lengthMask);
    return bytes.subarray(start, start + length);
  }

  hasKey(entry: number, keyText: string): boolean {
    const { bytes, words, at } = this.#locate(entry);
    const length = (words[at + keyWord] as number) & lengthMask;
    if (length !== keyText.length) return false;
    const start = 4 * at + headBytes;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== keyText.charCodeAt(i)) return false;
    return true;
  }

  /** Takes in a copy, unless the record is larger than half a segment: then nothing is known of the key any more. */
  set(keyText: string, hash: number, { value, recordedIn }: CachedRecord): void {
    if (this.#maxSegments === 0) return;
    this.#index ??= new KeyIndex(this, this.#slotCount);
    const index = this.#index;
    const found = index.find(keyText, hash);
    const valueLength = value === undefined ? absent : value.length;
    if (found !== noSlot) {
      const entry = index.entryAt(found);
      const { bytes, words, at } = this.#locate(entry);
      if (words[at + valueWord] === valueLength) {
        writeEpoch(words, at, recordedIn);
        if (value !== undefined) bytes.set(value, 4 * at + headBytes + keyText.length);
        return;
      }
      this.#bury(entry);
      index.remove(found);
    }
    const size = sizeOf(keyText.length, valueLength);
    if (size > this.#segmentBytes / 2) return;
    const entry = this.#append(size, index);
    const { bytes, words, at } = this.#locate(entry);
    words[at + keyWord] = keyText.length;
    words[at + valueWord] = valueLength;
    writeEpoch(words, at, recordedIn);
    const start = 4 * at + headBytes;
    for (let i = 0; i < keyText.length; i++) bytes[start + i] = keyText.charCodeAt(i);
    if (value !== undefined) bytes.set(value, start + keyText.length);
    if (!index.add(entry, hash)) this.#bury(entry);
  }

  clear(): void {
    this.#index = undefined;
    this.#segments.length = 0;
    this.#current = -1;
  }

  #locate(entry: number): { readonly bytes: Uint8Array; readonly words: Int32Array; readonly at: number } {
    const segmentWords = this.#segmentBytes / 4;
    const number = Math.floor(entry / segmentWords);
    const { bytes, words } = this.#segments[number] as Segment;
    return { bytes, words, at: entry - number * segmentWords };
  }

  #bury(entry: number): void {
    const { words, at } = this.#locate(entry);
    words[at + keyWord] = (words[at + keyWord] as number) | deadFlag;
  }

  /** Room for an entry: where it begins. */
  #append(size: number, index: KeyIndex): number {
    let segment = this.#segments[this.#current];
    // A segment that was emptied has room. It may take several to make the index less crowded: marks of use go with the first
    // lap, so that the second one frees all.
    while (segment === undefined || segment.length + size > this.#segmentBytes || this.#isCrowded(index)) {
      segment = this.#nextSegment(index);
    }
    const at = segment.length;
    segment.length += size;
    return (this.#current * this.#segmentBytes + at) / 4;
  }

  #isCrowded(index: KeyIndex): boolean {
    return index.size >= maxLoad * this.#slotCount;
  }

  /** Begins a segment: a new one, or the oldest, emptied but for what was used. */
  #nextSegment(index: KeyIndex): Segment {
    if (this.#segments.length < this.#maxSegments && !this.#isCrowded(index)) {
      const buffer = new ArrayBuffer(this.#segmentBytes);
      const segment = { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), length: 0 };
      this.#current = this.#segments.push(segment) - 1;
      return segment;
    }
    this.#current = (this.#current + 1) % this.#segments.length;
    const segment = this.#segments[this.#current] as Segment;
    this.#compact(segment, index);
    return segment;
  }

  /** Leaves in a segment what was used, up to a half of it, at its beginning. */
  #compact(segment: Segment, index: KeyIndex): void {
    const { bytes, words, length } = segment;
    const base = (this.#current * this.#segmentBytes) / 4;
    let kept = 0;
    for (let start = 0; start < length; ) {
      const at = start / 4;
      const flags = words[at + keyWord] as number;
      const keyLength = flags & lengthMask;
      const size = sizeOf(keyLength, words[at + valueWord] as number);
      if ((flags & deadFlag) === 0) {
        const keyStart = start + headBytes;
        const slot = index.findEntry(base + at, this.#hash.ofBytes(bytes, keyStart, keyStart + keyLength));
        if ((flags & usedFlag) !== 0 && kept + size <= this.#segmentBytes / 2) {
          words[at + keyWord] = keyLength;
          if (kept < start) words.copyWithin(kept / 4, at, at + size / 4);
          index.replace(slot, base + kept / 4);
          kept += size;
        } else {
          index.remove(slot);
        }
      }
      start += size;
    }
    segment.length = kept;
  }
}

function sizeOf(keyLength: number, valueLength: number): number {
  return headBytes + 4 * Math.ceil((keyLength + Math.max(0, valueLength)) / 4);
}

function writeEpoch(words: Int32Array, at: number, epoch: number): void {
  words[at + epochLowWord] = epoch;
  words[at + epochHighWord] = Math.floor(epoch / two32);
}
