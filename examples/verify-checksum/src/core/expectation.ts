import type { StateSummary } from './state-summary.js';

/** A checksum that somebody expects: of either kind if `kind` is undefined. */
export interface Expectation {
  readonly kind: 'total' | 'root' | undefined;
  /** Lower-case hex, 64 digits. */
  readonly hex: string;
}

/**
 * Reads `total:HEX`, `root:HEX`, or `HEX` for either.
 *
 * Zero is refused: it stands for no records, and is what an unset field looks like.
 *
 * @throws RangeError
 */
export function parseExpectation(text: string): Expectation {
  const [, kind, hex] = /^(?:(total|root):)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hex === undefined) throw new RangeError('expected 64 hex digits, or total: or root: and 64 hex digits');
  if (/^0+$/.test(hex)) throw new RangeError('zero is the checksum of no records and cannot be expected');
  return { kind: kind?.toLowerCase() as 'total' | 'root' | undefined, hex: hex.toLowerCase() };
}

/** What of the summary is as expected; undefined if nothing is. */
export function whatMatches(summary: StateSummary, expectation: Expectation): 'total' | 'root' | undefined {
  const candidates = { total: toHex(summary.total), root: toHex(summary.stateRoot) };
  for (const kind of ['total', 'root'] as const) {
    if ((expectation.kind ?? kind) === kind && candidates[kind] === expectation.hex) return kind;
  }
  return undefined;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
