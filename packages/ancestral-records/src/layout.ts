import { concatBytes, u32be, u64be } from '@hs/bytes';

/*
 * Keys of the database. The first byte says what an entry is, so that no record of a chain can collide with the store's
 * own data, and each kind can be scanned and cleared by itself:
 *
 *   00 00                         format record: version, identity, parameters
 *   00 01                         tip: phase, height, rewind target, state root
 *   00 02 prefix                  summary of a state prefix at the tip
 *   00 03 height:8                snapshot record
 *   00 04 height:8 page:4         manifest page of a snapshot
 *   00 05                         download record: height, number of pages
 *   00 06 page:4                  manifest page of the download
 *   00 08                         unproved download: height, checksum, parts
 *   00 09 prefix                  interval of the unproved download: whether it is dirty, cursor, totals
 *   00 0a prefix page:4           ranges of that interval that are complete
 *   01 key                        other record
 *   02 key                        state record
 *   02 start 00...                mark of a proved and committed range of the download, one byte longer than any record's
 *   03 epoch:8 key                ancestral record: 00 for absent, or 01 and the value
 */

/** A half-open interval of database keys. */
export interface DatabaseInterval {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** Bytes before the record key in the database key of a state or other record. */
export const recordKeyOffset = 1;
/** Bytes before the record key in the database key of an ancestral record. */
export const ancestralKeyOffset = 9;

export const formatKey: Uint8Array = Uint8Array.of(0, 0);
export const tipKey: Uint8Array = Uint8Array.of(0, 1);
export const downloadKey: Uint8Array = Uint8Array.of(0, 5);
export const unprovedKey: Uint8Array = Uint8Array.of(0, 8);

export function summaryKey(prefix: number): Uint8Array {
  return Uint8Array.of(0, 2, prefix);
}
export function snapshotKey(height: number): Uint8Array {
  return concatBytes(Uint8Array.of(0, 3), u64be(height));
}
export function pageKey(height: number, page: number): Uint8Array {
  return concatBytes(Uint8Array.of(0, 4), u64be(height), u32be(page));
}
/** All manifest pages of a snapshot. */
export function pagesOf(height: number): DatabaseInterval {
  return { gte: pageKey(height, 0), lt: concatBytes(Uint8Array.of(0, 4), u64be(height + 1)) };
}
export function downloadPageKey(page: number): Uint8Array {
  return concatBytes(Uint8Array.of(0, 6), u32be(page));
}
export function unprovedIntervalKey(prefix: number): Uint8Array {
  return Uint8Array.of(0, 9, prefix);
}
export function unprovedPageKey(prefix: number, page: number): Uint8Array {
  return concatBytes(Uint8Array.of(0, 10, prefix), u32be(page));
}
/** All pages of one interval of the unproved download. */
export function unprovedPagesOf(prefix: number): DatabaseInterval {
  return {
    gte: unprovedPageKey(prefix, 0),
    lt: prefix === 255 ? Uint8Array.of(0, 11) : unprovedPageKey(prefix + 1, 0),
  };
}
export function stateKey(key: Uint8Array): Uint8Array {
  return tagged(2, key);
}
/**
 * The mark of a range that begins at `startKey`: among its records, where no record can be. A database is quickest with writes in the
 * order of their keys, and each batch of a download has a mark.
 */
export function markKey(startKey: Uint8Array, maxKeyBytes: number): Uint8Array {
  const key = new Uint8Array(2 + maxKeyBytes);
  key.set(stateKey(startKey));
  return key;
}
export function otherKey(key: Uint8Array): Uint8Array {
  return tagged(1, key);
}
export function ancestralKey(epoch: number, key: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(3), u64be(epoch), key);
}

export const everything: DatabaseInterval = { gte: new Uint8Array(0), lt: new Uint8Array(32).fill(255) };
export const summaries: DatabaseInterval = { gte: Uint8Array.of(0, 2), lt: Uint8Array.of(0, 3) };
export const snapshots: DatabaseInterval = { gte: Uint8Array.of(0, 3), lt: Uint8Array.of(0, 4) };
export const unprovedIntervals: DatabaseInterval = { gte: Uint8Array.of(0, 9), lt: Uint8Array.of(0, 10) };
/** Whatever the store keeps about itself, but for format and tip. */
export const bookkeeping: DatabaseInterval = { gte: Uint8Array.of(0, 2), lt: Uint8Array.of(1) };
export const allState: DatabaseInterval = { gte: Uint8Array.of(2), lt: Uint8Array.of(3) };
export const allAncestral: DatabaseInterval = { gte: Uint8Array.of(3), lt: Uint8Array.of(4) };

/** State records with `startKey <= key`, and `key < endKey` if there is one. */
export function stateInterval(startKey: Uint8Array, endKey: Uint8Array | undefined): DatabaseInterval {
  return { gte: stateKey(startKey), lt: endKey === undefined ? allState.lt : stateKey(endKey) };
}
/** Other records with `startKey <= key`, and `key < endKey` if there is one. */
export function otherInterval(startKey: Uint8Array, endKey: Uint8Array | undefined): DatabaseInterval {
  return { gte: otherKey(startKey), lt: endKey === undefined ? allState.gte : otherKey(endKey) };
}
/** Ancestral records of one epoch in an interval of record keys. */
export function epochInterval(epoch: number, startKey: Uint8Array, endKey: Uint8Array | undefined): DatabaseInterval {
  return { gte: ancestralKey(epoch, startKey), lt: ancestralKey(...after(epoch, endKey)) };
}
/** Ancestral records of this epoch and all later ones. */
export function epochsFrom(epoch: number): DatabaseInterval {
  return { gte: ancestralKey(epoch, noKey), lt: allAncestral.lt };
}
/** Ancestral records of all epochs before this one. */
export function epochsBefore(epoch: number): DatabaseInterval {
  return { gte: allAncestral.gte, lt: ancestralKey(epoch, noKey) };
}

const noKey = new Uint8Array(0);

function after(epoch: number, endKey: Uint8Array | undefined): [number, Uint8Array] {
  return endKey === undefined ? [epoch + 1, noKey] : [epoch, endKey];
}

function tagged(tag: number, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + key.length);
  bytes[0] = tag;
  bytes.set(key, 1);
  return bytes;
}
