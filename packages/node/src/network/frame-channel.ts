import { createHash } from 'node:crypto';
import { concatBytes } from '@hs/bytes';
import { encodeFrame, encodeFrameHead, type Frame, FrameDecoder, type Sha256 } from '@hs/wire';
import { NodeError } from '../node-error.js';
import type { Clock } from './clock.js';
import { FrameWriter } from './frame-writer.js';
import type { NetworkLimits } from './network-options.js';
import type { Connection } from './transport.js';

/** What a {@link FrameChannel} tells its owner. */
export interface FrameChannelHandlers {
  /** Largest payload that a frame of this type may have now; `undefined` if there is no such type. */
  maxPayloadBytes(type: number): number | undefined;
  onFrame(frame: Frame): void;
  onDrained(): void;
  /** The connection is over; called once, and nothing after it. */
  onClosed(reason: NodeError): void;
}

/** How a {@link FrameChannel} is made. */
export interface FrameChannelOptions {
  readonly network: number;
  readonly limits: NetworkLimits;
  readonly clock: Clock;
  readonly handlers: FrameChannelHandlers;
}

const noBytes: Uint8Array = new Uint8Array(0);
const cutBytes = 8 * 1024;
/** A payload from this size on is not copied behind its head. */
const minPartBytes = 64 * 1024;
const sha256: Sha256 = Object.assign((bytes: Uint8Array) => createHash('sha256').update(bytes).digest(), {
  create: () => createHash('sha256'),
});

/** A connection that carries frames. */
export class FrameChannel {
  /** Resolves when the connection is gone from the system, not just from us. */
  readonly whenGone: Promise<void>;
  readonly #connection: Connection;
  readonly #network: number;
  readonly #clock: Clock;
  readonly #writer: FrameWriter;
  readonly #decoder: FrameDecoder;
  #handlers: FrameChannelHandlers;
  #closed: NodeError | undefined;
  /** What was read and is not cut into frames yet. */
  #uncut: Uint8Array = noBytes;
  /** Frames that the owner has not taken yet. */
  readonly #backlog: Frame[] = [];
  #isHandingOut = false;
  #isPaused = false;
  #isReading = true;
  #bytesIn = 0;
  #bytesOut = 0;
  #receivedAtMs: number;

