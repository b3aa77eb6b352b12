/** The value under prefix 36. */
export interface PkidEntry {
  readonly pkid: Uint8Array;
  readonly publicKey: Uint8Array;
}
