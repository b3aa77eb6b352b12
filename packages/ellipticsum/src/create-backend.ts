import { defaultDomain, encodeDomain } from './domain.js';
import { EllipticSumError } from './errors.js';
import type { HashBackend } from './hash-backend.js';
import { defaultYieldEveryMs, requireInterval } from './internal/backend-arguments.js';
import { platformEngine, type WasmEngine } from './internal/wasm-engine.js';
import { type BackendUnavailableReason, type KernelSources, openKernel, ownKernels } from './kernel/tiers.js';
import { createNobleBackend } from './noble-backend.js';
import { WasmBackend, type WasmBackendOptions } from './wasm-backend.js';

/** Names of the backends. */
export type BackendName = 'noble' | 'wasm' | 'wasm-simd';

/** A backend that was passed over, and why. */
export interface BackendRefusal {
  readonly backend: BackendName;
  readonly reason: BackendUnavailableReason;
  /** For people; may change. */
  readonly message: string;
}

/** Which backend was taken. */
export interface BackendSelection {
  readonly backend: BackendName;
  /** The faster ones that do not work here, the fastest first. */
  readonly refused: readonly BackendRefusal[];
}

/** A backend that says how it was chosen. */
export interface SelectedBackend extends HashBackend {
  readonly name: BackendName;
  readonly selection: BackendSelection;
}

/** Options of {@link createBackend}. */
export interface CreateBackendOptions extends WasmBackendOptions {
  /** One backend and no other, or `auto` (the default): the fastest that passes its tests here. */
  readonly backend?: BackendName | 'auto';
  /** Hears once which backend was taken and why no faster one was, before the promise resolves. */
  readonly onSelection?: (selection: BackendSelection) => void;
}

const fastestFirst: readonly BackendName[] = ['wasm-simd', 'wasm', 'noble'];

/**
 * The fastest backend that works here: each must pass a test of its engine and give stored sums, else the next is tried, and
 * `selection` and `onSelection` say why.
 *
 * @throws TypeError, RangeError if an option is out of range
 * @throws ELLIPTICSUM_BACKEND_UNAVAILABLE if the one backend asked for does not work here; `details.reason` says why
 */
export async function createBackend(options: CreateBackendOptions = {}): Promise<SelectedBackend> {
  return selectBackend(options, platformEngine(), ownKernels);
}

/** `createBackend` on a given engine and given kernels. */
export async function selectBackend(
  options: CreateBackendOptions,
  engine: WasmEngine | undefined,
  sources: KernelSources,
): Promise<SelectedBackend> {
  const { backend: wanted = 'auto', domain = defaultDomain, yieldEveryMs = defaultYieldEveryMs, onSelection } = options;
  if (wanted !== 'auto' && !fastestFirst.includes(wanted)) {
    throw new RangeError(`backend must be auto, ${fastestFirst.join(', ')}`);
  }
  requireInterval(yieldEveryMs);
  const domainBytes = encodeDomain(domain);
  const refused: BackendRefusal[] = [];
  for (const name of wanted === 'auto' ? fastestFirst : [wanted]) {
    try {
      const backend =
        name === 'noble'
          ? createNobleBackend({ domain, yieldEveryMs })
          : new WasmBackend(name, domain, await openKernel(name, engine, domainBytes, sources), yieldEveryMs);
      const selection: BackendSelection = { backend: name, refused };
      onSelection?.(selection);
      return Object.assign(backend, { name, selection });
    } catch (error) {
      if (wanted !== 'auto' || !(error instanceof EllipticSumError)) throw error;
      if (error.code !== 'ELLIPTICSUM_BACKEND_UNAVAILABLE') throw error;
      refused.push({
        backend: name,
        reason: error.details['reason'] as BackendUnavailableReason,
        message: error.message,
      });
    }
  }
  throw new EllipticSumError('ELLIPTICSUM_BACKEND_UNAVAILABLE', 'no backend works here');
}
