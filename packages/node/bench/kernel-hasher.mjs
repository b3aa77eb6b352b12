/**
 * The fastest hashing there is, in the form in which benchmarks of other packages take a hasher:
 * `--hasher ../node/bench/kernel-hasher.mjs`. Sets the engine's flags for the whole process.
 */
import { stateRoot } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';

/** Opens a pool of worker threads. */
export async function openHasher({ threads }) {
  const { flags } = setV8Flags();
  const hasher = await createWorkerPool({ threads });
  const backends = [...new Set(hasher.workers.map(({ backend }) => backend))].join(', ');
  const name = `${backends} on ${threads} threads${flags.length === 0 ? '' : ` with ${flags.join(' ')}`}`;
  return { name, hasher, stateRoot, close: () => hasher.close() };
}
