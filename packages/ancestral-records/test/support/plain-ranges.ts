import type { RangeEntry, StateParameters } from '../../src/index.js';
import { fromHex, hex, type PlainState } from './plain-state.js';
import { element, encodeElement } from './toy-hasher.js';

/** A range in a form that compares by value. */
export interface PlainRange {
  readonly start: string;
  readonly depth: number;
  readonly count: number;
  readonly bytes: number;
  readonly sum: string;
}

export function plainEntries(entries: readonly RangeEntry[]): PlainRange[] {
  return entries.map(({ start, depth, count, bytes, sum }) => ({
    start: hex(start),
    depth,
    count,
    bytes,
    sum: hex(sum),
  }));
}

interface PlainRecord {
  readonly bits: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The ranges of a state by the definition: bit prefixes are tried from the shortest, one bit at a time. */
export function rangesOf(
  state: PlainState,
  limits: Pick<StateParameters, 'maxRangeRecords' | 'maxRangeBytes' | 'maxKeyBytes'>,
): PlainRange[] {
  const maxDepth = 8 * limits.maxKeyBytes;
  const records: PlainRecord[] = [...state].map(([keyHex, value]) => {
    const key = fromHex(keyHex);
    const bits = [...key].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    return { bits: bits.padEnd(maxDepth, '0'), key, value };
  });
  const ranges: PlainRange[] = [];
  const divide = (inside: readonly PlainRecord[], prefix: string): void => {
    if (inside.length === 0) return;
    const depth = prefix.length;
    const bytes = inside.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    const isFitting = inside.length <= limits.maxRangeRecords && bytes <= limits.maxRangeBytes;
    if (depth >= 8 && (inside.length === 1 || isFitting || depth === maxDepth)) {
      const padded = prefix.padEnd(8 * Math.ceil(depth / 8), '0');
      const start = (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0'));
      const sum = inside.reduce((total, { key, value }) => total + element(key, value), 0n);
      ranges.push({ start: start.join(''), depth, count: inside.length, bytes, sum: hex(encodeElement(sum)) });
      return;
    }
    for (const bit of ['0', '1']) {
      const longer = prefix + bit;
      divide(
        inside.filter(({ bits }) => bits.startsWith(longer)),
        longer,
      );
    }
  };
  divide(records, '');
  return ranges;
}
