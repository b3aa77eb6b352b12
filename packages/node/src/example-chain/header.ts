/**
 * The header of the example chain.
 *
 * Blocks carry the state root after themselves, and at `snapshotHeight + snapshotLag` the root of that snapshot's manifest; on a
 * chain without roots, neither.
 */
export interface ExampleHeader {
  /** Layout of the header: 1, or 2 without roots. */
  readonly version: number;
  /** Id of the parent; 32 zero bytes in genesis. */
  readonly previousHash: Uint8Array;
  /** Merkle root over the transaction ids; in genesis, which has no transactions, the commitment to the chain spec. */
  readonly transactionMerkleRoot: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly height: number;
  /** State root after this block, 32 bytes; `undefined` in version 2. */
  readonly stateRoot: Uint8Array | undefined;
  /** Root of the snapshot that this height must carry, 32 bytes; `undefined` at all other heights. */
  readonly snapshotRoot: Uint8Array | undefined;
  /** Compressed secp256k1 public key, 33 bytes; zeros in genesis. */
  readonly producerPublicKey: Uint8Array;
  /** Compact signature (r, s), 64 bytes, low S; zeros in genesis. Not part of the block id. */
  readonly signature: Uint8Array;
}
