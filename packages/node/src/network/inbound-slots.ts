import { addressGroup } from './address-group.js';
import { chooseEviction } from './choose-eviction.js';
import type { NetworkLimits } from './network-options.js';

/** What is known of an inbound connection, for deciding which one has to go. */
export interface InboundFacts {
  readonly roundTripMs: number | undefined;
  readonly bytesIn: number;
  /** Misdeeds of its address, decayed. */
  readonly score: number;
}

/** An inbound connection that takes a slot. */
export interface InboundSlot {
  readonly host: string;
  readonly group: string;
  readonly sinceMs: number;
  /** Undefined until the handshake is done. */
  facts: (() => InboundFacts) | undefined;
  /** Ends the connection. */
  evict: () => void;
}

/**
 * The places of inbound connections: bounded in total, per host, per address group and for unfinished handshakes.
 *
 * Whoever comes when all are taken gets the place of one that is worth less, if there is one, but never at the cost of a
 * group that has fewer places than the newcomer's own: so one owner of many addresses cannot push everybody else out.
 */
export class InboundSlots {
  readonly #limits: NetworkLimits;
  readonly #slots = new Set<InboundSlot>();

  constructor(limits: NetworkLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** A place for a connection from `host`, or `undefined` if there is none for it. */
  take(host: string, nowMs: number): InboundSlot | undefined {
    const { maxInbound, maxInboundPerHost, maxInboundPerGroup, maxInboundHandshakes } = this.#limits;
    const group = addressGroup(host);
    const all = [...this.#slots];
    if (all.filter((slot) => slot.host === host).length >= maxInboundPerHost) return undefined;
    if (all.filter((slot) => slot.group === group).length >= maxInboundPerGroup) return undefined;
    const greeting = all.filter((slot) => slot.facts === undefined);
    if (greeting.length >= maxInboundHandshakes && !this.#evict(greeting, group, nowMs)) return undefined;
    if (this.#slots.size >= maxInbound && !this.#evict([...this.#slots], group, nowMs)) return undefined;
    const slot: InboundSlot = { host, group, sinceMs: nowMs, facts: undefined, evict: () => undefined };
    this.#slots.add(slot);
    return slot;
  }

  release(slot: InboundSlot): void {
    this.#slots.delete(slot);
  }

  #evict(candidates: readonly InboundSlot[], group: string, nowMs: number): boolean {
    const victim = chooseEviction(candidates, { all: [...this.#slots], group, nowMs });
    if (victim === undefined) return false;
    // Its connection may take a moment to end; its place is free at once.
    this.#slots.delete(victim);
    victim.evict();
    return true;
  }
}
