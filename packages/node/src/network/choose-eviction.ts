import type { InboundSlot } from './inbound-slots.js';

/** A handshake may take this long before its place can be given away. */
const handshakeGraceMs = 1000;
/** This many with the shortest round trips keep their places, and as many that sent the most. */
const protectedPeers = 4;

/**
 * Which connection gives way to a newcomer from `group`; `undefined` if none should.
 *
 * First a handshake that takes too long, the oldest. Then the one with the worst score. Then the newest connection of the
 * group with the most places; kept are the quickest, those that sent the most, and the longer connected half of the others:
 * to be among them an attacker must have been of use for long.
 */
export function chooseEviction(
  candidates: readonly InboundSlot[],
  options: { readonly all: readonly InboundSlot[]; readonly group: string; readonly nowMs: number },
): InboundSlot | undefined {
  const { all, group, nowMs } = options;
  const placesOf = new Map<string, number>();
  for (const slot of all) placesOf.set(slot.group, (placesOf.get(slot.group) ?? 0) + 1);
  const places = (slot: InboundSlot) => placesOf.get(slot.group) ?? 0;

  const stuck = candidates.filter((slot) => slot.facts === undefined && nowMs - slot.sinceMs >= handshakeGraceMs);
  if (stuck.length > 0) return stuck.reduce((a, b) => (b.sinceMs < a.sinceMs ? b : a));

  let greeted = candidates.flatMap((slot) => (slot.facts === undefined ? [] : [{ slot, ...slot.facts() }]));
  const worst = greeted.reduce<(typeof greeted)[number] | undefined>(
    (found, next) => (next.score >= (found?.score ?? leastScore) ? next : found),
    undefined,
  );
  if (worst !== undefined) return worst.slot;

  greeted = withoutBest(greeted, protectedPeers, ({ roundTripMs }) => -(roundTripMs ?? Number.POSITIVE_INFINITY));
  greeted = withoutBest(greeted, protectedPeers, ({ bytesIn }) => bytesIn);
  greeted = withoutBest(greeted, Math.floor(greeted.length / 2), ({ slot }) => nowMs - slot.sinceMs);
  const most = Math.max(0, ...greeted.map(({ slot }) => places(slot)));
  if (most <= (placesOf.get(group) ?? 0)) return undefined;
  return greeted
    .map(({ slot }) => slot)
    .filter((slot) => places(slot) === most)
    .reduce<InboundSlot | undefined>((a, b) => (a === undefined || b.sinceMs > a.sinceMs ? b : a), undefined);
}

/** From this score on a connection gives way before all others. */
const leastScore = 10;

function withoutBest<Item>(items: readonly Item[], count: number, rank: (item: Item) => number): Item[] {
  return [...items].sort((a, b) => rank(b) - rank(a)).slice(count);
}
