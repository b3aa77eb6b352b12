import type { StateHasher } from './hasher.js';
import type { Manifest } from './manifest.js';
import { RangeGrid } from './range-grid.js';
import { type LedgerMoves, RangeLedger } from './range-ledger.js';

/** A ledger and the snapshot height that its epoch begins with. */
interface EpochLedger {
  readonly epoch: number;
  readonly ledger: RangeLedger;
}

/**
 * The ledgers of a store: that of the epoch under way, and that of the one before while its manifest is built.
 *
 * A ledger is there only if it knows every block of its epoch. So it goes when the store moves in any other way than by a
 * block, and is begun only at a snapshot. Between a snapshot and its manifest the ranges are those of the manifest before;
 * what is known of ranges that both have is taken over.
 */
export class EpochLedgers {
  readonly #hasher: StateHasher;
  readonly #maxRanges: number;
  #grid: RangeGrid | undefined;
  #current: EpochLedger | undefined;
  #closed: EpochLedger | undefined;
  /** Version of the store up to which they know everything. */
  #version = -1;

  constructor(hasher: StateHasher, maxRanges: number) {
    this.#hasher = hasher;
    this.#maxRanges = maxRanges;
  }

  /** Begins anew: the store, at this version, stands at some height after the snapshot of the manifest. */
  begin(manifest: Manifest | undefined, at: { readonly height: number; readonly version: number }): void {
    this.#grid = manifest && this.#gridOf(manifest);
    this.#closed = undefined;
    this.#current = manifest?.height === at.height ? this.#begun(at.height) : undefined;
    this.#version = at.version;
  }

  /** The ledger of the epoch under way, if it knows everything up to this version. */
  current(version: number): RangeLedger | undefined {
    return version === this.#version ? this.#current?.ledger : undefined;
  }

  /** The ledger of an epoch that is over. */
  closed(epoch: number, version: number): RangeLedger | undefined {
    return version === this.#version && this.#closed?.epoch === epoch ? this.#closed.ledger : undefined;
  }

  /** Resolves when there is room for another block. */
  async ready(): Promise<void> {
    await this.#current?.ledger.ready();
  }

  /** Takes note of a block that was written, and brought the store from one version to another. */
  commit(
    moves: LedgerMoves | undefined,
    block: { readonly height: number; readonly isSnapshot: boolean; readonly from: number; readonly to: number },
  ): void {
    if (block.from !== this.#version || moves === undefined) this.#current = undefined;
    else this.#current?.ledger.add(moves);
    if (block.from !== this.#version) this.#closed = undefined;
    this.#version = block.to;
    if (!block.isSnapshot) return;
    this.#closed = this.#current;
    this.#current = this.#begun(block.height);
  }

  /** Resolves when nothing is added up any more. */
  async settled(): Promise<void> {
    await Promise.all([this.#current?.ledger.settle(), this.#closed?.ledger.settle()]);
  }

  /** Takes over the ranges of a manifest that is complete now, when the store stands at a height. */
  complete(manifest: Manifest, height: number): void {
    const before = this.#current;
    const isAtOnce = manifest.height === height;
    const known = before?.epoch === manifest.height && !before.ledger.isBroken ? before.ledger.moves() : undefined;
    this.#grid = this.#gridOf(manifest);
    this.#closed = undefined;
    this.#current = known === undefined && !isAtOnce ? undefined : this.#begun(manifest.height);
    if (known !== undefined) this.#current?.ledger.add(known);
  }

  #begun(epoch: number): EpochLedger | undefined {
    return this.#grid && { epoch, ledger: new RangeLedger(this.#hasher, this.#grid) };
  }

  #gridOf(manifest: Manifest): RangeGrid | undefined {
    return manifest.entries.length <= this.#maxRanges ? new RangeGrid(manifest) : undefined;
  }
}
