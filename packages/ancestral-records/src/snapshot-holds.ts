/** How {@link SnapshotHolds} are bounded. */
export interface SnapshotHoldsOptions {
  /** Snapshots held at once. */
  readonly maxSnapshots: number;
  readonly monotonicMs: () => number;
}

/**
 * Which snapshots somebody still needs, and until when. Kept in memory alone: no root, manifest or block depends on it, and a
 * store that is opened again holds nothing.
 */
export class SnapshotHolds {
  readonly #options: SnapshotHoldsOptions;
  readonly #untilMs = new Map<number, number>();

  constructor(options: SnapshotHoldsOptions) {
    this.#options = options;
  }

  /** Holds a snapshot for at least so long; the longest wish counts. False if too many others are held. */
  hold(height: number, forMs: number): boolean {
    const { maxSnapshots, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    for (const [held, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(held);
    const known = this.#untilMs.get(height);
    if (known === undefined && this.#untilMs.size >= maxSnapshots) return false;
    this.#untilMs.set(height, Math.max(known ?? 0, nowMs + forMs));
    return true;
  }

  isHeld(height: number): boolean {
    return (this.#untilMs.get(height) ?? 0) > this.#options.monotonicMs();
  }
}
