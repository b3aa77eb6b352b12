/** What only Node has: a pool of worker threads, and settings for applications that own their process. */
export { createWorkerPool, type NodeWorkerPoolOptions } from './pool/node-pool.js';
export type { NodePoolWorker } from './pool/node-threads.js';
export type {
  PoolCallOptions,
  PoolWorkerInfo,
  WorkerPool,
  WorkerPoolEvent,
  WorkerPoolOptions,
} from './pool/pool-options.js';

/** What was set by {@link setV8Flags}. */
export interface V8Flags {
  /** The flags, as they could also stand on the command line of node; empty where none is known to help. */
  readonly flags: readonly string[];
}

interface NodeProcess {
  readonly arch: string;
  readonly versions: { readonly node: string };
  getBuiltinModule(id: 'node:v8'): { setFlagsFromString(flags: string): void };
}

/** Flags that let the `wasm-simd` backend run, or run faster, in this version of Node. */
function flagsFor({ arch, versions }: NodeProcess): readonly string[] {
  const major = Number.parseInt(versions.node, 10);
  if (major < 20) return [];
  if (major < 22) return ['--experimental-wasm-relaxed-simd'];
  if (arch !== 'x64') return [];
  if (major < 24) return ['--turboshaft-wasm'];
  return ['--experimental-wasm-revectorize'];
}

/**
 * Sets flags of the JavaScript engine that make the `wasm-simd` backend possible (Node 20) or faster (Node 22 and later on
 * x64), for the whole process and its workers to come.
 *
 * Call it first of all, before any WebAssembly is compiled. The flags are experimental features of the engine and concern all
 * WebAssembly in the process: this is for an application that knows what else it runs. Results never depend on it.
 *
 * @throws TypeError outside Node
 */
export function setV8Flags(): V8Flags {
  const { process } = globalThis as { readonly process?: NodeProcess };
  if (process?.versions?.node === undefined) throw new TypeError('setV8Flags needs Node');
  const flags = flagsFor(process);
  const v8 = process.getBuiltinModule('node:v8');
  for (const flag of flags) v8.setFlagsFromString(flag);
  return { flags };
}
