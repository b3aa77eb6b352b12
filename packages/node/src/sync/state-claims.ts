import { createHash } from 'node:crypto';
import { type StateHasher, totalChecksum, type UnprovedPart, type UnprovedTarget } from '@hs/ancestral-records';
import { concatBytes, equalBytes, toHex, u64be } from '@hs/bytes';
import type { StateClaim } from '@hs/sync-progress';
import type { StateChecksums } from '@hs/wire';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import { hasCode, NodeError } from '../node-error.js';

export interface StateClaimsOptions<Header> {
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly hasher: StateHasher;
  /** The configured address that a peer answers for, if it does. */
  readonly voterOf: (peer: Peer<Header>) => string | undefined;
  readonly timeoutMs: number;
  /** A peer is asked again after this time. */
  readonly refreshMs: number;
  /** States with more than that are not considered. */
  readonly maxBytes: number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  readonly logger: Logger;
}

/** A claim with the state that it is about. */
interface KnownClaim {
  readonly claim: StateClaim;
  readonly target: UnprovedTarget;
}

interface Asked {
  atMs: number;
  isUnderWay: boolean;
  claims: readonly KnownClaim[];
}

/** Snapshots of one answer that are looked at, the newest ones. */
const maxClaimsPerPeer = 16;
/** Totals that are remembered, so that the same table costs its sums once. */
const maxTotals = 256;

/**
 * What peers say the state is at the snapshots that they serve, checked as far as it can be: the snapshot is a block of our header
 * chain, the numbers make sense, and the checksums of the prefixes are valid encodings; their sum is the checksum that is claimed.
 */
export class StateClaims<Header> {
  readonly #options: StateClaimsOptions<Header>;
  readonly #asked = new Map<string, Asked>();
  readonly #totals = new Map<string, Uint8Array>();

  constructor(options: StateClaimsOptions<Header>) {
    this.#options = options;
  }

  /** All claims of peers that are connected now. */
  claims(): readonly StateClaim[] {
    return [...this.#asked.values()].flatMap(({ claims }) => claims.map(({ claim }) => claim));
  }

  /** What a table stands for. */
  targetOf(table: string): UnprovedTarget | undefined {
    for (const { claims } of this.#asked.values()) {
      const found = claims.find(({ claim }) => claim.table === table);
      if (found !== undefined) return found.target;
    }
    return undefined;
  }

  /** Peers that serve exactly this state. */
  peersOf(target: UnprovedTarget): ReadonlySet<string> {
    const table = tableOf(target.height, target.parts ?? []);
    const peers = this.claims().filter((claim) => claim.table === table);
    return new Set(peers.map(({ peer }) => peer));
  }

  forget(peer: string): void {
    this.#asked.delete(peer);
  }

  /** Asks peers that were not asked for a while; settles when those that answer have answered, or after `waitMs`. */
  async refresh(
    peers: ReadonlyMap<string, Peer<Header>>,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    for (const id of this.#asked.keys()) if (!peers.has(id)) this.forget(id);
    const nowMs = performance.now();
    const asking = [...peers.values()].flatMap((peer) => {
      const asked = this.#asked.get(peer.id) ?? { atMs: Number.NEGATIVE_INFINITY, isUnderWay: false, claims: [] };
      this.#asked.set(peer.id, asked);
      if (asked.isUnderWay || nowMs - asked.atMs < this.#options.refreshMs) return [];
      asked.isUnderWay = true;
      asked.atMs = nowMs;
      return [this.#ask(peer, asked, signal)];
    });
    if (asking.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([Promise.all(asking), late]);
    clearTimeout(timer);
  }

  async #ask(peer: Peer<Header>, asked: Asked, signal: AbortSignal): Promise<void> {
    const { timeoutMs, onMisbehaved, logger } = this.#options;
    try {
      const ask = { type: 'get-state-checksums', requestId: 0 } as const;
      const { snapshots } = await peer.request(ask, { timeoutMs, signal });
      const claims: KnownClaim[] = [];
      for (const snapshot of snapshots.slice(-maxClaimsPerPeer)) {
        const known = await this.#check(peer, snapshot, signal);
        if (known !== undefined) claims.push(known);
      }
      asked.claims = claims;
    } catch (error) {
      asked.claims = [];
      if (signal.aborted) return;
      if (hasCode(error, 'NODE_PEER_MISBEHAVED')) onMisbehaved(peer, error as NodeError);
      else logger.debug({ peer: peer.id, err: error }, 'no state checksums from it');
    } finally {
      asked.isUnderWay = false;
    }
  }

  /** The claim behind what a peer says of one snapshot; undefined if it cannot be used now. @throws NODE_PEER_MISBEHAVED */
  async #check(peer: Peer<Header>, snapshot: StateChecksums, signal: AbortSignal): Promise<KnownClaim | undefined> {
    const { chain, chainStore, hasher, voterOf, maxBytes, logger } = this.#options;
    const { height, blockHash } = snapshot;
    const { snapshotPeriod, statePrefixes } = chain.parameters;
    const wrong = (reason: string, cause?: unknown): NodeError =>
      new NodeError('NODE_PEER_MISBEHAVED', `${peer.id}: its checksums of snapshot ${height} cannot be: ${reason}`, {
        cause,
        details: { peer: peer.id, rule: 'state-checksums', height, reason },
      });
    if (height % snapshotPeriod !== 0) throw wrong('it is no snapshot height');
    // It may be ahead of us, or on a branch that is not ours.
    if (height === 0 || height > chainStore.tipHeight) return undefined;
    if (!equalBytes(blockHash, await chainStore.hashAt(height))) return undefined;
    let bytes = 0;
    for (const part of snapshot.prefixes) {
      if (!statePrefixes.includes(part.prefix)) throw wrong(`${part.prefix} is no state prefix`);
      if (part.records === 0 || part.bytes < part.records) throw wrong(`prefix ${part.prefix} has impossible totals`);
      bytes += part.bytes;
    }
    if (bytes > maxBytes) {
      logger.warn(
        { peer: peer.id, height, bytes, maxBytes },
        'this state is larger than what may be downloaded unproved',
      );
      return undefined;
    }
    const parts = snapshot.prefixes.map((part): UnprovedPart => ({ ...part, checksum: part.checksum.slice() }));
    const table = tableOf(height, parts);
    let checksum = this.#totals.get(table);
    if (checksum === undefined) {
      const sums = parts.map((part) => part.checksum);
      try {
        checksum = await totalChecksum(sums, hasher, { signal });
      } catch (cause) {
        signal.throwIfAborted();
        throw wrong('a checksum is no valid encoding', cause);
      }
      if (this.#totals.size >= maxTotals) this.#totals.clear();
      this.#totals.set(table, checksum);
    }
    // Zero counts for nothing, for a prefix as little as for the whole.
    const isNone = parts.some((part) => part.checksum.every((byte) => byte === 0));
    const claimed = isNone ? new Uint8Array(32) : checksum;
    if (claimed.every((byte) => byte === 0)) {
      logger.warn({ peer: peer.id, height }, 'a zero checksum, which stands for none, is not taken');
    }
    const claim = { peer: peer.id, voter: voterOf(peer), height, checksum: toHex(claimed), table };
    return { claim, target: { height, checksum: claimed, parts } };
  }
}

/** One text for everything that is said of a height. */
function tableOf(height: number, parts: readonly UnprovedPart[]): string {
  const hash = createHash('sha256').update(u64be(height));
  for (const { prefix, records, bytes, checksum } of parts) {
    hash.update(concatBytes(Uint8Array.of(prefix), u64be(records), u64be(bytes), checksum));
  }
  return hash.digest('hex');
}
