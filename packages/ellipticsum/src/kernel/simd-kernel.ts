import { recordMultiply } from './fma-field.js';
import { exportSums, slotBytesOf, streamsOf } from './kernel-exports.js';
import type { KernelImage } from './kernel-image.js';
import { layOutMemory } from './kernel-memory.js';
import { MemoryLayout } from './memory-layout.js';
import type { Recording } from './recording.js';
import { SimdField } from './simd-field.js';
import { exportSimdHash, hashLanes } from './simd-hash.js';
import { ModuleBuilder } from './wasm-module.js';

/** The kernel for engines with fused multiply-add on vectors: four records at a time. Tests give it wrong products. */
export function generateSimdKernel(multiply: Recording = recordMultiply()): KernelImage {
  const module = new ModuleBuilder();
  const layout = new MemoryLayout();
  const field = new SimdField(module, layout, multiply);
  const memory = layOutMemory(layout, hashLanes, slotBytesOf(field));
  exportSimdHash(module, layout, memory);
  exportSums(module, field, memory);
  const product = { left: field.element(), right: field.element(), result: field.element() };
  module.export('product', []).do(field.multiply(product.result, product.left, product.right));
  for (const { address, bytes } of layout.data) module.data(address, bytes);
  return {
    bytes: module.encode(layout.end),
    memory,
    hashLanes,
    lanes: field.lanes,
    streams: streamsOf(field),
    slotBytes: slotBytesOf(field),
    product,
  };
}
