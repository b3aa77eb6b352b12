/** One record that a connect changed. */
export interface UndoRecord {
  readonly key: Uint8Array;
  /** `undefined`: there was no record. */
  readonly before: Uint8Array | undefined;
  /** `undefined`: there is no record. */
  readonly after: Uint8Array | undefined;
}

/** What {@link disconnectDaoCoin} needs to take a transaction back: the changed records, before and after. */
export interface DaoCoinUndo {
  readonly records: readonly UndoRecord[];
}
