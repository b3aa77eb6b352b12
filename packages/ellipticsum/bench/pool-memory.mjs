/**
 * Memory of a pool of two workers over a million records in calls of 4096 records: resident memory after 10 % and after all of
 * them. The inputs are made in memory that is used again, so what grows is the pool's.
 *
 * `npm run build && node bench/pool-memory.mjs [--records 1000000] [--backend auto] [--flags]`
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    backend: { type: 'string', default: 'auto' },
    flags: { type: 'boolean', default: false },
  },
});
if (values.flags) setV8Flags();
const callRecords = 4096;
const bytesPerRecord = 150;
const inFlight = 6;
const calls = Math.ceil(Number(values.records) / callRecords);
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);

const pool = await createWorkerPool({ threads: 2, backend: values.backend });
const offsets = new Uint32Array(4 * callRecords);
for (let index = 0; index < callRecords; index++) {
  const start = index * bytesPerRecord;
  offsets.set([start, start + 33, start + 33, start + bytesPerRecord], 4 * index);
}
let next = 0;
let done = 0;
let early = 0;
let greatest = 0;

async function runCalls() {
  const bytes = new Uint8Array(callRecords * bytesPerRecord);
  const view = new DataView(bytes.buffer);
  while (next < calls) {
    const call = next++;
    for (let index = 0; index < callRecords; index++)
      view.setUint32(index * bytesPerRecord, call * callRecords + index);
    await pool.sum({ bytes, offsets });
    done++;
    const rss = process.memoryUsage.rss();
    greatest = Math.max(greatest, rss);
    if (done === Math.ceil(calls / 10)) early = rss;
  }
}

const start = performance.now();
await Promise.all(Array.from({ length: inFlight }, runCalls));
const seconds = (performance.now() - start) / 1000;
const late = process.memoryUsage.rss();
const [{ backend }] = pool.workers;
await pool.close();
console.log(`Node ${process.version}, ${backend}, ${calls * callRecords} records in ${seconds.toFixed(1)} s`);
console.log(
  `RSS ${mebibytes(early)} MiB after 10 %, ${mebibytes(late)} MiB after all, ${mebibytes(greatest)} MiB at most`,
);
console.log(`grown by ${mebibytes(late - early)} MiB`);
