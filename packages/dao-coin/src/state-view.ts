/** Reads of a state, by record key. */
export interface StateReader {
  /** The stored value, or `undefined` when there is no record. The library never changes the bytes it is given. */
  get(key: Uint8Array): Promise<Uint8Array | undefined> | Uint8Array | undefined;
}

/**
 * A state that transactions are connected to: reads see earlier writes.
 *
 * `set` and `delete` take effect at once and keep the bytes they are given without copying. One transaction at a time:
 * wait for a connect to settle before the next one starts.
 */
export interface StateView extends StateReader {
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /**
   * True if this view deleted the record and has not been flushed since. Only for following the Go node to the letter,
   * which tells such a balance entry ("does not exist") from one that was never there ("zero"). Views without this
   * method treat both as zero.
   */
  isDeleted?(key: Uint8Array): boolean;
}
