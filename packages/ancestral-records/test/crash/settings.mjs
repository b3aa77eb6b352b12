// What each job of the worker works with, and what follows from it: the records after each height, and sources of them.
import { computeManifest, totalChecksum, withDefaults } from '../../dist/index.js';
import { changesOf, hasher, period, stateRoot, wideChangesOf } from './chain.mjs';

const identity = new Uint8Array(32).fill(7);
const shared = { identity, statePrefixes: [5, 6, 9, 255], maxKeyBytes: 64 };
const small = { changesOf, parameters: withDefaults({ ...shared, snapshotPeriod: period, maxRangeRecords: 4 }) };
const wide = (chosen) => ({
  changesOf: wideChangesOf,
  parameters: withDefaults({ ...shared, snapshotPeriod: 4, maxRangeRecords: 32, ...chosen }),
});

/** Jobs by name: changes of each block, and chain parameters. */
export const jobs = {
  blocks: small,
  download: small,
  build: wide({ maxRangeRecords: 1 }),
  retention: wide({ retainedEpochs: 1 }),
  rewind: wide({}),
  reset: wide({}),
  adopt: wide({}),
  import: wide({}),
  rebuild: wide({}),
  repair: wide({}),
  export: wide({}),
  unproved: wide({}),
};

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const fromHex = (text) => new Uint8Array(Buffer.from(text, 'hex'));

const replayed = new Map();

/** Hex keys and values after the block at a height. */
export function stateAt({ changesOf: changes }, height) {
  let { at, state } = replayed.get(changes) ?? { at: 0, state: new Map() };
  if (at > height) [at, state] = [0, new Map()];
  while (at < height) {
    for (const { key, value } of changes(++at)) {
      if (value === undefined) state.delete(hex(key));
      else state.set(hex(key), hex(value));
    }
  }
  replayed.set(changes, { at, state });
  return new Map(state);
}

export const ascending = (state) => [...state].sort(([a], [b]) => (a < b ? -1 : 1));

/** Entries of hex keys and values as packed records. */
export function pack(entries) {
  const parts = entries.flatMap(([key, value]) => [fromHex(key), fromHex(value)]);
  const offsets = new Uint32Array(2 * parts.length);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    offsets[2 * i] = at;
    at += part.length;
    offsets[2 * i + 1] = at;
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), offsets };
}

/** Sum, count and bytes of each prefix. */
export async function summariesOf(entries) {
  const prefixes = [...new Set(entries.map(([key]) => key.slice(0, 2)))];
  const groups = Uint32Array.from(entries, ([key]) => prefixes.indexOf(key.slice(0, 2)));
  const sums = await hasher.encode(await hasher.sum({ ...pack(entries), groups, groupCount: prefixes.length }));
  return new Map(
    prefixes.map((prefix, i) => {
      const own = entries.filter((_, at) => groups[at] === i);
      const bytes = own.reduce((total, [key, value]) => total + (key.length + value.length) / 2, 0);
      const checksum = hex(sums.subarray(32 * i, 32 * i + 32));
      return [Number.parseInt(prefix, 16), { count: own.length, bytes, checksum }];
    }),
  );
}

/** The state at a height for an unproved download: its checksum, parts, and chunks of its records. */
export async function unprovedSource(job, height) {
  const entries = ascending(stateAt(job, height));
  const parts = [...(await summariesOf(entries))].map(([prefix, { count, bytes, checksum }]) => {
    return { prefix, records: count, bytes, checksum: fromHex(checksum) };
  });
  const checksum = await totalChecksum(
    parts.map((part) => part.checksum),
    hasher,
  );
  return {
    target: { height, checksum, parts },
    chunk(nextKey, records) {
      const from = hex(nextKey);
      const rest = entries.filter(([key]) => key.startsWith(from.slice(0, 2)) && key >= from);
      const taken = rest.slice(0, records);
      const isLast = taken.length === rest.length;
      return { records: pack(taken), nextKey: isLast ? undefined : fromHex(`${taken.at(-1)[0]}00`) };
    },
  };
}

export async function rootOf(entries) {
  return stateRoot([...(await summariesOf(entries))].map(([prefix, { checksum }]) => [prefix, fromHex(checksum)]));
}

/** A snapshot of the chain as a source of ranges, with its state root: computed from the records, without a store. */
export async function snapshotSource(job, height) {
  const entries = ascending(stateAt(job, height));
  const manifest = await computeManifest([pack(entries)], { height, parameters: job.parameters, hasher });
  return {
    manifest,
    stateRoot: await rootOf(entries),
    async readRange(index) {
      const { startKey, endKey } = manifest.range(index);
      const [from, to] = [hex(startKey), endKey && hex(endKey)];
      return pack(entries.filter(([key]) => key >= from && (to === undefined || key < to)));
    },
  };
}

/** Removes and alters some records of the state behind the back of the store. */
export async function damage(database, seed) {
  const writes = [];
  let i = 0;
  for await (const key of database.keys({ gte: Uint8Array.of(2), lt: Uint8Array.of(3), keyEncoding: 'view' })) {
    if ((i++ + seed) % 40 === 0) writes.push({ type: 'del', key });
    else if ((i + seed) % 55 === 0) writes.push({ type: 'put', key, value: Uint8Array.of(1, 2, 3) });
  }
  await database.batch(writes, { keyEncoding: 'view', valueEncoding: 'view', sync: true });
}
