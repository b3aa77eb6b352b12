import { createHash } from 'node:crypto';
import { EllipticSum, StateChecksum } from '@hs/ellipticsum';

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value >>> 0)]);

/**
 * A snapshot file as the README of @hs/ancestral-records says, in which every record is a range of its own: at most 1024 records
 * with ascending keys of equal length.
 */
export function snapshotFileOf(
  records: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
  { height, identity }: { readonly height: number; readonly identity: Uint8Array },
): Uint8Array {
  const state = new StateChecksum();
  const entries = records.map(([key, value]) => {
    const sum = EllipticSum.ofRecord(key, value);
    state.addSum(key[0] ?? 0, sum);
    return [u32(8 * key.length), key, u64(1), u64(key.length + value.length), sum.encode()];
  });
  const page = Buffer.concat([Uint8Array.of(1), u32(records.length), ...entries.flat()]);
  const pageHash = sha256(Buffer.from('HS:page:v1'), page);
  const root = sha256(Buffer.from('HS:snapshot-root:v1'), identity, u64(height), u32(1), pageHash);
  const blocks = records.flatMap(([key, value]) => [u32(key.length), u32(value.length), key, value]);
  const blockBytes = blocks.reduce((sum, { length }) => sum + length, 0);
  const fields = Buffer.concat([
    Buffer.from('004853530d0a1a0a01', 'hex'),
    identity,
    u64(height),
    state.root(),
    root,
    u32(1),
    u64(157 + 36 + page.length + blockBytes),
  ]);
  const header = sha256(Buffer.from('HS:snapshot-file:v1'), fields);
  return Buffer.concat([fields, header, u32(page.length), pageHash, page, ...blocks]);
}
