import { exportSums, slotBytesOf, streamsOf } from './kernel-exports.js';
import type { KernelImage } from './kernel-image.js';
import { layOutMemory } from './kernel-memory.js';
import { MemoryLayout } from './memory-layout.js';
import { ScalarField } from './scalar-field.js';
import { exportScalarHash } from './scalar-hash.js';
import { ModuleBuilder } from './wasm-module.js';

/** The kernel for every engine: 64-bit integers, one record at a time. */
export function generateScalarKernel(): KernelImage {
  const module = new ModuleBuilder();
  const layout = new MemoryLayout();
  const field = new ScalarField(module, layout);
  const memory = layOutMemory(layout, 1, slotBytesOf(field));
  exportScalarHash(module, layout, memory);
  exportSums(module, field, memory);
  for (const { address, bytes } of layout.data) module.data(address, bytes);
  return {
    bytes: module.encode(layout.end),
    memory,
    hashLanes: 1,
    lanes: field.lanes,
    streams: streamsOf(field),
    slotBytes: slotBytesOf(field),
  };
}
