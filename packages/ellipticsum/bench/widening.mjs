/**
 * How much the widening flag of V8 gains the wasm-simd backend, in processes of their own that take turns. Ends with code 1
 * below 1.4: then an engine no longer pairs the streams of the kernel, or pairs them without being asked.
 *
 * `npm run build && node bench/widening.mjs`, on Node 24 or later on x64.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createBackend } from '@hs/ellipticsum';
import { setV8Flags } from '@hs/ellipticsum/node';

const rounds = 7;
const least = 1.4;
const count = 5000;
const recordBytes = 150;

/** Records per second, the best of many batches. */
async function measure() {
  const bytes = new Uint8Array(recordBytes * count).map((_, at) => (at * 31) & 255);
  const offsets = Uint32Array.from({ length: 4 * count }, (_, at) => {
    return recordBytes * (at >> 2) + [0, 33, 33, recordBytes][at & 3];
  });
  const backend = await createBackend({ backend: 'wasm-simd' });
  let best = 0;
  const until = performance.now() + 1500;
  while (performance.now() < until) {
    const start = performance.now();
    await backend.sum({ bytes, offsets });
    best = Math.max(best, count / ((performance.now() - start) / 1000));
  }
  return best;
}

const [role] = process.argv.slice(2);
if (role === undefined) {
  const self = fileURLToPath(import.meta.url);
  const run = (mode) => Number(execFileSync(process.execPath, [self, mode], { encoding: 'utf8' }));
  const ratios = Array.from({ length: rounds }, () => {
    const plain = run('plain');
    return run('widened') / plain;
  }).sort((a, b) => a - b);
  const median = ratios[rounds >> 1];
  console.log(
    `Node ${process.version}: widening gains ${median.toFixed(2)}, of ${rounds} rounds ${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}`,
  );
  if (median < least) {
    console.error(`expected at least ${least}`);
    process.exitCode = 1;
  }
} else {
  if (role === 'widened') setV8Flags();
  console.log(await measure());
}
