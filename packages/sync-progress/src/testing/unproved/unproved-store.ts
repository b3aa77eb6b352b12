import type { UnprovedPrefix } from '../../unproved/unproved-messages.js';
import type { UnprovedLie, UnprovedWorld } from './unproved-world.js';

/** Records of a prefix from one place to the next; each is its place and whether it is what it should be. */
export interface UnprovedAnswer {
  readonly from: number;
  readonly records: readonly { readonly at: number; readonly isRight: boolean }[];
  /** Undefined at the end. */
  readonly next: number | undefined;
  readonly isOutOfOrder: boolean;
}

/** Where a prefix goes on, as a key: the prefix, and the place in three bytes. */
export function keyOf(prefix: number, at: number): Uint8Array {
  return at === 0 ? Uint8Array.of(prefix) : Uint8Array.of(prefix, at >> 16, (at >> 8) & 255, at & 255);
}

export function placeOf([, high = 0, middle = 0, low = 0]: Uint8Array): number {
  return (high << 16) | (middle << 8) | low;
}

/** What a peer gives when it is asked for records from a place on. */
export function answerOf(
  world: UnprovedWorld,
  ask: { readonly prefix: number; readonly from: number; readonly maxBytes: number },
  lie: UnprovedLie | undefined,
): UnprovedAnswer {
  const total = world.records[ask.prefix - 1] ?? 0;
  const count = Math.max(1, Math.floor(ask.maxBytes / world.recordBytes));
  const end = Math.min(total, ask.from + count);
  const records = Array.from({ length: end - ask.from }, (_, i) => ({ at: ask.from + i, isRight: true }));
  const next = end < total ? end : undefined;
  const honest = { from: ask.from, records, next, isOutOfOrder: false };
  const wrong = { at: ask.from, isRight: false };
  switch (lie) {
    case undefined:
      return honest;
    case 'value':
      return { ...honest, records: [...records.slice(0, -1), wrong] };
    case 'skip':
      return { ...honest, records: records.slice(0, -1) };
    case 'extra':
      return {
        ...honest,
        records: records.length * world.recordBytes < ask.maxBytes - world.recordBytes ? [...records, wrong] : [wrong],
      };
    case 'early-end':
      return { ...honest, records: records.slice(0, 1), next: undefined };
    case 'order':
      return { ...honest, isOutOfOrder: true };
  }
}

interface StoredPrefix {
  records: { readonly at: number; readonly isRight: boolean }[];
  next: number;
  isWhole: boolean;
}

/** What outlives the process: the records that were written, and where each prefix goes on. */
export class UnprovedStore {
  readonly #world: UnprovedWorld;
  readonly #prefixes: StoredPrefix[];

  constructor(world: UnprovedWorld) {
    this.#world = world;
    this.#prefixes = world.records.map((count) => ({ records: [], next: 0, isWhole: world.hasParts && count === 0 }));
  }

  get records(): number {
    return this.#prefixes.reduce((sum, { records }) => sum + records.length, 0);
  }

  get isExact(): boolean {
    return this.#prefixes.every((prefix, i) => prefix.isWhole && isExact(prefix, this.#world.records[i] ?? 0));
  }

  list(): UnprovedPrefix[] {
    const { records: totals, recordBytes, hasParts } = this.#world;
    return this.#prefixes.map(({ records, next, isWhole }, i) => ({
      prefix: i + 1,
      isWhole,
      nextKey: keyOf(i + 1, next),
      records: records.length,
      bytes: records.length * recordBytes,
      expected: hasParts ? { records: totals[i] ?? 0, bytes: (totals[i] ?? 0) * recordBytes } : undefined,
    }));
  }

  /** Writes an answer; or says what is wrong with it, alone or with what is there, and writes nothing. */
  write(prefix: number, { from, records, next, isOutOfOrder }: UnprovedAnswer): 'written' | 'chunk' | 'prefix' {
    const stored = this.#at(prefix);
    if (stored.isWhole) throw new Error(`prefix ${prefix} is whole`);
    if (from !== stored.next) throw new Error(`prefix ${prefix} goes on at ${stored.next}, not at ${from}`);
    if (isOutOfOrder) return 'chunk';
    const total = this.#world.records[prefix - 1] ?? 0;
    const all = [...stored.records, ...records];
    if (this.#world.hasParts) {
      if (all.length > total) return 'prefix';
      if (next === undefined && !isExact({ records: all }, total)) return 'prefix';
    }
    stored.records = all;
    if (next === undefined) stored.isWhole = true;
    else stored.next = next;
    return 'written';
  }

  clear(prefixes: readonly number[]): void {
    for (const prefix of prefixes) Object.assign(this.#at(prefix), { records: [], next: 0, isWhole: false });
  }

  #at(prefix: number): StoredPrefix {
    const stored = this.#prefixes[prefix - 1];
    if (stored === undefined) throw new Error(`there is no prefix ${prefix}`);
    return stored;
  }
}

function isExact({ records }: Pick<StoredPrefix, 'records'>, total: number): boolean {
  return records.length === total && records.every(({ at, isRight }, i) => isRight && at === i);
}
