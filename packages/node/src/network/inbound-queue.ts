import type { Frame } from '@hs/wire';

/**
 * The messages of one peer that wait to be handled, still as bytes.
 *
 * Past its bounds it is full, and nothing more should be read. When reading has to go on nevertheless, it takes four times
 * as much of either kind before it refuses: announcements leave the room of requests alone.
 */
export class InboundQueue {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  readonly #waiting: QueuedFrame[] = [];
  readonly #requests = { bytes: 0, frames: 0 };
  readonly #announcements = { bytes: 0, frames: 0 };

  constructor(options: { readonly maxBytes: number; readonly maxFrames: number }) {
    this.#maxBytes = options.maxBytes;
    this.#maxFrames = options.maxFrames;
  }

  get isFull(): boolean {
    const bytes = this.#requests.bytes + this.#announcements.bytes;
    return this.#waiting.length >= this.#maxFrames || bytes >= this.#maxBytes;
  }

  /** False if there is no room even for what must be read. */
  push(frame: Frame, options: { readonly isRequest: boolean }): boolean {
    const held = this.#heldBy(options.isRequest);
    if (held.frames >= hardFactor * this.#maxFrames || held.bytes >= hardFactor * this.#maxBytes) return false;
    held.frames++;
    held.bytes += frame.payload.length;
    this.#waiting.push({ frame, isRequest: options.isRequest });
    return true;
  }

  shift(): QueuedFrame | undefined {
    const next = this.#waiting.shift();
    if (next === undefined) return undefined;
    const held = this.#heldBy(next.isRequest);
    held.frames--;
    held.bytes -= next.frame.payload.length;
    return next;
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  #heldBy(isRequest: boolean): { bytes: number; frames: number } {
    return isRequest ? this.#requests : this.#announcements;
  }
}

interface QueuedFrame {
  readonly frame: Frame;
  readonly isRequest: boolean;
}

const hardFactor = 4;
