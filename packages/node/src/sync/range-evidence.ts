import { toHex } from '@hs/bytes';
import type { BanCommand } from '@hs/sync-progress';

/**
 * What a banned sender of a range did, as plain data for logs, `/status` and the stored ban: byte strings become hex.
 * `expected` is what the manifest or the protocol wants, `got` what came.
 */
export function evidenceOfBan({ reason, evidence }: BanCommand): Readonly<Record<string, unknown>> {
  const { manifestId, range, startKey, endKey, records, bytes } = evidence;
  const details = plain(evidence.details) as Readonly<Record<string, unknown>>;
  const { expected = { records, bytes }, actual = details, digest = null } = details;
  return {
    rule: reason,
    snapshotHeight: Number(manifestId),
    range,
    startKey: startKey === undefined ? null : toHex(startKey),
    endKey: endKey === undefined ? null : toHex(endKey),
    records,
    bytes,
    expected,
    got: actual,
    digest,
  };
}

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    return toHex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
