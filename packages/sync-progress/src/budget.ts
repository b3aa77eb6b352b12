/** Records of one answer as they lie in memory; they stay there until the last attempt that has a part of them is over. */
export class HeldChunk {
  readonly bytes: number;
  users = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/**
 * The bytes that may be under way or in memory. A request reserves all that its ranges lack before it is sent, so that
 * half-received ranges never wait for each other; what has arrived stays counted, chunk by chunk, until it is committed or
 * thrown away.
 */
export class Budget {
  limitBytes = 0;
  #reservedBytes = 0;
  #heldBytes = 0;

  /** For answers to come and for chunks in memory. */
  get usedBytes(): number {
    return this.#reservedBytes + this.#heldBytes;
  }

  /** For chunks in memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.usedBytes + bytes <= this.limitBytes;
  }

  reserve(bytes: number): void {
    this.#reservedBytes += bytes;
  }

  release(bytes: number): void {
    this.#reservedBytes -= bytes;
  }

  /** An attempt has a part of the chunk. */
  keep(chunk: HeldChunk): void {
    if (chunk.users === 0) this.#heldBytes += chunk.bytes;
    chunk.users++;
  }

  /** An attempt with a part of the chunk is over. */
  letGo(chunk: HeldChunk): void {
    chunk.users--;
    if (chunk.users === 0) this.#heldBytes -= chunk.bytes;
  }
}
