/** What one peer says about the whole state at one snapshot height. Byte strings are lower-case hex, so that they compare by value. */
export interface StateClaim {
  readonly peer: string;
  /** The configured address that the peer answers for. Only these count towards an agreement, each once. */
  readonly voter: string | undefined;
  readonly height: number;
  /** Checksum of the whole state. Zero, which stands for none, counts for nothing. */
  readonly checksum: string;
  /** Stands for everything that the peer says of this height: peers with the same one can work on one download. */
  readonly table: string;
}

/** A checksum that the operator vouches for. */
export interface PinnedChecksum {
  readonly height: number;
  readonly checksum: string;
}

/** What makes a checksum good enough, in this order. */
export interface ClaimPolicy {
  readonly pinned: readonly PinnedChecksum[];
  /** So many configured peers must say the same; undefined if that is not enough, however many. */
  readonly agreeing: number | undefined;
  /** Whether any peer's word will do. */
  readonly isUnpinnedAllowed: boolean;
}

/** Why a checksum was taken to be right. */
export type ClaimBasis = 'pinned' | 'agreed' | 'unpinned';

/** What follows from what peers say. */
export type ClaimDecision =
  | {
      readonly kind: 'chosen';
      readonly basis: ClaimBasis;
      readonly height: number;
      readonly checksum: string;
      /** What peers say the checksum is made up of, the version of most peers first. */
      readonly tables: readonly { readonly table: string; readonly peers: readonly string[] }[];
      /** Configured addresses that say so, ascending. */
      readonly voters: readonly string[];
    }
  /** Nothing can be chosen yet. */
  | { readonly kind: 'waiting'; readonly text: string }
  /** Peers serve a pinned height, but none says what is pinned. An honest one may come yet. */
  | {
      readonly kind: 'contradicted';
      readonly pinned: PinnedChecksum;
      readonly claims: readonly { readonly peer: string; readonly checksum: string }[];
    }
  /** Two checksums of one height have enough configured peers each: only a person can tell which is right. */
  | {
      readonly kind: 'disputed';
      readonly height: number;
      readonly claims: readonly { readonly checksum: string; readonly voters: readonly string[] }[];
    }
  /** Nothing is pinned, no agreement is configured, and nobody's mere word is to be taken. */
  | { readonly kind: 'not-allowed' };

/**
 * Chooses the state to download where headers carry no roots: the newest pinned one that is served; else the newest on which
 * enough configured peers agree; else, if that is allowed, the newest one that most peers name. Depends on nothing but its
 * arguments, and not on the order of the claims.
 *
 * @throws RangeError if a pinned checksum is zero, or the number of agreeing peers is not a positive integer
 */
export function chooseClaim(claims: readonly StateClaim[], policy: ClaimPolicy): ClaimDecision {
  const { pinned, agreeing, isUnpinnedAllowed } = policy;
  if (pinned.some(({ checksum }) => isZero(checksum))) throw new RangeError('a pinned checksum must not be zero');
  if (agreeing !== undefined && !(Number.isSafeInteger(agreeing) && agreeing > 0)) {
    throw new RangeError('the number of agreeing peers must be a positive integer');
  }
  if (pinned.length === 0 && agreeing === undefined && !isUnpinnedAllowed) return { kind: 'not-allowed' };
  const usable = claims.filter(({ checksum }) => !isZero(checksum));
  const byPin = choosePinned(usable, pinned);
  if (byPin !== undefined) return byPin;
  const byAgreement = agreeing === undefined ? undefined : chooseAgreed(usable, agreeing);
  if (byAgreement !== undefined) return byAgreement;
  const named = isUnpinnedAllowed ? chooseNamed(usable) : undefined;
  return named ?? { kind: 'waiting', text: describeLack(usable, policy) };
}

