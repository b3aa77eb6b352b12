import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { IncrementalHash, Sha256 } from './double-sha256.js';
import { type Frame, frameChecksumBytes } from './frame.js';
import { messageTypes } from './message-types.js';
import type { PayloadPool } from './payload-pool.js';
import { WireError, type WireErrorCode } from './wire-error.js';

/** Payload limit of every known message where the caller gives none. */
export const defaultMaxPayloadBytes: number = 32 * 1024 * 1024;

/** What a frame decoder accepts. */
export interface FrameDecoderOptions {
  /** The only network number accepted. */
  readonly network: number;
  /**
   * Most payload bytes of a message by its number, undefined for an unknown number; or one limit for every number in `messageTypes`.
   * Asked once for each frame, as soon as the type is known, so the answer may change in the course of a session.
   */
  readonly maxPayloadBytes?: number | ((type: number) => number | undefined);
  /** SHA-256 to use in place of the portable one. */
  readonly sha256?: Sha256;
  /** Where memory for large payloads comes from, if it has some. Whoever gets the frames may give it back there. */
  readonly pool?: PayloadPool;
}

/**
 * Cuts a byte stream into frames, wherever the stream was cut before.
 *
 * Network, type and length are each checked as soon as their last byte is there. The buffer grows with the bytes that arrive, to at most
 * four times as many, and never beyond the length that the frame announced and the limit allows. A large payload is hashed as it arrives.
 */
export class FrameDecoder {
  readonly #network: number;
  readonly #maxPayloadBytes: (type: number) => number | undefined;
  readonly #sha256: Sha256;
  readonly #pool: PayloadPool | undefined;
  readonly #checksum: Uint8Array = new Uint8Array(frameChecksumBytes);
  #stage: 'network' | 'type' | 'checksum' | 'length' | 'payload' | 'failed' = 'network';
  #value = 0;
  #valueBytes = 0;
  #headerBytes = 0;
  #type = 0;
  #limit = 0;
  #length = 0;
  #payload: Uint8Array = noBytes;
  #received = 0;
  /** Of the first `hashed` bytes of the payload; undefined while none are hashed. */
  #hash: IncrementalHash | undefined;
  #hashed = 0;

  constructor(options: FrameDecoderOptions) {
    const { network, maxPayloadBytes = defaultMaxPayloadBytes, sha256 = nobleSha256, pool } = options;
    this.#network = network;
    this.#sha256 = sha256;
    this.#pool = pool;
    this.#maxPayloadBytes =
      typeof maxPayloadBytes === 'function'
        ? maxPayloadBytes
        : (type) => (knownTypes.has(type) ? maxPayloadBytes : undefined);
  }

  /** Bytes of the unfinished frame that have arrived. */
  get bufferedBytes(): number {
    return this.#headerBytes + this.#received;
  }

