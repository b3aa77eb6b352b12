import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { nodePrefixes } from '../chain/chain-store.js';
import type { BanRecord, BanStorage } from '../network/ban-record.js';
import { hasFields, isText, readKeptJson } from './kept-json.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const kept = {
  what: 'a ban',
  isIntact: (value: unknown): value is BanRecord =>
    hasFields(value, {
      address: isText,
      reason: isText,
      evidence: (field) => typeof field === 'object' && field !== null,
      bannedAtMs: Number.isFinite,
      expiresAtMs: Number.isFinite,
    }),
};

/** Keeps the bans of a node in its database, beside headers and blocks. */
export function createBanStore(store: StateStore): BanStorage {
  const interval = { gte: Uint8Array.of(nodePrefixes.ban), lt: Uint8Array.of(nodePrefixes.ban + 1) };
  return {
    async load() {
      const records: BanRecord[] = [];
      for await (const [, value] of store.others(interval)) records.push(readKeptJson(value, kept));
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
