import type { WasmEngine } from '../internal/wasm-engine.js';
import { type Code, i32, v128 } from './wasm-code.js';
import { ModuleBuilder } from './wasm-module.js';

/** How a probe multiplies and adds; tests replace it by what engines without fusion do. */
export interface ProbeOperators {
  readonly madd: (a: Code, b: Code, c: Code) => Code;
  readonly nmadd: (a: Code, b: Code, c: Code) => Code;
}

const operands = 64;
const results = 256;

/** A small module that needs relaxed SIMD: `probe()` computes madd and nmadd of operands in memory. */
export function generateProbe({ madd, nmadd }: ProbeOperators = v128): Uint8Array {
  const module = new ModuleBuilder();
  const builder = module.export('probe', []);
  const operand = (index: number): Code => v128.load(i32.const(operands), 16 * index);
  builder.do(v128.store(i32.const(results), madd(operand(0), operand(1), operand(2))));
  builder.do(v128.store(i32.const(results), nmadd(operand(0), operand(1), operand(3)), 16));
  return module.encode(65_536);
}

/**
 * True if the engine rounds a·b + c once. Relaxed SIMD leaves that to the engine and the processor. With a = 2^27 + 1, b = 2^27 - 1
 * the product is 2^54 - 1, which rounds to 2^54.
 */
export async function isFused(engine: WasmEngine, probe: Uint8Array): Promise<boolean> {
  const { exports } = await engine.instantiate(await engine.compile(probe));
  const { memory, probe: run } = exports as { memory: { readonly buffer: ArrayBuffer }; probe: () => void };
  const numbers = new Float64Array(memory.buffer);
  const [a, b, c] = [2 ** 27 + 1, 2 ** 27 - 1, 2 ** 54];
  // Each lane in turn has the operands that tell; the other lane has others.
  for (const lane of [0, 1]) {
    numbers.fill(3, operands / 8, operands / 8 + 8);
    for (const [index, operand] of [a, b, -c, c].entries()) numbers[operands / 8 + 2 * index + lane] = operand;
    run();
    if (numbers[results / 8 + lane] !== -1 || numbers[results / 8 + 2 + lane] !== 1) return false;
  }
  return true;
}
