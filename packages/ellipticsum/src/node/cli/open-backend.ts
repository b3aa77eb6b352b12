import { type BackendSelection, createBackend } from '../../create-backend.js';
import { defaultDomain } from '../../domain.js';
import type { HashBackend } from '../../hash-backend.js';
import { setV8Flags } from '../../node.js';
import { CommandFailure, exitCodes, usageFailure } from './exit-codes.js';

/** What --backend takes. */
export const backendNames = ['auto', 'wasm-simd', 'wasm', 'noble'] as const;

/** What was asked for. */
export interface BackendOptions {
  readonly backend: (typeof backendNames)[number] | undefined;
  readonly threads: number | undefined;
  readonly domain: string | undefined;
}

/** A backend, and how to feed it. */
export interface OpenBackend {
  readonly backend: HashBackend;
  /** Which one it is and why no faster one. */
  readonly selection: BackendSelection;
  readonly maxBatchRecords: number;
  readonly maxBatchesInFlight: number;
}

/** Opens the backend that all sums of this process use. */
export async function openBackend(options: BackendOptions): Promise<OpenBackend> {
  const { backend: wanted = 'auto', threads = 1, domain = defaultDomain } = options;
  if (threads !== 1) throw usageFailure(`--threads ${threads}: sums use one thread`);
  if (wanted !== 'noble') setV8Flags();
  const backend = await createBackend({ backend: wanted, domain }).catch((cause) => {
    throw new CommandFailure(exitCodes.usage, `--backend ${wanted}: ${cause.message}`, { cause });
  });
  // Small enough for a report of progress each quarter of a second, large enough to cost nothing.
  const maxBatchRecords = backend.name === 'noble' ? 512 : 8192;
  return { backend, selection: backend.selection, maxBatchRecords, maxBatchesInFlight: 1 };
}
