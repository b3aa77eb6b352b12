import { platformEngine, type WasmEngine } from '../../src/internal/wasm-engine.js';
import { generateProbe } from '../../src/kernel/fusion-probe.js';
import { setV8Flags } from '../../src/node.js';

/** The engine of this process. */
export const engine: WasmEngine = requireEngine();

/**
 * Whether the engine can run the kernel on vectors. Node 20 needs a flag, which the tests set, so that they cover that kernel
 * everywhere; HS_V8_FLAGS=none leaves the engine as it is, and HS_V8_FLAGS=all sets whatever makes it faster too.
 */
export const hasRelaxedSimd: boolean = prepare();

function prepare(): boolean {
  const flags = process.env['HS_V8_FLAGS'] ?? 'needed';
  const isThere = engine.validate(generateProbe());
  if (flags === 'all' || (flags === 'needed' && !isThere)) setV8Flags();
  return engine.validate(generateProbe());
}

function requireEngine(): WasmEngine {
  const found = platformEngine();
  if (found === undefined) throw new Error('these tests need WebAssembly');
  return found;
}
