import { recordMultiply } from './fma-field.js';
import { exportSums, slotBytesOf, streamsOf } from './kernel-exports.js';
import type { KernelImage } from './kernel-image.js';
import { layOutMemory } from './kernel-memory.js';
import { MemoryLayout } from './memory-layout.js';
import type { Recording } from './recording.js';
import { SimdField } from './simd-field.js';
import { exportSimdHash, hashLanes } from './simd-hash.js';
import { preferredOrder, type StreamOrder } from './stream-order.js';
import { ModuleBuilder } from './wasm-module.js';

/** What can be chosen of the kernel; tests give it wrong products. */
export interface SimdKernelOptions {
  readonly order?: StreamOrder;
  readonly multiply?: Recording;
}

/** The kernel for engines with fused multiply-add on vectors: four records at a time. */
export function generateSimdKernel(options: SimdKernelOptions = {}): KernelImage {
  const { order = preferredOrder(), multiply = recordMultiply() } = options;
  const module = new ModuleBuilder();
  const layout = new MemoryLayout();
  const field = new SimdField(module, layout, order, multiply);
  const memory = layOutMemory(layout, hashLanes, slotBytesOf(field));
  exportSimdHash(module, layout, memory, order);
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
