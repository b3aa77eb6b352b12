/** Where nothing was found. */
export const noEntry = -1;

/** What is known of one key. */
export interface CachedRecord {
  /** Undefined if it is known that there is no record. */
  readonly value: Uint8Array | undefined;
  /** An epoch in which the key's ancestral record is known to exist; -1 if none is known. */
  readonly recordedIn: number;
}

/*
 * An entry is four words, then the key, then the value, then nothing up to the next word: length of the key with flags; length of
 * the value; and the epoch in two halves.
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

const fnvPrime = 0x01000193;

const maxSegmentBytes = 1 << 20;
const smallSegmentBytes = 16 * 1024;
const wantedSegments = 32;

/** Bytes of the bound for which there is a place in the index. */
const bytesPerSlot = 128;
const slotBytes = 8;
/** An index that is fuller than this makes room, and no key lies further than this from where it belongs. */
const maxLoad = 0.8;
const maxProbes = 256;

interface Segment {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  /** Bytes with entries. */
  length: number;
}

/**
 * Records in a ring of segments, bounded in bytes: a tenth of its bytes is overhead, and it is a handful of objects whatever it
 * holds, so that the garbage collector does not walk over it. Segments are taken as they are needed.
 *
 * When all are full the oldest one is emptied. Those of its entries that were looked up since they came are moved to the front,
 * up to half a segment of them; so what is used stays, though many others come that are not used again.
 *
 * A number that `find` gives names an entry until the next `set` or `clear`.
 */
export class PackedCache {
  readonly #segmentBytes: number;
  readonly #maxSegments: number;
  readonly #slotCount: number;
  readonly #seed: number;
  readonly #segments: Segment[] = [];
  /**
   * Pairs of the hash of a key and where its entry lies, in words and counted from 1; 0 where there is none. Linear probing: there
   * is no gap between where a key belongs and where it is. Only entries whose hash is the same are looked at.
   */
  #slots: Int32Array | undefined;
  #entries = 0;
  /** Segment that entries are appended to. */
  #current = -1;

