import { createHash } from 'node:crypto';
import { ClassicLevel } from 'classic-level';

/** How a benchmark speaks to LevelDB when there is no store: bytes, in the layout that the store has (see src/layout.ts). */
export const encodings = { keyEncoding: 'view', valueEncoding: 'view' };
export const allState = { gte: Uint8Array.of(2), lt: Uint8Array.of(3) };
export const allAncestral = { gte: Uint8Array.of(3), lt: Uint8Array.of(4) };

export async function openDatabase(path, options = {}) {
  const database = new ClassicLevel(path, { ...encodings, ...options });
  await database.open();
  return database;
}

export function stateKey(key) {
  return Buffer.concat([Uint8Array.of(2), key]);
}

export function ancestralKey(epoch, key) {
  const head = Buffer.alloc(9);
  head[0] = 3;
  head.writeBigUInt64BE(BigInt(epoch), 1);
  return Buffer.concat([head, key]);
}

/** An ancestral record's value: a mark, and what the record's value was. */
export function ancestralValue(before) {
  return before === undefined ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), before]);
}

/** A hash over all keys and values of an interval. */
export async function digest(database, interval) {
  const hash = createHash('sha256');
  const iterator = database.iterator({ ...interval, ...encodings, highWaterMarkBytes: 1 << 20 });
  for (;;) {
    const entries = await iterator.nextv(4096);
    if (entries.length === 0) break;
    for (const [key, value] of entries) hash.update(key).update(value);
  }
  await iterator.close();
  return hash.digest('hex');
}