  /**
   * The frames that `bytes` complete, in order. Their payloads are copies that belong to the caller; `bytes` may be reused.
   *
   * A stream that breaks the rules once cannot be cut any more: the call that notices throws, without the frames that the same call
   * completed before, and so does every later call.
   *
   * @throws WireError `WIRE_WRONG_NETWORK`, `WIRE_UNKNOWN_MESSAGE_TYPE`, `WIRE_PAYLOAD_TOO_LARGE`, `WIRE_CHECKSUM_MISMATCH`,
   *   `WIRE_VARINT_OVERFLOW`, and `WIRE_DECODER_FAILED` after any of these
   */
  push(bytes: Uint8Array): Frame[] {
    if (this.#stage === 'failed') throw new WireError('WIRE_DECODER_FAILED', 'the stream has failed before');
    const frames: Frame[] = [];
    let at = 0;
    while (at < bytes.length) {
      at = this.#stage === 'payload' ? this.#takePayload(bytes, at) : this.#takeHeaderByte(bytes, at);
      if (this.#stage === 'payload' && this.#received === this.#length) frames.push(this.#finish());
    }
    return frames;
  }

  #takeHeaderByte(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    this.#headerBytes++;
    if (this.#stage === 'checksum') {
      this.#checksum[this.#valueBytes++] = byte;
      if (this.#valueBytes === frameChecksumBytes) this.#enter('length');
    } else if (this.#takeVarintByte(byte)) {
      this.#takeNumber(this.#value);
    }
    return at + 1;
  }

  /** Adds one byte of an unsigned LEB128 number; true if it was the last. Numbers beyond 2^53 lose digits, but never become small. */
  #takeVarintByte(byte: number): boolean {
    if (this.#valueBytes === 9 && byte > 1) {
      throw this.#fail('WIRE_VARINT_OVERFLOW', 'a number in the frame is above 2^64-1', {});
    }
    this.#value += (byte & 0x7f) * 128 ** this.#valueBytes++;
    return byte < 0x80;
  }

  #takeNumber(value: number): void {
    if (this.#stage === 'network') {
      if (value !== this.#network) {
        throw this.#fail('WIRE_WRONG_NETWORK', `expected network ${this.#network}, not ${value}`, { network: value });
      }
      this.#enter('type');
    } else if (this.#stage === 'type') {
      const limit = this.#maxPayloadBytes(value);
      if (limit === undefined) {
        throw this.#fail('WIRE_UNKNOWN_MESSAGE_TYPE', `unknown message type ${value}`, { type: value });
      }
      this.#type = value;
      this.#limit = limit;
      this.#enter('checksum');
    } else {
      if (!(value <= this.#limit)) {
        const details = { type: this.#type, length: value, limit: this.#limit };
        throw this.#fail('WIRE_PAYLOAD_TOO_LARGE', `a payload of ${value} bytes is over ${this.#limit}`, details);
      }
      this.#length = value;
      this.#payload = this.#pool?.take(value) ?? noBytes;
      this.#enter('payload');
    }
  }

  #takePayload(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#length - this.#received, bytes.length - at);
    const wanted = this.#received + count;
    if (wanted > this.#payload.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(wanted, 4 * this.#payload.length)));
      grown.set(this.#payload.subarray(0, this.#received));
      this.#payload = grown;
    }
    this.#payload.set(bytes.subarray(at, at + count), this.#received);
    this.#received = wanted;
    // Bytes that have just arrived are in the processor's cache, and a long payload does not stop everything else at its end.
    while (this.#received - this.#hashed >= hashedAtOnceBytes && this.#sha256.create !== undefined) {
      this.#hash ??= this.#sha256.create();
      this.#hash.update(this.#payload.subarray(this.#hashed, this.#hashed + hashedAtOnceBytes));
      this.#hashed += hashedAtOnceBytes;
    }
    return at + count;
  }

  #finish(): Frame {
    const payload = this.#payload;
    const checksum = this.#sha256(this.#payloadHash());
    if (this.#checksum.some((byte, index) => byte !== checksum[index])) {
      const details = { type: this.#type, length: payload.length };
      throw this.#fail('WIRE_CHECKSUM_MISMATCH', 'the payload does not match its checksum', details);
    }
    this.#drop();
    this.#enter('network');
    return { type: this.#type, payload };
  }

  #payloadHash(): Uint8Array {
    if (this.#hash === undefined) return this.#sha256(this.#payload);
    this.#hash.update(this.#payload.subarray(this.#hashed));
    return this.#hash.digest();
  }

  #enter(stage: 'network' | 'type' | 'checksum' | 'length' | 'payload'): void {
    this.#stage = stage;
    this.#value = 0;
    this.#valueBytes = 0;
  }

  #drop(): void {
    this.#payload = noBytes;
    this.#received = 0;
    this.#hash = undefined;
    this.#hashed = 0;
    this.#headerBytes = 0;
  }

  #fail(code: WireErrorCode, message: string, details: Readonly<Record<string, number>>): WireError {
    // Nobody has seen it.
    this.#pool?.give(this.#payload);
    this.#drop();
    this.#stage = 'failed';
    return new WireError(code, message, { details });
  }
}

const noBytes = /* @__PURE__ */ new Uint8Array(0);
/** Few enough to stay in the processor's cache, enough to make a call of a native hash worth while. */
const hashedAtOnceBytes = 65_536;
const knownTypes: ReadonlySet<number> = /* @__PURE__ */ new Set(Object.values(messageTypes));
