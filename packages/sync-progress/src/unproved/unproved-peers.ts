import type { UnprovedSettings } from './unproved-options.js';

/** What is known of a peer that takes part, or did. */
export interface UnprovedPeer {
  readonly name: string;
  readonly order: number;
  isHere: boolean;
  isBanned: boolean;
  /** Failures in a row. */
  failures: number;
  /** Not asked before. */
  restsUntilMs: number;
  /** How often something had to be thrown away because it did not finish what it alone was to send. */
  desertions: number;
  readonly holds: Set<number>;
  /** Since it was first here, by this process. */
  records: number;
  bytes: number;
  /** Of its last answers; undefined before the first. */
  bytesPerSecond: number | undefined;
}

/** Asked for at first, and at least, in bytes. */
const firstChunkBytes = 128 * 1024;
/** An answer should take about this long. */
const chunkTargetMs = 1_000;

/** Who can be asked, and for how much. */
export class UnprovedPeers {
  readonly #settings: UnprovedSettings;
  readonly #peers = new Map<string, UnprovedPeer>();

  constructor(settings: UnprovedSettings) {
    this.#settings = settings;
  }

  get all(): readonly UnprovedPeer[] {
    return [...this.#peers.values()];
  }

  get here(): number {
    return this.all.filter(({ isHere }) => isHere).length;
  }

  find(name: string): UnprovedPeer | undefined {
    return this.#peers.get(name);
  }

  join(name: string): void {
    const known = this.#peers.get(name);
    if (known !== undefined) {
      known.isHere = !known.isBanned;
      return;
    }
    this.#peers.set(name, {
      name,
      order: this.#peers.size,
      ...{ isHere: true, isBanned: false, failures: 0, restsUntilMs: 0, desertions: 0, records: 0, bytes: 0 },
      holds: new Set(),
      bytesPerSecond: undefined,
    });
  }

  /** Who is to send a prefix next: the one with fewest prefixes; where it has to send all of it, the most reliable one. */
  pick(nowMs: number, options: { readonly isAlone: boolean }): UnprovedPeer | undefined {
    const { maxPrefixesPerPeer } = this.#settings;
    const reliability = ({ desertions }: UnprovedPeer): number => (options.isAlone ? desertions : 0);
    return this.all
      .filter((peer) => canBeAsked(peer, nowMs) && peer.holds.size < maxPrefixesPerPeer)
      .sort(
        (a, b) =>
          reliability(a) - reliability(b) ||
          a.failures - b.failures ||
          a.holds.size - b.holds.size ||
          (b.bytesPerSecond ?? 0) - (a.bytesPerSecond ?? 0) ||
          a.order - b.order,
      )[0];
  }

  /** True if somebody else could take over at once. */
  hasOther(than: UnprovedPeer, nowMs: number): boolean {
    return this.all.some((peer) => peer !== than && canBeAsked(peer, nowMs));
  }

  /** True if somebody who sends nothing could. */
  hasIdle(nowMs: number): boolean {
    return this.all.some((peer) => peer.holds.size === 0 && canBeAsked(peer, nowMs));
  }

  /** It did not answer, or not well: it rests for a while, each time longer. */
  fail(peer: UnprovedPeer, nowMs: number): void {
    const { retryDelayMs, maxRetryDelayMs } = this.#settings;
    peer.restsUntilMs = nowMs + Math.min(maxRetryDelayMs, retryDelayMs * 2 ** Math.min(peer.failures, 30));
    peer.failures++;
  }

  answered(
    peer: UnprovedPeer,
    answer: { readonly records: number; readonly bytes: number; readonly elapsedMs: number },
  ): void {
    const { records, bytes, elapsedMs } = answer;
    peer.failures = 0;
    peer.records += records;
    peer.bytes += bytes;
    const rate = (bytes * 1000) / Math.max(elapsedMs, 1);
    peer.bytesPerSecond = peer.bytesPerSecond === undefined ? rate : (peer.bytesPerSecond + rate) / 2;
  }

  /** Bytes to ask a peer for. */
  chunkBytes({ bytesPerSecond = 0 }: UnprovedPeer): number {
    const { maxChunkBytes } = this.#settings;
    const wanted = Math.round((bytesPerSecond * chunkTargetMs) / 1000);
    return Math.min(maxChunkBytes, Math.max(firstChunkBytes, wanted));
  }

  /** When the first of those that rest can be asked again. */
  nextRestEndMs(nowMs: number): number | undefined {
    const ends = this.all.filter(({ isHere, restsUntilMs }) => isHere && restsUntilMs > nowMs);
    return ends.length === 0 ? undefined : Math.min(...ends.map(({ restsUntilMs }) => restsUntilMs));
  }
}

function canBeAsked({ isHere, restsUntilMs }: UnprovedPeer, nowMs: number): boolean {
  return isHere && restsUntilMs <= nowMs;
}
