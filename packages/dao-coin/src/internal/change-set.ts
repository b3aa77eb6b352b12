import { equalBytes } from '@hs/bytes';
import type { StateView } from '../state-view.js';
import type { DaoCoinUndo, UndoRecord } from '../undo.js';

/**
 * The writes of one connect, collected while its rules are checked and applied at the end without a pause, so that a
 * connect that fails leaves the view as it was.
 */
export class ChangeSet {
  readonly #records: UndoRecord[] = [];

  /** Adds a write, unless it changes nothing. */
  add(record: UndoRecord): void {
    const { before, after } = record;
    const isSame = before === undefined || after === undefined ? before === after : equalBytes(before, after);
    if (!isSame) this.#records.push(record);
  }

  /** Writes everything to `view` and returns what takes it back. */
  apply(view: StateView): DaoCoinUndo {
    for (const { key, after } of this.#records) writeRecord(view, key, after);
    return { records: this.#records };
  }
}

/** Sets a record, or deletes it when the value is `undefined`. */
export function writeRecord(view: StateView, key: Uint8Array, value: Uint8Array | undefined): void {
  if (value === undefined) view.delete(key);
  else view.set(key, value);
}
