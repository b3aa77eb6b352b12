import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';

/** How a {@link FrameWriter} is made. */
export interface FrameWriterOptions {
  /** Hands bytes to the socket. */
  readonly write: (bytes: Uint8Array, onAccepted: () => void) => void;
  /** Waiting bytes above which no frame is taken, unless none waits. */
  readonly maxQueuedBytes: number;
  readonly maxQueuedFrames: number;
  readonly clock: Clock;
  /** Nothing waits any more. */
  readonly onDrained: () => void;
}

interface QueuedFrame {
  /** One after the other, none empty. */
  readonly parts: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (error: NodeError) => void;
}

/** Few bytes at a time go to the socket: so a slow reader shows, and urgent frames get in between large ones. */
const sliceBytes = 256 * 1024;
const maxSlicesInSocket = 2;

/** The bounded queue of frames in front of a socket. */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #urgent: QueuedFrame[] = [];
  readonly #ordinary: QueuedFrame[] = [];
  /** Frames whose last slice the socket has, oldest first, and the one that is being sliced. */
  readonly #sent = new Set<QueuedFrame>();
  #current: { readonly frame: QueuedFrame; part: number; offset: number } | undefined;
  #queuedBytes = 0;
  #slicesInSocket = 0;
  #progressAtMs: number;
  #closed: NodeError | undefined;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
    this.#progressAtMs = options.clock.monotonicMs();
  }

  /** True while a frame waits for the socket. */
  get isBusy(): boolean {
    return this.#queuedBytes > 0;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** For how long the socket has taken nothing of what waits for it: 0 if nothing waits. */
  get stalledForMs(): number {
    return this.isBusy ? this.#options.clock.monotonicMs() - this.#progressAtMs : 0;
  }

  /**
   * Resolves to the size of the frame when the socket has taken all parts of it. The bytes are borrowed until then.
   *
   * @throws NODE_PEER_LIMIT if too much waits already
   * @throws NODE_PEER_CLOSED if the writer is closed first
   */
  enqueue(parts: readonly Uint8Array[], options: { readonly isUrgent: boolean }): Promise<number> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    const { maxQueuedBytes, maxQueuedFrames, clock } = this.#options;
    const waiting = this.#urgent.length + this.#ordinary.length;
    if (this.isBusy && (this.#queuedBytes + bytes > maxQueuedBytes || waiting >= maxQueuedFrames)) {
      const details = { queuedBytes: this.#queuedBytes, queuedFrames: waiting };
      return Promise.reject(new NodeError('NODE_PEER_LIMIT', 'too much waits to be sent to this peer', { details }));
    }
    if (!this.isBusy) this.#progressAtMs = clock.monotonicMs();
    this.#queuedBytes += bytes;
    return new Promise((resolve, reject) => {
      (options.isUrgent ? this.#urgent : this.#ordinary).push({ parts, resolve: () => resolve(bytes), reject });
      this.#fillSocket();
    });
  }

  /** Rejects everything that waits. */
  close(error: NodeError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    const waiting = [...this.#sent, ...this.#urgent, ...this.#ordinary];
    if (this.#current !== undefined) waiting.push(this.#current.frame);
    this.#sent.clear();
    this.#urgent.length = 0;
    this.#ordinary.length = 0;
    this.#current = undefined;
    this.#queuedBytes = 0;
    for (const frame of waiting) frame.reject(error);
  }

  #fillSocket(): void {
    while (this.#slicesInSocket < maxSlicesInSocket && this.#closed === undefined) {
      if (this.#current === undefined) {
        const frame = this.#urgent.shift() ?? this.#ordinary.shift();
        if (frame === undefined) return;
        this.#current = { frame, part: 0, offset: 0 };
      }
      const { frame, part, offset } = this.#current;
      const whole = frame.parts[part] as Uint8Array;
      const slice = whole.subarray(offset, offset + sliceBytes);
      const isPartDone = offset + slice.length === whole.length;
      const isLast = isPartDone && part === frame.parts.length - 1;
      if (isPartDone) this.#current = { frame, part: part + 1, offset: 0 };
      else this.#current.offset += slice.length;
      if (isLast) {
        this.#sent.add(frame);
        this.#current = undefined;
      }
      this.#slicesInSocket++;
      this.#options.write(slice, () => this.#accepted(slice.length, isLast ? frame : undefined));
    }
  }

  #accepted(bytes: number, finished: QueuedFrame | undefined): void {
    if (this.#closed !== undefined) return;
    this.#slicesInSocket--;
    this.#queuedBytes -= bytes;
    this.#progressAtMs = this.#options.clock.monotonicMs();
    if (finished !== undefined) {
      this.#sent.delete(finished);
      finished.resolve();
    }
    this.#fillSocket();
    if (!this.isBusy) this.#options.onDrained();
  }
}
