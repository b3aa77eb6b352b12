import type { StateSummary } from './state-summary.js';

/** What can be expected of a file; only snapshot files have a snapshot root. */
export type ExpectationKind = 'total' | 'root' | 'snapshot';

/** A checksum that somebody expects: of any kind if `kind` is undefined. */
export interface Expectation {
  readonly kind: ExpectationKind | undefined;
  /** Lower-case hex, 64 digits. */
  readonly hex: string;
}

/**
 * Reads `total:HEX`, `root:HEX`, `snapshot:HEX`, or `HEX` for any of them.
 *
 * Zero is refused: it stands for no records, and is what an unset field looks like.
 *
 * @throws RangeError
 */
export function parseExpectation(text: string): Expectation {
  const [, kind, hex] = /^(?:(total|root|snapshot):)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hex === undefined)
    throw new RangeError('expected 64 hex digits, or total:, root: or snapshot: and 64 hex digits');
  if (/^0+$/.test(hex)) throw new RangeError('zero is the checksum of no records and cannot be expected');
  return { kind: kind?.toLowerCase() as ExpectationKind | undefined, hex: hex.toLowerCase() };
}

/** What of the summary is as expected; undefined if nothing is. */
export function whatMatches(summary: StateSummary, expectation: Expectation): ExpectationKind | undefined {
  const candidates = { total: summary.total, root: summary.stateRoot, snapshot: summary.snapshot?.snapshotRoot };
  for (const kind of ['total', 'root', 'snapshot'] as const) {
    const candidate = candidates[kind];
    const isAsked = (expectation.kind ?? kind) === kind;
    if (isAsked && candidate !== undefined && toHex(candidate) === expectation.hex) return kind;
  }
  return undefined;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
