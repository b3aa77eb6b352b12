/** The value under prefixes 55 and 56. */
export interface BalanceEntry {
  readonly holderPkid: Uint8Array;
  readonly creatorPkid: Uint8Array;
  /** uint256, in base units. */
  readonly balance: bigint;
  /** Always false for DAO coins. */
  readonly hasPurchased: boolean;
}
