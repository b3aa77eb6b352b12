/**
 * `node bare-puts.mjs RECORDS`: the rate of bare LevelDB for records that lie in memory, in batches of 5000: arrays of
 * operations first, the way in which most would write it, then chained batches, which cost less. Each into an empty folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { bulkRecords } from './bench-chain.mjs';

const records = Number(process.argv[2]);
const packs = [...bulkRecords(records, 5000)];

const forms = {
  async arrays(database, { bytes, offsets }) {
    const operations = [];
    for (let i = 0; i < offsets.length; i += 4) {
      const key = bytes.subarray(offsets[i], offsets[i + 1]);
      operations.push({ type: 'put', key, value: bytes.subarray(offsets[i + 2], offsets[i + 3]) });
    }
    await database.batch(operations);
  },
  async chained(database, { bytes, offsets }) {
    const batch = database.batch();
    for (let i = 0; i < offsets.length; i += 4) {
      batch.put(bytes.subarray(offsets[i], offsets[i + 1]), bytes.subarray(offsets[i + 2], offsets[i + 3]));
    }
    await batch.write();
  },
};

async function rateOf(form) {
  const folder = mkdtempSync(join(tmpdir(), 'hs-node-bare-'));
  const database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  await database.open();
  const started = performance.now();
  for (const pack of packs) await forms[form](database, pack);
  const elapsedMs = performance.now() - started;
  await database.close();
  rmSync(folder, { recursive: true, force: true });
  return (1000 * records) / elapsedMs;
}

const arrays = await rateOf('arrays');
console.log(JSON.stringify({ arrays, chained: await rateOf('chained') }));
