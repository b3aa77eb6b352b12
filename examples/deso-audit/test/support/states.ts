import { readFileSync } from 'node:fs';
import { EllipticSum } from '@hs/ellipticsum';
import { ba, uv } from './go-bytes.js';

interface Vectors {
  readonly total: string;
  readonly prefixes: readonly {
    readonly prefix: number;
    readonly checksum: string;
    readonly records: readonly (readonly [key: string, value: string])[];
  }[];
}

const file = new URL('../../../../packages/ellipticsum/test/vectors/deso-genesis-state.json', import.meta.url);
export const genesisVectors: Vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

/** The genesis state as a database holds it: with the encoder types and versions that the vectors leave out. */
export const genesisState: ReadonlyMap<string, Buffer> = new Map(
  genesisVectors.prefixes.flatMap(({ prefix, records }) =>
    records.map(
      ([key, value]) =>
        [
          key,
          Buffer.from(prefix === 5 ? storedUtxo(value) : prefix === 40 ? storedParams(value) : value, 'hex'),
        ] as const,
    ),
  ),
);

/** `01 amount 21 key height type 01 transaction index`. */
function storedUtxo(value: string): string {
  const [, start, utxoKey] = /^01([0-9a-f]*21[0-9a-f]{66}0000)01(0{64}[0-9a-f]+)$/.exec(value) as unknown as [
    string,
    string,
    string,
  ];
  return `010000${start}011700${utxoKey}`;
}

function storedParams(value: string): string {
  return `010f00${value.slice(2)}`;
}

/** A state of one kind of entry and one of plain values, and its checksum, both made by hand. */
export function smallState(
  size: number,
  fill = 0,
): { readonly records: Map<string, Buffer>; readonly checksum: Buffer } {
  const records = new Map<string, Buffer>();
  let sum = EllipticSum.zero;
  const add = (key: Buffer, stored: Buffer, summed: Buffer): void => {
    records.set(key.toString('hex'), stored);
    sum = sum.add(EllipticSum.ofRecord(key, summed));
  };
  for (let index = 0; index < size; index++) {
    const pkid = Buffer.concat([Buffer.from([2]), Buffer.alloc(28, fill), u32(index)]);
    const stored = Buffer.concat([Buffer.from([1, 25, 0]), ba(pkid)]);
    const summed = Buffer.concat([Buffer.from([1]), ba(pkid)]);
    const amount = Buffer.concat([Buffer.from([1]), ba(Buffer.from([1 + (index % 250)])), Buffer.from([0])]);
    add(
      Buffer.concat([Buffer.from([55]), pkid, pkid]),
      Buffer.concat([Buffer.from([1, 17, 0]), stored, stored, amount]),
      Buffer.concat([Buffer.from([1]), summed, summed, amount]),
    );
    const name = Buffer.concat([Buffer.from([25]), Buffer.from(`name${fill}x${index}`)]);
    add(name, pkid, pkid);
  }
  return { records, checksum: Buffer.from(sum.encode()) };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** For states whose checksum plays no part. */
export const someChecksum: Buffer = Buffer.from(EllipticSum.ofRecord(Buffer.from([5]), uv(1)).encode());
