/** Which output of which transaction. */
export interface UtxoKey {
  /** 32 bytes. */
  readonly transactionId: Uint8Array;
  readonly index: number;
}

/** An output that nobody has spent. */
export interface UtxoEntry {
  readonly amountNanos: bigint;
  readonly publicKey: Uint8Array;
  readonly blockHeight: number;
  /** 0 output, 1 block reward, and others. One byte. */
  readonly utxoType: number;
  readonly utxoKey: UtxoKey | undefined;
}