  constructor(maxBytes: number) {
    this.#slotCount = 2 ** Math.max(3, Math.round(Math.log2(Math.max(1, maxBytes / bytesPerSlot))));
    const arenaBytes = Math.max(0, maxBytes - slotBytes * this.#slotCount);
    const least = Math.min(smallSegmentBytes, arenaBytes / 2);
    const wanted = Math.min(maxSegmentBytes, Math.max(least, arenaBytes / wantedSegments));
    this.#segmentBytes = Math.floor(wanted / 4) * 4;
    this.#maxSegments = this.#segmentBytes < 2 * headBytes ? 0 : Math.floor(arenaBytes / this.#segmentBytes);
    // Keys come from strangers: they must not know which ones share a place.
    this.#seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  }

  /** Bytes it has taken. */
  get bytes(): number {
    return (this.#slots?.byteLength ?? 0) + this.#segments.length * this.#segmentBytes;
  }

  /** Entry of a key, which counts as a use of it; `noEntry` if there is none. */
  find(keyText: string): number {
    if (this.#slots === undefined) return noEntry;
    const slot = this.#slotOf(keyText, hashOf(keyText, this.#seed));
    if (slot < 0) return noEntry;
    const entry = entryAt(this.#slots, slot);
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
    return new Uint8Array(bytes.buffer, start, length);
  }

  /** Takes in a copy, unless the record is larger than a segment: then nothing is known of the key any more. */
  set(keyText: string, { value, recordedIn }: CachedRecord): void {
    if (this.#maxSegments === 0) return;
    this.#slots ??= new Int32Array(2 * this.#slotCount);
    const hash = hashOf(keyText, this.#seed);
    const found = this.#slotOf(keyText, hash);
    const valueLength = value === undefined ? absent : value.length;
    if (found >= 0) {
      const { bytes, words, at } = this.#locate(entryAt(this.#slots, found));
      if (words[at + valueWord] === valueLength) {
        writeEpoch(words, at, recordedIn);
        if (value !== undefined) bytes.set(value, 4 * at + headBytes + keyText.length);
        return;
      }
      this.#remove(found);
    }
    const size = sizeOf(keyText.length, valueLength);
    if (size > this.#segmentBytes) return;
    const entry = this.#append(size);
    const { bytes, words, at } = this.#locate(entry);
    words[at + keyWord] = keyText.length;
    words[at + valueWord] = valueLength;
    writeEpoch(words, at, recordedIn);
    const start = 4 * at + headBytes;
    for (let i = 0; i < keyText.length; i++) bytes[start + i] = keyText.charCodeAt(i);
    if (value !== undefined) bytes.set(value, start + keyText.length);
    this.#index(entry, hash);
  }

  clear(): void {
    this.#slots = undefined;
    this.#segments.length = 0;
    this.#entries = 0;
    this.#current = -1;
  }

  #locate(entry: number): { readonly bytes: Buffer; readonly words: Int32Array; readonly at: number } {
    const segmentWords = this.#segmentBytes / 4;
    const number = Math.floor(entry / segmentWords);
    const { bytes, words } = this.#segments[number] as Segment;
    return { bytes, words, at: entry - number * segmentWords };
  }

  /** Slot of a key; -1 if it has none. */
  #slotOf(keyText: string, hash: number): number {
    const slots = this.#slots as Int32Array;
    const mask = this.#slotCount - 1;
    for (let slot = hash & mask, probes = 0; probes < maxProbes; slot = (slot + 1) & mask, probes++) {
      const entry = entryAt(slots, slot);
      if (entry === noEntry) return -1;
      if (slots[2 * slot] === hash && this.#hasKey(entry, keyText)) return slot;
    }
    return -1;
  }

  #hasKey(entry: number, keyText: string): boolean {
    const { bytes, words, at } = this.#locate(entry);
    const length = (words[at + keyWord] as number) & lengthMask;
    if (length !== keyText.length) return false;
    const start = 4 * at + headBytes;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== keyText.charCodeAt(i)) return false;
    return true;
  }

  /** Gives a new entry its slot; it is forgotten if its neighbourhood is crowded. */
  #index(entry: number, hash: number): void {
    const slots = this.#slots as Int32Array;
    const mask = this.#slotCount - 1;
    for (let slot = hash & mask, probes = 0; probes < maxProbes; slot = (slot + 1) & mask, probes++) {
      if (entryAt(slots, slot) !== noEntry) continue;
      slots[2 * slot] = hash;
      slots[2 * slot + 1] = entry + 1;
      this.#entries++;
      return;
    }
    this.#bury(entry);
  }

  /** Frees a slot, and moves those behind it up that would not be found any more. */
  #remove(freed: number): void {
    const slots = this.#slots as Int32Array;
    const mask = this.#slotCount - 1;
    this.#bury(entryAt(slots, freed));
    this.#entries--;
    let gap = freed;
    for (let slot = (gap + 1) & mask; entryAt(slots, slot) !== noEntry; slot = (slot + 1) & mask) {
      const home = (slots[2 * slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[2 * gap] = slots[2 * slot] as number;
      slots[2 * gap + 1] = slots[2 * slot + 1] as number;
      gap = slot;
    }
    slots[2 * gap + 1] = 0;
  }

  #bury(entry: number): void {
    const { words, at } = this.#locate(entry);
    words[at + keyWord] = (words[at + keyWord] as number) | deadFlag;
  }

  /** Room for an entry: where it begins. */
  #append(size: number): number {
    let segment = this.#segments[this.#current];
    while (segment === undefined || segment.length + size > this.#segmentBytes || this.#isCrowded()) {
      segment = this.#nextSegment();
    }
    const at = segment.length;
    segment.length += size;
    return (this.#current * this.#segmentBytes + at) / 4;
  }

  #isCrowded(): boolean {
    return this.#entries >= maxLoad * this.#slotCount;
  }

  /** Begins a segment: a new one, or the oldest, emptied but for what was used. */
  #nextSegment(): Segment {
    const isFull = this.#segments.length === this.#maxSegments || this.#isCrowded();
    if (!isFull) {
      const buffer = new ArrayBuffer(this.#segmentBytes);
      const segment = { bytes: Buffer.from(buffer), words: new Int32Array(buffer), length: 0 };
      this.#current = this.#segments.push(segment) - 1;
      return segment;
    }
    this.#current = (this.#current + 1) % this.#segments.length;
    const segment = this.#segments[this.#current] as Segment;
    this.#compact(segment);
    return segment;
  }

  /** Leaves in a segment what was used, up to a half of it, at its beginning. */
  #compact(segment: Segment): void {
    const slots = this.#slots as Int32Array;
    const { bytes, words, length } = segment;
    const base = (this.#current * this.#segmentBytes) / 4;
    let kept = 0;
    for (let start = 0; start < length; ) {
      const at = start / 4;
      const flags = words[at + keyWord] as number;
      const size = sizeOf(flags & lengthMask, words[at + valueWord] as number);
      if ((flags & deadFlag) === 0) {
        const slot = this.#slotOfEntry(base + at, bytes, start + headBytes, flags & lengthMask);
        if ((flags & usedFlag) !== 0 && kept + size <= this.#segmentBytes / 2) {
          words[at + keyWord] = flags & lengthMask;
          if (kept < start) words.copyWithin(kept / 4, at, at + size / 4);
          slots[2 * slot + 1] = base + kept / 4 + 1;
          kept += size;
        } else {
          this.#remove(slot);
        }
      }
      start += size;
    }
    segment.length = kept;
  }

  #slotOfEntry(entry: number, bytes: Uint8Array, start: number, keyLength: number): number {
    const slots = this.#slots as Int32Array;
    const mask = this.#slotCount - 1;
    let slot = hashOfBytes(bytes, start, start + keyLength, this.#seed) & mask;
    while (entryAt(slots, slot) !== entry) slot = (slot + 1) & mask;
    return slot;
  }
}

/** Entry of a slot; `noEntry` if it is free. */
function entryAt(slots: Int32Array, slot: number): number {
  return (slots[2 * slot + 1] as number) - 1;
}

function sizeOf(keyLength: number, valueLength: number): number {
  return headBytes + 4 * Math.ceil((keyLength + Math.max(0, valueLength)) / 4);
}

function writeEpoch(words: Int32Array, at: number, epoch: number): void {
  words[at + epochLowWord] = epoch;
  words[at + epochHighWord] = Math.floor(epoch / two32);
}

/** FNV-1a from a seed, with a finish that spreads the last characters over all bits. */
function hashOf(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), fnvPrime);
  return finished(value);
}

/** The same of a key's bytes. */
function hashOfBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let value = seed;
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] as number), fnvPrime);
  return finished(value);
}

function finished(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
