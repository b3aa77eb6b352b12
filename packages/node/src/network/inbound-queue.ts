import type { Frame } from '@hs/wire';

/**
 * The messages of one peer that wait to be handled, still as bytes.
 *
 * Past its bounds it is full, and nothing more should be read. When reading has to go on nevertheless, it takes four times
 * as much before it refuses.
 */
export class InboundQueue {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  readonly #frames: Frame[] = [];
  #bytes = 0;

  constructor(options: { readonly maxBytes: number; readonly maxFrames: number }) {
    this.#maxBytes = options.maxBytes;
    this.#maxFrames = options.maxFrames;
  }

  get isFull(): boolean {
    return this.#frames.length >= this.#maxFrames || this.#bytes >= this.#maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False if there is no room even for what must be read. */
  push(frame: Frame): boolean {
    if (this.#frames.length >= hardFactor * this.#maxFrames || this.#bytes >= hardFactor * this.#maxBytes) return false;
    this.#frames.push(frame);
    this.#bytes += frame.payload.length;
    return true;
  }

  shift(): Frame | undefined {
    const frame = this.#frames.shift();
    if (frame !== undefined) this.#bytes -= frame.payload.length;
    return frame;
  }

  clear(): void {
    this.#frames.length = 0;
    this.#bytes = 0;
  }
}

const hardFactor = 4;
