import { toHex } from '@hs/bytes';
import type { StateView } from '../state-view.js';
import type { DaoCoinUndo, UndoRecord } from '../undo.js';
import { ChangeSet } from './change-set.js';

/**
 * Collects the writes of several connects on top of a view, which sees them only when {@link OverlayView.apply} hands all of
 * them over: so that either all of the connects happen or none.
 */
export class OverlayView implements StateView {
  /** Absent where the view below cannot tell either, so that every rule gives the verdict it would give there. */
  readonly isDeleted?: (key: Uint8Array) => boolean;
  readonly #below: StateView;
  readonly #written = new Map<string, Uint8Array | undefined>();
  readonly #changed = new Map<string, UndoRecord>();

  constructor(below: StateView) {
    this.#below = below;
    if (below.isDeleted === undefined) return;
    this.isDeleted = (key) => {
      const name = toHex(key);
      return this.#written.has(name)
        ? this.#written.get(name) === undefined
        : (below.isDeleted as (key: Uint8Array) => boolean)(key);
    };
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const name = toHex(key);
    return this.#written.has(name) ? this.#written.get(name) : this.#below.get(key);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#written.set(toHex(key), value);
  }

  delete(key: Uint8Array): void {
    this.#written.set(toHex(key), undefined);
  }

  /** Takes note of a connect whose writes came here. */
  add({ records }: DaoCoinUndo): void {
    for (const { key, before, after } of records) {
      const name = toHex(key);
      this.#changed.set(name, { key, before: (this.#changed.get(name) ?? { before }).before, after });
    }
  }

  /** Hands everything to the view below; gives what takes it back. */
  apply(): DaoCoinUndo {
    const changes = new ChangeSet();
    for (const record of this.#changed.values()) changes.add(record);
    return changes.apply(this.#below);
  }
}
