import { type BackendName, createNobleBackend, type HashBackend } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import type { Logger } from './logger.js';

/** How a node hashes records. */
export interface HashingOptions {
  /** Default `auto`: the fastest that works here. */
  readonly backend?: BackendName | 'auto';
  /** Worker threads; default `all`. `all-but-one` leaves a processor to blocks and peers. */
  readonly threads?: number | 'all' | 'all-but-one';
  readonly logger: Logger;
}

/**
 * Opens the hashing of a process that this node owns: sets the engine's flags for the fast kernel, then starts the threads.
 * Call it before anything else compiles WebAssembly. What each thread took, and why nothing faster, goes to the log.
 *
 * @throws ELLIPTICSUM_BACKEND_UNAVAILABLE if the one backend asked for does not work here
 */
export async function openHashing({ backend = 'auto', threads = 'all', logger }: HashingOptions): Promise<HashBackend> {
  if (backend === 'noble') return createNobleBackend();
  const { flags } = setV8Flags();
  return createWorkerPool({
    backend,
    threads,
    onEvent: (event) => {
      if (event.type === 'worker-opened') {
        const { worker, backend: taken, refused } = event;
        logger.info({ worker, backend: taken, refused, flags }, 'hashing thread is ready');
      } else {
        const { worker, error, isReplaced } = event;
        logger.error({ worker, err: error, isReplaced }, 'hashing thread died');
      }
    },
  });
}
