import { availableParallelism } from 'node:os';
import { type BackendSelection, createBackend } from '../../create-backend.js';
import { defaultDomain } from '../../domain.js';
import type { HashBackend } from '../../hash-backend.js';
import { createWorkerPool, setV8Flags } from '../../node.js';
import { threadCount } from '../../pool/pool-options.js';
import { recordFileDefaults } from '../../record-file/index.js';
import { CommandFailure, exitCodes } from './exit-codes.js';

/** What --backend takes. */
export const backendNames = ['auto', 'wasm-simd', 'wasm', 'noble'] as const;

/** What was asked for. */
export interface BackendOptions {
  readonly backend: (typeof backendNames)[number] | undefined;
  /** Undefined: all, except for little input. */
  readonly threads: number | 'all' | 'all-but-one' | undefined;
  readonly domain: string | undefined;
}

/** A backend, and how to feed it. */
export interface OpenBackend {
  readonly backend: HashBackend;
  readonly threads: number;
  /** Which one it is and why no faster one. */
  readonly selection: BackendSelection;
  readonly maxBatchRecords: number;
  readonly maxBatchesInFlight: number;
}

/** Less input than this is summed before more threads have started. */
const poolFromBytes = 4_194_304;

/**
 * Opens the backend that all sums of this process use: on this thread for one thread, else a pool.
 *
 * `inputBytes` is undefined if nobody knows how much there will be.
 */
export async function openBackend(options: BackendOptions, inputBytes: number | undefined): Promise<OpenBackend> {
  const { backend: wanted = 'auto', domain = defaultDomain } = options;
  const isLittle = inputBytes !== undefined && inputBytes < poolFromBytes;
  const threads = threadCount(options.threads ?? (isLittle ? 1 : 'all'), availableParallelism());
  if (wanted !== 'noble') setV8Flags();
  try {
    const { backend, selection } =
      threads === 1
        ? await openHere({ backend: wanted, domain })
        : await openPool({ backend: wanted, domain, threads });
    // So small that progress moves, so large that a batch costs nothing besides its records.
    const maxBatchRecords = selection.backend === 'noble' ? 512 * threads : recordFileDefaults.maxBatchRecords;
    return { backend, threads, selection, maxBatchRecords, maxBatchesInFlight: threads === 1 ? 1 : threads + 2 };
  } catch (cause) {
    throw backendFailure(wanted, cause);
  }
}

type Choice = Omit<Parameters<typeof createBackend>[0] & object, 'onSelection'>;

async function openHere(choice: Choice): Promise<Pick<OpenBackend, 'backend' | 'selection'>> {
  const backend = await createBackend(choice);
  return { backend, selection: backend.selection };
}

async function openPool(
  choice: Choice & { readonly threads: number },
): Promise<Pick<OpenBackend, 'backend' | 'selection'>> {
  const backend = await createWorkerPool(choice);
  const [selection] = backend.workers;
  if (selection === undefined) throw new Error('the pool has no workers');
  return { backend, selection };
}

/** The failure for a backend that does not work here; everything else is a defect. */
function backendFailure(wanted: string, error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as { readonly code?: unknown }).code === 'ELLIPTICSUM_BACKEND_UNAVAILABLE') {
      return new CommandFailure(exitCodes.usage, `--backend ${wanted}: ${cause.message}`, { cause: error });
    }
  }
  return error;
}
