/** Metadata of a DAO coin transaction (type 24). */
export interface DaoCoinMetadata {
  /** Public key of the profile whose coin it is. */
  readonly profilePublicKey: Uint8Array;
  /** One byte, see {@link daoCoinOperations}. */
  readonly operation: number;
  /** uint256; 0 unless minting. */
  readonly coinsToMint: bigint;
  /** uint256; 0 unless burning. */
  readonly coinsToBurn: bigint;
  /** One byte, see {@link transferRestrictions}; 0 unless updating it. */
  readonly transferRestriction: number;
}

/** Metadata of a DAO coin transfer transaction (type 25). */
export interface DaoCoinTransferMetadata {
  /** Public key of the profile whose coin it is. */
  readonly profilePublicKey: Uint8Array;
  /** uint256, in base units. */
  readonly amount: bigint;
  readonly receiverPublicKey: Uint8Array;
}

/** The operation byte of a DAO coin transaction. */
export const daoCoinOperations = { mint: 0, burn: 1, disableMinting: 2, updateTransferRestriction: 3 } as const;

/** The transfer restriction byte of a DAO coin. */
export const transferRestrictions = {
  unrestricted: 0,
  profileOwnerOnly: 1,
  daoMembersOnly: 2,
  permanentlyUnrestricted: 3,
} as const;
