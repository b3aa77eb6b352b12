import { fromHex, toHex } from '@hs/bytes';
import { NodeError } from '../node-error.js';

/** What the operator vouches for where headers carry no roots: the checksum of the whole state at a snapshot. */
export interface TrustedChecksum {
  readonly height: number;
  /** 32 bytes, not zero. */
  readonly checksum: Uint8Array;
}

/**
 * Reads `HEIGHT:SUM`, the checksum in 64 hex digits.
 *
 * @throws NODE_CONFIGURATION if `text` is something else, or the checksum is zero
 */
export function parseTrustedChecksum(text: string): TrustedChecksum {
  const match = /^(\d{1,15}):([0-9a-fA-F]{64})$/.exec(text);
  const [, height = '', sum = ''] = match ?? [];
  const fail = (why: string): NodeError =>
    new NodeError('NODE_CONFIGURATION', `"${text}" is no trusted checksum: ${why}`, {
      details: { trustedChecksum: text },
    });
  if (match === null || Number(height) > 0xffff_ffff) throw fail('write HEIGHT:SUM, the checksum in 64 hex digits');
  if (/^0*$/.test(sum)) throw fail('zero stands for no checksum; nodes that have computed none show it');
  return { height: Number(height), checksum: fromHex(sum.toLowerCase()) };
}

/** The text that {@link parseTrustedChecksum} reads. */
export function formatTrustedChecksum({ height, checksum }: TrustedChecksum): string {
  return `${height}:${toHex(checksum)}`;
}
