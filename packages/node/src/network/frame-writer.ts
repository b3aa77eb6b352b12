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
  readonly bytes: Uint8Array;
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
  #current: { readonly frame: QueuedFrame; offset: number } | undefined;
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
   * Resolves when the socket has taken the whole frame. The bytes are borrowed until then.
   *
   * @throws NODE_PEER_LIMIT if too much waits already
   * @throws NODE_PEER_CLOSED if the writer is closed first
   */
  enqueue(bytes: Uint8Array, options: { readonly isUrgent: boolean }): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const { maxQueuedBytes, maxQueuedFrames, clock } = this.#options;
    const waiting = this.#urgent.length + this.#ordinary.length;
    if (this.isBusy && (this.#queuedBytes + bytes.length > maxQueuedBytes || waiting >= maxQueuedFrames)) {
      const details = { queuedBytes: this.#queuedBytes, queuedFrames: waiting };
      return Promise.reject(new NodeError('NODE_PEER_LIMIT', 'too much waits to be sent to this peer', { details }));
    }
    if (!this.isBusy) this.#progressAtMs = clock.monotonicMs();
    this.#queuedBytes += bytes.length;
    return new Promise((resolve, reject) => {
      (options.isUrgent ? this.#urgent : this.#ordinary).push({ bytes, resolve, reject });
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
        this.#current = { frame, offset: 0 };
      }
      const { frame, offset } = this.#current;
      const slice = frame.bytes.subarray(offset, offset + sliceBytes);
      const isLast = offset + slice.length === frame.bytes.length;
      this.#current.offset += slice.length;
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