function choosePinned(claims: readonly StateClaim[], pinned: readonly PinnedChecksum[]): ClaimDecision | undefined {
  let contradicted: ClaimDecision | undefined;
  for (const pin of [...pinned].sort((a, b) => b.height - a.height)) {
    const there = claims.filter(({ height }) => height === pin.height);
    const equal = there.filter(({ checksum }) => checksum === pin.checksum);
    if (equal.length > 0) return chosen('pinned', equal);
    if (there.length === 0) continue;
    const said = there.map(({ peer, checksum }) => ({ peer, checksum })).sort((a, b) => compare(a.peer, b.peer));
    contradicted ??= { kind: 'contradicted', pinned: pin, claims: said };
  }
  return contradicted;
}

function chooseAgreed(claims: readonly StateClaim[], agreeing: number): ClaimDecision | undefined {
  for (const [height, there] of byHeight(claims)) {
    const enough = [...groupedBy(there, ({ checksum }) => checksum)]
      .map(([checksum, same]) => ({ checksum, same, voters: votersOf(same) }))
      .filter(({ voters }) => voters.length >= agreeing)
      .sort((a, b) => compare(a.checksum, b.checksum));
    if (enough.length > 1) {
      return { kind: 'disputed', height, claims: enough.map(({ checksum, voters }) => ({ checksum, voters })) };
    }
    if (enough[0] !== undefined) return chosen('agreed', enough[0].same);
  }
  return undefined;
}

function chooseNamed(claims: readonly StateClaim[]): ClaimDecision | undefined {
  for (const [, there] of byHeight(claims)) {
    const groups = [...groupedBy(there, ({ checksum }) => checksum).entries()];
    groups.sort(([a, many], [b, more]) => more.length - many.length || compare(a, b));
    if (groups[0] !== undefined) return chosen('unpinned', groups[0][1]);
  }
  return undefined;
}

function chosen(basis: ClaimBasis, same: readonly StateClaim[]): ClaimDecision {
  const [first] = same;
  if (first === undefined) throw new Error('unreachable: nobody claims it');
  const tables = [...groupedBy(same, ({ table }) => table)]
    .map(([table, claims]) => ({ table, peers: claims.map(({ peer }) => peer).sort(compare) }))
    .sort((a, b) => b.peers.length - a.peers.length || compare(a.table, b.table));
  return { kind: 'chosen', basis, height: first.height, checksum: first.checksum, tables, voters: votersOf(same) };
}

/** One sentence on what is missing. */
function describeLack(claims: readonly StateClaim[], { pinned, agreeing }: ClaimPolicy): string {
  const [newest] = byHeight(claims);
  const served = newest === undefined ? 'no peer serves a snapshot yet' : `the newest one served is ${newest[0]}`;
  if (agreeing !== undefined) {
    const said = newest === undefined ? [] : [...groupedBy(newest[1], ({ checksum }) => checksum)];
    const votes = said
      .map(([checksum, same]) => `${checksum.slice(0, 16)}... by ${votersOf(same).length}`)
      .sort(compare);
    const detail = votes.length === 0 ? '' : ` (${votes.join(', ')})`;
    return `Waiting for ${agreeing} configured peers to agree on a checksum: ${served}${detail}.`;
  }
  const heights = pinned.map(({ height }) => height).sort((a, b) => a - b);
  const wanted = heights.length > 0 ? `snapshot ${heights.join(' or ')}, whose checksum is pinned` : 'a snapshot';
  return `Waiting for a peer that serves ${wanted}: ${served}.`;
}

/** Claims by height, the newest height first. */
function byHeight(claims: readonly StateClaim[]): [number, StateClaim[]][] {
  return [...groupedBy(claims, ({ height }) => height)].sort(([a], [b]) => b - a);
}

function votersOf(claims: readonly StateClaim[]): readonly string[] {
  return [...new Set(claims.flatMap(({ voter }) => (voter === undefined ? [] : [voter])))].sort(compare);
}

function groupedBy<Key>(claims: readonly StateClaim[], keyOf: (claim: StateClaim) => Key): Map<Key, StateClaim[]> {
  const groups = new Map<Key, StateClaim[]>();
  for (const claim of claims) {
    const group = groups.get(keyOf(claim));
    if (group === undefined) groups.set(keyOf(claim), [claim]);
    else group.push(claim);
  }
  return groups;
}

function isZero(checksum: string): boolean {
  return /^0*$/.test(checksum);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
