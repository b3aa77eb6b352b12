import { platformEngine, type WasmEngine } from '../../src/internal/wasm-engine.js';
import { generateProbe } from '../../src/kernel/fusion-probe.js';

/** The engine of this process. */
export const engine: WasmEngine = requireEngine();

/** False on Node 20 without its flag. */
export const hasRelaxedSimd: boolean = engine.validate(generateProbe());

function requireEngine(): WasmEngine {
  const found = platformEngine();
  if (found === undefined) throw new Error('these tests need WebAssembly');
  return found;
}
