import type { StateStore } from '@hs/ancestral-records';
import { concatBytes, toHex } from '@hs/bytes';
import { hasCode } from '../node-error.js';
import { HttpError } from './http-error.js';

/** How often a read of the tip is tried while blocks come. */
const maxTries = 20;

/** Bytes of one page of records, and how long it may be looked for. */
const maxPageBytes = 1024 * 1024;
const maxPageMs = 500;

/** One record, as views of what was read. */
export interface StateRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Some records in key order, and where to go on. */
export interface RecordPage {
  readonly records: readonly StateRecord[];
  readonly next: Uint8Array | undefined;
}

/** The state after the block at one height. */
export interface StateAt {
  readonly height: number;
  /** Hex. */
  readonly stateRoot: string;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Up to `limit` records whose keys begin with `prefix`, from `cursor` on. A page can be short, and have a next one. */
  page(request: {
    readonly prefix: Uint8Array;
    readonly cursor: Uint8Array | undefined;
    readonly limit: number;
  }): Promise<RecordPage>;
}

/**
 * Reads the state at the tip, or after the block at a snapshot height that is kept; all of it belongs to that height.
 *
 * @throws HttpError HTTP_HEIGHT_UNAVAILABLE HTTP_BUSY
 */
export async function readStateAt<Result>(
  store: StateStore,
  options: { readonly height: number | undefined; readonly signal: AbortSignal },
  read: (state: StateAt) => Promise<Result>,
): Promise<Result> {
  const { height: wanted, signal } = options;
  for (let tries = 0; tries < maxTries; tries++) {
    signal.throwIfAborted();
    const tip = store.height;
    const height = wanted ?? tip;
    if (height === undefined || tip === undefined) throw unavailable(wanted ?? 0, store);
    const isTip = height === tip;
    const stateRoot = isTip ? store.stateRoot() : store.snapshots().find((kept) => kept.height === height)?.stateRoot;
    if (stateRoot === undefined) throw unavailable(height, store);
    // Each read looks at the height inside its own database snapshot, so no block can come between.
    const page: StateAt['page'] = (request) => readPage(store, { ...request, height, signal });
    const get = (key: Uint8Array) => readOne(page, key);
    try {
      return await read({ height, stateRoot: toHex(stateRoot), get, page });
    } catch (error) {
      // The whole state can be given up for a newer one meanwhile.
      const isGone = ['ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE', 'ANCESTRAL_RECORDS_NOT_READY'];
      if (!isGone.some((code) => hasCode(error, code))) throw error;
      if (!isTip) throw unavailable(height, store);
    }
  }
  throw new HttpError('HTTP_BUSY', 'the tip moved at every try; ask for a snapshot height, or try again', {
    headers: { 'retry-after': '1' },
  });
}

async function readOne(page: StateAt['page'], key: Uint8Array): Promise<Uint8Array | undefined> {
  const { records } = await page({ prefix: key, cursor: undefined, limit: 1 });
  const [first] = records;
  return first !== undefined && first.key.length === key.length ? first.value : undefined;
}

async function readPage(
  store: StateStore,
  request: {
    readonly height: number;
    readonly prefix: Uint8Array;
    readonly cursor: Uint8Array | undefined;
    readonly limit: number;
    readonly signal: AbortSignal;
  },
): Promise<RecordPage> {
  const { height, prefix, cursor, limit, signal } = request;
  const chunk = await store.readChunk({
    height,
    startKey: cursor ?? prefix,
    endKey: endOf(prefix),
    maxBytes: Math.min(maxPageBytes, 1024 * (limit + 1)),
    maxScanMs: maxPageMs,
    signal,
  });
  const { bytes, offsets } = chunk.records;
  const records: StateRecord[] = [];
  for (let at = 0; at < offsets.length && records.length < limit; at += 4) {
    const key = bytes.subarray(offsets[at], offsets[at + 1]);
    records.push({ key, value: bytes.subarray(offsets[at + 2], offsets[at + 3]) });
  }
  const leftOut = 4 * records.length;
  const next = leftOut < offsets.length ? bytes.slice(offsets[leftOut], offsets[leftOut + 1]) : chunk.nextKey;
  return { records, next };
}

/** The smallest key after all that begin with `prefix`; `undefined` if the prefix is all ones. */
function endOf(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 255) length--;
  if (length === 0) return undefined;
  return concatBytes(prefix.subarray(0, length - 1), Uint8Array.of((prefix[length - 1] ?? 0) + 1));
}

function unavailable(height: number, store: StateStore): HttpError {
  const heights = store.snapshots().map((kept) => kept.height);
  return new HttpError('HTTP_HEIGHT_UNAVAILABLE', `the state at height ${height} is not kept here`, {
    details: { height, tip: store.height ?? null, snapshots: heights },
  });
}
