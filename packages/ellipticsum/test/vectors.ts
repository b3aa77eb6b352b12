import { readFileSync } from 'node:fs';

/** The JSON file `name` of test/vectors. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}`, import.meta.url), 'utf8'));
}

export interface EllipticSumVectors {
  readonly dst: string;
  readonly identity: string;
  /** `encoded` is left out for long records. */
  readonly records: readonly { readonly key: string; readonly value: string; encoded?: string; point: string }[];
  readonly steps: readonly { readonly op: 'add' | 'remove'; key: string; value: string; checksum: string }[];
  readonly bulk: readonly { readonly count: number; readonly checksum: string }[];
}

export interface GenesisVectors {
  readonly dst: string;
  readonly total: string;
  readonly count: number;
  readonly prefixes: readonly {
    readonly prefix: number;
    readonly count: number;
    readonly checksum: string;
    readonly records: readonly (readonly [key: string, value: string])[];
  }[];
}

/** A snapshot file that packages/node/scripts/make-snapshot-fixtures.mjs wrote. */
export interface SnapshotFileVector {
  readonly identity: string;
  readonly stateRoot: string;
  readonly snapshotRoot: string;
  readonly records: number;
  /** Length of the block of each range; the last one ends the file. */
  readonly blockBytes: readonly number[];
  readonly file: string;
}
