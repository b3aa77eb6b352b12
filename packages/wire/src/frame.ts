import { ByteWriter, concatBytes } from '@hs/bytes';
import { doubleSha256, type Sha256 } from './double-sha256.js';

/** A message number and the bytes of that message. */
export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Bytes of the payload's double SHA-256 that a frame carries. */
export const frameChecksumBytes = 8;

/** How frames are encoded. */
export interface FrameEncoding {
  readonly network: number;
  /** Default: that of `@noble/hashes`. */
  readonly sha256?: Sha256;
}

/**
 * The bytes of a frame on the stream: network and type as unsigned LEB128, checksum, length as unsigned LEB128, payload.
 *
 * @throws RangeError if `network` or `type` is no non-negative safe integer
 */
export function encodeFrame(frame: Frame, options: FrameEncoding): Uint8Array {
  return concatBytes(encodeFrameHead(frame, options), frame.payload);
}

/** What {@link encodeFrame} puts before the payload, for who sends a large payload without copying it. @throws as that does */
export function encodeFrameHead({ type, payload }: Frame, { network, sha256 }: FrameEncoding): Uint8Array {
  return new ByteWriter(40)
    .uvarint(network)
    .uvarint(type)
    .bytes(doubleSha256(payload, sha256).subarray(0, frameChecksumBytes))
    .uvarint(payload.length)
    .finish();
}
