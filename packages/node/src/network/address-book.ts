import { addressGroup } from './address-group.js';

/** Bounds of an {@link AddressBook}. */
export interface AddressBookLimits {
  readonly maxAddresses: number;
  /** From peers of one address group. */
  readonly maxPerSource: number;
  /** Of one address group. */
  readonly maxPerGroup: number;
  /** Failed dials after which an address is forgotten, unless it was reached before; then four times as many. */
  readonly maxFailures: number;
}

interface Entry {
  readonly address: string;
  readonly group: string;
  readonly source: string;
  /** Of the last connection; `undefined` if there was none. */
  reachedAtMs: number | undefined;
  failures: number;
  notBeforeMs: number;
}

const retryMs = 60_000;

/**
 * Addresses of nodes that peers have told of.
 *
 * Whoever tells of many fills no more than the share of its own address group, and no address group has more than its share of
 * what is dialled. Only addresses that were reached from here are passed on: hearsay ends with the first who tries.
 */
export class AddressBook {
  readonly #limits: AddressBookLimits;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: AddressBookLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes an address, `host:port`. False if it is known, or if there is no room for it. */
  add(address: string, facts: { readonly host: string; readonly sourceHost: string }): boolean {
    const { maxAddresses, maxPerSource, maxPerGroup } = this.#limits;
    if (this.#entries.has(address)) return false;
    const [group, source] = [addressGroup(facts.host), addressGroup(facts.sourceHost)];
    let [ofGroup, ofSource] = [0, 0];
    for (const entry of this.#entries.values()) {
      if (entry.group === group) ofGroup++;
      if (entry.source === source) ofSource++;
    }
    if (ofGroup >= maxPerGroup || ofSource >= maxPerSource) return false;
    if (this.#entries.size >= maxAddresses && !this.#forgetWorst()) return false;
    this.#entries.set(address, { address, group, source, reachedAtMs: undefined, failures: 0, notBeforeMs: 0 });
    return true;
  }

  /** A connection to this address was made. */
  reached(address: string, facts: { readonly host: string; readonly nowMs: number }): void {
    this.add(address, { host: facts.host, sourceHost: facts.host });
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.reachedAtMs = facts.nowMs;
    entry.failures = 0;
  }

  /** A dial of this address failed. */
  failed(address: string, nowMs: number): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.failures++;
    entry.notBeforeMs = nowMs + retryMs * 2 ** Math.min(entry.failures - 1, 6);
    const most = this.#limits.maxFailures * (entry.reachedAtMs === undefined ? 1 : 4);
    if (entry.failures >= most) this.#entries.delete(address);
  }

  /** Forgets an address, of this node itself for instance. */
  remove(address: string): void {
    this.#entries.delete(address);
  }

  /** An address to dial, of no group in `groups`; any, but those that were reached before come first every other time. */
  pick(options: {
    readonly groups: ReadonlySet<string>;
    readonly nowMs: number;
    readonly random: () => number;
  }): string | undefined {
    const { groups, nowMs, random } = options;
    const ready = [...this.#entries.values()].filter((entry) => !groups.has(entry.group) && entry.notBeforeMs <= nowMs);
    const known = ready.filter(({ reachedAtMs }) => reachedAtMs !== undefined);
    const from = known.length > 0 && random() < 0.5 ? known : ready;
    return from[Math.floor(random() * from.length)]?.address;
  }

  /** Up to `count` addresses that were reached from here, at random. */
  sample(count: number, random: () => number): string[] {
    const reached = [...this.#entries.values()].filter(
      (entry) => entry.reachedAtMs !== undefined && entry.failures === 0,
    );
    const sample: string[] = [];
    while (sample.length < count && reached.length > 0) {
      const [entry] = reached.splice(Math.floor(random() * reached.length), 1);
      if (entry !== undefined) sample.push(entry.address);
    }
    return sample;
  }

  /** One that was never reached makes room, the one that failed most. */
  #forgetWorst(): boolean {
    let worst: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.reachedAtMs === undefined && entry.failures >= (worst?.failures ?? 1)) worst = entry;
    }
    return worst !== undefined && this.#entries.delete(worst.address);
  }
}