  constructor(connection: Connection, options: FrameChannelOptions) {
    const { network, limits, clock } = options;
    this.#connection = connection;
    this.#network = network;
    this.#clock = clock;
    this.#handlers = options.handlers;
    this.#receivedAtMs = clock.monotonicMs();
    this.#decoder = new FrameDecoder({
      network,
      maxPayloadBytes: (type) => this.#handlers.maxPayloadBytes(type),
      sha256,
    });
    this.#writer = new FrameWriter({
      write: (bytes, onAccepted) => connection.write(bytes, onAccepted),
      maxQueuedBytes: limits.maxWriteQueueBytes,
      maxQueuedFrames: limits.maxWriteQueueMessages,
      clock,
      onDrained: () => this.#handlers.onDrained(),
    });
    this.whenGone = new Promise((resolve) => {
      connection.start({
        onData: (bytes) => this.#receive(bytes),
        onClose: (error) => {
          resolve();
          this.close(closedByRemote(error));
        },
      });
    });
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  get isWriting(): boolean {
    return this.#writer.isBusy;
  }

  /** Bytes that wait for the socket. */
  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  get writeStalledForMs(): number {
    return this.#writer.stalledForMs;
  }

  /** Since the last byte came; 0 while nothing is read. */
  get silentForMs(): number {
    return !this.#isReading ? 0 : this.#clock.monotonicMs() - this.#receivedAtMs;
  }

  /** Lets somebody else handle what comes from now on. */
  handOver(handlers: FrameChannelHandlers): void {
    this.#handlers = handlers;
  }

  /** Resolves when the socket has taken the frame; see {@link FrameWriter.enqueue}. */
  send(frame: Frame, options: { readonly isUrgent: boolean }): Promise<void> {
    const { payload } = frame;
    if (payload.length < minPartBytes) return this.sendEncoded(frameBytes(frame, this.#network), options);
    return this.#send([encodeFrameHead(frame, { network: this.#network, sha256 }), payload], options);
  }

  /** The same for a frame that {@link frameBytes} has encoded, which may go to many channels. */
  sendEncoded(bytes: Uint8Array, options: { readonly isUrgent: boolean }): Promise<void> {
    return this.#send([bytes], options);
  }

  /** Takes nothing more from the remote, or goes on. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#handOut();
  }

  /** Ends the connection at once. Idempotent. */
  close(reason: NodeError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#connection.destroy();
    this.#writer.close(reason.code === 'NODE_PEER_CLOSED' ? reason : peerClosed(reason));
    this.#handlers.onClosed(reason);
  }

  #send(parts: readonly Uint8Array[], options: { readonly isUrgent: boolean }): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return this.#writer.enqueue(parts, options).then((bytes) => {
      this.#bytesOut += bytes;
    });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#bytesIn += bytes.length;
    this.#receivedAtMs = this.#clock.monotonicMs();
    // A connection that is paused may still bring what was on its way.
    this.#uncut = this.#uncut.length === 0 ? bytes : concatBytes(this.#uncut, bytes);
    this.#handOut();
  }

  /**
   * Hands out frames until there are none, or the owner pauses; reads only while there is nothing to hand out. Cuts a little
   * at a time, so that thousands of tiny frames cost nothing once the owner has had enough.
   */
  #handOut(): void {
    if (this.#isHandingOut) return;
    this.#isHandingOut = true;
    do {
      let next = 0;
      for (; next < this.#backlog.length && !this.#isPaused && this.#closed === undefined; next++) {
        const frame = this.#backlog[next];
        if (frame !== undefined) this.#handlers.onFrame(frame);
      }
      this.#backlog.splice(0, next);
    } while (this.#cut());
    this.#isHandingOut = false;
    this.#setReading(!this.#isPaused && this.#backlog.length === 0);
  }

  /** Cuts the next bytes if all frames before them are taken. False if there was nothing to do. */
  #cut(): boolean {
    if (this.#isPaused || this.#closed !== undefined || this.#backlog.length > 0 || this.#uncut.length === 0)
      return false;
    const bytes = this.#uncut.subarray(0, cutBytes);
    this.#uncut = this.#uncut.length > cutBytes ? this.#uncut.subarray(cutBytes) : noBytes;
    try {
      this.#backlog.push(...this.#decoder.push(bytes));
    } catch (cause) {
      this.close(malformed(cause));
    }
    return true;
  }

  #setReading(isReading: boolean): void {
    if (isReading === this.#isReading || this.#closed !== undefined) return;
    this.#isReading = isReading;
    this.#receivedAtMs = this.#clock.monotonicMs();
    if (isReading) this.#connection.resume();
    else this.#connection.pause();
  }
}

/** A frame as it goes over the wire. */
export function frameBytes(frame: Frame, network: number): Uint8Array {
  return encodeFrame(frame, { network, sha256 });
}

/** What the sends and requests of a connection are told that ended for another reason. */
export function peerClosed(reason: NodeError): NodeError {
  const details = { reason: reason.code };
  return new NodeError('NODE_PEER_CLOSED', `the connection has ended: ${reason.message}`, { cause: reason, details });
}

/** Received bytes that do not follow the protocol. */
export function malformed(cause: unknown): NodeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const rule = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'malformed';
  return new NodeError('NODE_PEER_MISBEHAVED', `it sent malformed bytes: ${message}`, { cause, details: { rule } });
}

function closedByRemote(error: Error | undefined): NodeError {
  if (error === undefined) return new NodeError('NODE_PEER_CLOSED', 'the remote has closed the connection');
  return new NodeError('NODE_PEER_CLOSED', `the connection has failed: ${error.message}`, { cause: error });
}
