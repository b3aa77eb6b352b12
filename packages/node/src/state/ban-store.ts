import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { nodePrefixes } from '../chain/chain-store.js';
import type { BanRecord, BanStorage } from '../network/ban-record.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Keeps the bans of a node in its database, beside headers and blocks. */
export function createBanStore(store: StateStore): BanStorage {
  const interval = { gte: Uint8Array.of(nodePrefixes.ban), lt: Uint8Array.of(nodePrefixes.ban + 1) };
  return {
    async load() {
      const records: BanRecord[] = [];
      for await (const [, value] of store.others(interval)) records.push(JSON.parse(decoder.decode(value)));
      return records;
    },
    async save(records) {
      const changes = new Map<string, RecordChange>();
      for await (const [key] of store.others(interval)) changes.set(decoder.decode(key), { key, value: undefined });
      for (const record of records) {
        const key = encoder.encode(`${String.fromCharCode(nodePrefixes.ban)}${record.address}`);
        changes.set(decoder.decode(key), { key, value: encoder.encode(JSON.stringify(record)) });
      }
      await store.write(changes.values());
    },
  };
}
