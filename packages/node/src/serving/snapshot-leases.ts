/** How {@link SnapshotLeases} are made. */
export interface SnapshotLeasesOptions {
  /** What one request keeps a snapshot for. */
  readonly leaseMs: number;
  /** How much longer than without leases a snapshot can be kept, whoever asks for it and however often. */
  readonly maxHoldMs: number;
  /** Heights of the snapshots that are served, ascending. */
  readonly heights: () => readonly number[];
  /** How many are kept without leases. */
  readonly retained: number;
  /** Keeps a snapshot from being retired for so long; the longest wish counts. False if it cannot be kept. */
  readonly hold: (height: number, forMs: number) => boolean;
  readonly monotonicMs: () => number;
}

/** A snapshot that is served for at least so much longer. */
export interface SnapshotPromise {
  readonly height: number;
  readonly leftMs: number;
}

/**
 * Promises to peers that the snapshot they are downloading stays here for a while: each request for it renews the promise.
 *
 * The time that snapshots are kept beyond their turn is bounded: the clock of a snapshot starts when it is the next one to
 * go, so nobody can use it up before anybody needs it.
 */
export class SnapshotLeases {
  readonly #options: SnapshotLeasesOptions;
  /** Since when a snapshot is the next to go, by height. */
  readonly #dueSince = new Map<number, number>();
  /** Until when each peer was promised a snapshot. */
  readonly #promised = new WeakMap<object, { height: number; untilMs: number }>();

  constructor(options: SnapshotLeasesOptions) {
    this.#options = options;
  }

  /**
   * A peer has asked for something of a snapshot that is served. Gives the milliseconds that it should be told of now;
   * `undefined` if what it was told still holds for half of the time, or if nothing (more) can be promised.
   */
  renew(peer: object, height: number): number | undefined {
    const { leaseMs, maxHoldMs, hold, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    const promised = this.#promised.get(peer);
    const leftMs = promised?.height === height ? Math.max(0, promised.untilMs - nowMs) : 0;
    if (leftMs > leaseMs / 2) return undefined;
    this.#note(nowMs);
    const dueSinceMs = this.#dueSince.get(height);
    const durationMs = Math.max(
      0,
      Math.min(leaseMs, dueSinceMs === undefined ? leaseMs : dueSinceMs + maxHoldMs - nowMs),
    );
    // What is left of it was promised already, or nothing is.
    if (durationMs <= leftMs) return undefined;
    if (!hold(height, durationMs)) return undefined;
    this.#promised.set(peer, { height, untilMs: nowMs + durationMs });
    return Math.floor(durationMs);
  }

  /** What a peer was told that still holds. */
  promisedTo(peer: object): SnapshotPromise | undefined {
    const promised = this.#promised.get(peer);
    const leftMs = (promised?.untilMs ?? 0) - this.#options.monotonicMs();
    return promised === undefined || leftMs <= 0 ? undefined : { height: promised.height, leftMs: Math.round(leftMs) };
  }

  /** Notes which snapshots are due to go: all that are here but the newest that are kept anyway, and the oldest of those. */
  #note(nowMs: number): void {
    const { heights, retained } = this.#options;
    const here = heights();
    const due = here.slice(0, Math.max(0, here.length - retained + 1));
    for (const height of [...this.#dueSince.keys()]) if (!due.includes(height)) this.#dueSince.delete(height);
    for (const height of due) if (!this.#dueSince.has(height)) this.#dueSince.set(height, nowMs);
  }
}
