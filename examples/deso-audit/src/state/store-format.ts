import type { HeaderMark } from '../chain/header-rules.js';
import type { DownloadState } from './download-state.js';
import type { PrefixSum } from './prefix-sum.js';

/** Layout of what the store keeps, and the only one that it reads. */
export const formatVersion = 1;

/** First byte of the store's own keys. */
export const table = { format: 0, download: 1, header: 2, state: 3, sum: 4, end: 5 } as const;

/** A key and its value. */
export interface StoredPair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A download in JSON. */
export interface SavedDownload extends Omit<DownloadState, 'progress'> {
  readonly progress: { readonly prefix: number | undefined; readonly lastKey: string | undefined };
  readonly isClearing?: boolean;
}

/** The sum of a prefix in JSON, and the height that it is for. */
export interface SavedSum {
  readonly height: number;
  readonly sum: PrefixSum;
}

export function downloadPair(download: DownloadState, isClearing = false): StoredPair {
  const { prefix, lastKey } = download.progress;
  const progress = { prefix, lastKey: lastKey === undefined ? undefined : Buffer.from(lastKey).toString('hex') };
  const saved: SavedDownload = { ...download, progress, ...(isClearing ? { isClearing } : {}) };
  return { key: Uint8Array.of(table.download), value: json(saved) };
}

export function revivedDownload({ isClearing: _isClearing, ...saved }: SavedDownload): DownloadState {
  const { prefix, lastKey } = saved.progress;
  const key = lastKey === undefined ? undefined : new Uint8Array(Buffer.from(lastKey, 'hex'));
  return { ...saved, claim: saved.claim, progress: { prefix, lastKey: key } };
}

export function headerKey(height: number): Uint8Array {
  const key = new Uint8Array(5);
  key[0] = table.header;
  new DataView(key.buffer).setUint32(1, height);
  return key;
}

/** Version, nanoseconds, hash. */
export function headerPair({ height, hash, timestampNanos, version }: HeaderMark): StoredPair {
  const value = new Uint8Array(41);
  value[0] = version;
  new DataView(value.buffer).setBigInt64(1, timestampNanos);
  value.set(hash, 9);
  return { key: headerKey(height), value };
}

export function headerOf([key, value]: readonly [Uint8Array, Uint8Array]): HeaderMark {
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    height: view(key).getUint32(1),
    hash: value.subarray(9),
    timestampNanos: view(value).getBigInt64(1),
    version: value[0] as number,
  };
}

/** A key of the state among those of the store. */
export function stateKey(key: Uint8Array): Uint8Array {
  const whole = new Uint8Array(1 + key.length);
  whole[0] = table.state;
  whole.set(key, 1);
  return whole;
}

/** What comes after all keys of a prefix. */
export function stateEnd(prefix: number): Uint8Array {
  return prefix === 255 ? Uint8Array.of(table.state + 1) : Uint8Array.of(table.state, prefix + 1);
}

export function rangeOf(first: number): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: Uint8Array.of(first), lt: Uint8Array.of(first + 1) };
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
