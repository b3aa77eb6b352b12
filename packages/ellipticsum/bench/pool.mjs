/**
 * A pool of two workers, from packed records in this thread's memory to the final sum, against two independent processes with
 * one thread each, which have half of the records each in memory.
 *
 * `npm run build && node bench/pool.mjs [--records 1000000] [--bytes 150] [--rounds 7] [--backend auto] [--flags]`: rounds of both
 * alternate, and medians are compared. The processes' rate is the sum of both rates, each by its own clock. `--flags` sets the flags of
 * `setV8Flags` everywhere. Also prints how memory grows during the pool's calls.
 */
import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createBackend } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '150' },
    rounds: { type: 'string', default: '7' },
    backend: { type: 'string', default: 'auto' },
    flags: { type: 'boolean', default: false },
  },
});
const [records, bytesPerRecord, rounds] = [values.records, values.bytes, values.rounds].map(Number);
const { backend } = values;
const script = fileURLToPath(import.meta.url);

/** Records `from` to `to` of all: keys of 33 bytes. */
function packedRecords(from, to) {
  const count = to - from;
  const bytes = new Uint8Array(count * bytesPerRecord);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= bytes.length; at += 4) view.setUint32(at, Math.imul(at + 1, 2_654_435_761));
  for (let index = 0; index < count; index++) view.setUint32(index * bytesPerRecord, from + index);
  const offsets = new Uint32Array(4 * count);
  for (let index = 0; index < count; index++) {
    const start = index * bytesPerRecord;
    offsets.set([start, start + 33, start + 33, start + bytesPerRecord], 4 * index);
  }
  return { bytes, offsets };
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** One process of two: answers each message with the time it took and the sum. */
async function serve(half) {
  const own = await createBackend({ backend });
  const batch = packedRecords((half * records) / 2, ((half + 1) * records) / 2);
  process.on('message', async () => {
    const start = performance.now();
    const sum = await own.sum(batch);
    const ms = performance.now() - start;
    process.send({ ms, sum: [...sum], backend: own.name });
  });
  process.send('ready');
}

const once = (child) => new Promise((resolve) => child.once('message', resolve));

async function compare() {
  const pool = await createWorkerPool({ threads: 2, backend });
  const [{ backend: name }] = pool.workers;
  const halves = [packedRecords(0, records / 2), packedRecords(records / 2, records)];
  const batch = { bytes: new Uint8Array(records * bytesPerRecord), offsets: new Uint32Array(4 * records) };
  batch.bytes.set(halves[0].bytes);
  batch.bytes.set(halves[1].bytes, halves[0].bytes.length);
  batch.offsets.set(halves[0].offsets);
  const shift = halves[0].bytes.length;
  batch.offsets.set(
    halves[1].offsets.map((offset) => offset + shift),
    halves[0].offsets.length,
  );
  halves.length = 0;
  const children = [0, 1].map((half) =>
    fork(script, process.argv.slice(2), { env: { ...process.env, HALF: `${half}` } }),
  );
  await Promise.all(children.map(once));

  const rates = { pool: [], processes: [] };
  const growths = [];
  for (let round = -1; round < rounds; round++) {
    const start = performance.now();
    const samples = [];
    const timer = setInterval(() => samples.push(process.memoryUsage.rss()), 10);
    const sum = await pool.sum(batch);
    clearInterval(timer);
    const poolMs = performance.now() - start;

    const answers = children.map(once);
    for (const child of children) child.send('go');
    const parts = await Promise.all(answers);
    const [left, right] = parts.map((part) => Uint8Array.from(part.sum));
    const [expected, actual] = [await pool.encode(await pool.combine(left, right)), await pool.encode(sum)];
    if (Buffer.compare(expected, actual) !== 0) throw new Error('the sums differ');
    if (parts.some((part) => part.backend !== name)) throw new Error('the backends differ');
    if (round < 0) continue;
    rates.pool.push(records / (poolMs / 1000));
    rates.processes.push(parts.reduce((rate, { ms }) => rate + records / 2 / (ms / 1000), 0));
    growths.push((process.memoryUsage.rss() - samples[Math.floor(samples.length / 10)]) / 2 ** 20);
  }
  await pool.close();
  for (const child of children) child.disconnect();
  const [own, both] = [median(rates.pool), median(rates.processes)];
  const cells = [
    process.version,
    name,
    values.flags ? 'yes' : 'no',
    records,
    bytesPerRecord,
    Math.round(both),
    Math.round(own),
  ];
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, median of ${rounds} alternating rounds\n`);
  console.log(
    '| Node | backend | flags | records | bytes a record | two processes, records/s | pool of two, records/s | ratio | RSS from 10 % to 100 % of a call, MiB, greatest |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  console.log(`| ${cells.join(' | ')} | ${(own / both).toFixed(3)} | ${Math.max(...growths).toFixed(1)} |`);
}

if (values.flags) setV8Flags();
const { HALF } = process.env;
await (HALF === undefined ? compare() : serve(Number(HALF)));
