import { createHash } from 'node:crypto';

/**
 * The bytes of the Go node's protocol, written and read by hand: the audit's own library stays out of what it is tested against.
 */

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export const sha256d = (bytes: Uint8Array): Buffer => sha256(sha256(bytes));

export const messageNumbers = {
  version: 1,
  verack: 2,
  getHeaders: 6,
  headerBundle: 7,
  ping: 8,
  pong: 9,
  inv: 10,
  getSnapshot: 17,
  snapshotData: 18,
} as const;

export function uv(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(0x80 | Number(rest & 127n));
  return Buffer.from([...bytes, Number(rest)]);
}

/** Zig-zag. */
export function iv(value: number | bigint): Buffer {
  const wide = BigInt(value);
  return uv(wide < 0n ? -2n * wide - 1n : 2n * wide);
}

export function ba(bytes: Uint8Array): Buffer {
  return Buffer.concat([uv(bytes.length), bytes]);
}

export function frame(network: number, type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([uv(network), uv(type), sha256d(payload).subarray(0, 8), uv(payload.length), payload]);
}

/** A place in bytes that are read. */
export class Cursor {
  #at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  uv(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) throw new RangeError('incomplete');
      this.#at++;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw new RangeError('incomplete');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  ba(): Buffer {
    return this.take(Number(this.uv()));
  }
}

export interface ReceivedFrame {
  readonly type: number;
  readonly payload: Buffer;
}

/** The frames at the start of `bytes`, checked, and what is left. */
export function readFrames(
  bytes: Buffer,
  network: number,
): { readonly frames: ReceivedFrame[]; readonly rest: Buffer } {
  const frames: ReceivedFrame[] = [];
  let rest = bytes;
  for (;;) {
    const cursor = new Cursor(rest);
    try {
      const said = cursor.uv();
      const type = Number(cursor.uv());
      const checksum = cursor.take(8);
      const payload = cursor.ba();
      if (said !== BigInt(network)) throw new Error(`a frame of network ${said}`);
      if (!checksum.equals(sha256d(payload).subarray(0, 8))) throw new Error('a frame with a wrong checksum');
      frames.push({ type, payload });
      rest = rest.subarray(cursor.at);
    } catch (error) {
      if (error instanceof RangeError) return { frames, rest };
      throw error;
    }
  }
}
