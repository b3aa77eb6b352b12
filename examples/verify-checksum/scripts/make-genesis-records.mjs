/**
 * Writes data/deso-genesis.records: the state records of the DeSo main net genesis block, from the test vectors of
 * @hs/ellipticsum, in key order. Shows how to write a record file.
 */
import { createWriteStream, readFileSync } from 'node:fs';

const vectors = new URL('../../../packages/ellipticsum/test/vectors/deso-genesis-state.json', import.meta.url);
const target = new URL('../data/deso-genesis.records', import.meta.url);

/** Unsigned LEB128: seven bits a byte, lowest first, the high bit set on all but the last byte. */
function uvarint(number) {
  const bytes = [];
  for (; number >= 0x80; number = Math.floor(number / 0x80)) bytes.push((number % 0x80) | 0x80);
  return Buffer.from([...bytes, number]);
}

const { prefixes } = JSON.parse(readFileSync(vectors, 'utf8'));
const records = prefixes.flatMap((prefix) =>
  prefix.records.map((record) => record.map((hex) => Buffer.from(hex, 'hex'))),
);
records.sort(([left], [right]) => Buffer.compare(left, right));

const file = createWriteStream(target);
for (const [key, value] of records) {
  for (const bytes of [key, value]) {
    file.write(uvarint(bytes.length));
    file.write(bytes);
  }
}
file.end();
