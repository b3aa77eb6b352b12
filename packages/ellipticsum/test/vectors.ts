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
