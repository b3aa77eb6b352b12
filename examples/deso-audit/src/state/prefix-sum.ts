/** A value that is no entry of the type that its prefix says. */
export interface UndecodableValue {
  /** Hex. */
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

/** What the records of one prefix come to. Plain data. */
export interface PrefixSum {
  readonly prefix: number;
  readonly records: number;
  /** Of keys and values as they are stored. */
  readonly bytes: number;
  /** Hex of the sum of the records whose values could be decoded. */
  readonly sum: string;
  readonly undecodable: number;
  /** The first of them. */
  readonly examples: readonly UndecodableValue[];
}
