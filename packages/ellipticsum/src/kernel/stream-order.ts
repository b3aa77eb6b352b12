import type { Code } from './wasm-code.js';
import type { FunctionBuilder } from './wasm-module.js';

/**
 * How two neighbouring streams of 128 bits follow each other.
 *
 * - `paired`: both are computed, then stored in turns, the higher address first. Engines that widen vectors recognize such pairs of
 *   stores and make one stream of 256 bits of the two.
 * - `apart`: one is computed and stored before the other one is loaded. Engines that schedule instructions freely (V8 before version 13) keep
 *   far fewer values alive then.
 */
export type StreamOrder = 'paired' | 'apart';

/** Emits the lower and the upper stream of a pair; `compute` gives the stores of one of them, in the same order for both. */
export function emitPair(
  builder: FunctionBuilder,
  order: StreamOrder,
  compute: (upper: 0 | 1) => readonly Code[],
): void {
  if (order === 'apart') {
    builder.do(...compute(0));
    builder.do(...compute(1));
    return;
  }
  const lower = compute(0);
  const upper = compute(1);
  for (const [index, store] of lower.entries()) builder.do(upper[index] as Code, store);
}

/** The order that suits this engine. */
export function preferredOrder(): StreamOrder {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly v8?: string } } };
  const version = Number.parseInt(process?.versions?.v8 ?? '', 10);
  return version < 13 ? 'apart' : 'paired';
}
