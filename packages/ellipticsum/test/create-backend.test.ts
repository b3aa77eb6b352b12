import { describe, expect, test } from '@jest/globals';
import { selectBackend } from '../src/create-backend.js';
import { type BackendSelection, createBackend, createNobleBackend, packRecords } from '../src/index.js';
import type { WasmEngine } from '../src/internal/wasm-engine.js';
import { recordMultiply } from '../src/kernel/fma-field.js';
import { generateProbe, isFused } from '../src/kernel/fusion-probe.js';
import type { KernelImage } from '../src/kernel/kernel-image.js';
import { generateScalarKernel } from '../src/kernel/scalar-kernel.js';
import { generateSimdKernel } from '../src/kernel/simd-kernel.js';
import { type KernelSources, ownKernels } from '../src/kernel/tiers.js';
import { v128 } from '../src/kernel/wasm-code.js';
import { engine, hasRelaxedSimd } from './kernel/engine.js';

/** A module that multiplies and adds in two roundings, as engines without fusion do. */
const unfused = generateProbe({
  madd: (a, b, c) => v128.add(v128.mul(a, b), c),
  nmadd: (a, b, c) => v128.sub(c, v128.mul(a, b)),
});
const onlyMaddFused = generateProbe({ madd: v128.madd, nmadd: (a, b, c) => v128.sub(c, v128.mul(a, b)) });

/** An engine that answers otherwise than the real one. */
function engineWith(replaced: Partial<WasmEngine>): WasmEngine {
  return {
    validate: (bytes) => engine.validate(bytes),
    compile: (bytes) => engine.compile(bytes),
    instantiate: (module) => engine.instantiate(module),
    ...replaced,
  };
}

/** Kernels of which some are replaced. */
function sourcesWith(kernels: Partial<KernelSources['kernels']>, probe = ownKernels.probe): KernelSources {
  return { probe, kernels: { ...ownKernels.kernels, ...kernels } };
}

/** The kernel with the last byte of a sequence replaced wherever the sequence occurs. */
function corrupted(image: KernelImage, sequence: readonly number[], replacement: number): KernelImage {
  const bytes = image.bytes.slice();
  const ends = [...bytes.keys()].filter((start) => sequence.every((byte, offset) => bytes[start + offset] === byte));
  if (ends.length === 0) throw new Error('the kernel has no such sequence');
  for (const start of ends) bytes[start + sequence.length - 1] = replacement;
  return { ...image, bytes };
}

/** Kernels that compile and compute wrong sums: they take another number for 19. */
const wrongSimd = (): KernelImage => corrupted(generateSimdKernel(), [...doubleBytes(19)], 0x41);
const wrongScalar = (): KernelImage => corrupted(generateScalarKernel(), [0x42, 0x13], 0x15);

function doubleBytes(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}

async function select(engineOrNone: WasmEngine | undefined, sources: KernelSources = ownKernels) {
  const heard: BackendSelection[] = [];
  const backend = await selectBackend({ onSelection: (selection) => heard.push(selection) }, engineOrNone, sources);
  expect(heard).toEqual([backend.selection]);
  expect(backend.selection.backend).toBe(backend.name);
  const batch = packRecords([[Uint8Array.of(1), Uint8Array.of(2, 3)]]);
  await using noble = createNobleBackend();
  expect(await backend.encode(await backend.sum(batch))).toEqual(await noble.encode(await noble.sum(batch)));
  await backend.close();
  return backend.selection;
}

const refusal = (backend: string, reason: string) => expect.objectContaining({ backend, reason });
const simdRefusal = hasRelaxedSimd ? [] : [refusal('wasm-simd', 'no-relaxed-simd')];

/** Registers a test that needs the kernel on vectors, where the engine can run it. */
function simdTest(name: string, body: () => Promise<void>): void {
  if (hasRelaxedSimd) test(name, body);
}

describe('createBackend', () => {
  test('takes the fastest backend that works', async () => {
    expect(await select(engine)).toEqual({ backend: hasRelaxedSimd ? 'wasm-simd' : 'wasm', refused: simdRefusal });
  });

  test('falls back to noble without WebAssembly, and says so', async () => {
    expect(await select(undefined)).toEqual({
      backend: 'noble',
      refused: [refusal('wasm-simd', 'no-webassembly'), refusal('wasm', 'no-webassembly')],
    });
  });

  test('falls back to noble where compiling is forbidden, and says so', async () => {
    const forbidden = engineWith({ compile: () => Promise.reject(new Error('blocked by CSP')) });
    const { backend, refused } = await select(forbidden);
    expect(backend).toBe('noble');
    expect(refused.at(-1)).toMatchObject({ backend: 'wasm', reason: 'compile-failed' });
    expect(refused.at(-1)?.message).toContain('wasm-unsafe-eval');
  });

  test('falls back to integers without relaxed SIMD, and says so', async () => {
    expect(await select(engineWith({ validate: () => false }))).toEqual({
      backend: 'wasm',
      refused: [refusal('wasm-simd', 'no-relaxed-simd')],
    });
  });

  test('falls back to integers without fusion, and says so', async () => {
    expect(await select(engine, { ...ownKernels, probe: () => unfused })).toEqual({
      backend: 'wasm',
      refused: [refusal('wasm-simd', 'no-fused-multiply-add')],
    });
  });

  simdTest('probes both operations and both lanes for fusion', async () => {
    expect(await isFused(engine, generateProbe())).toBe(true);
    expect(await isFused(engine, unfused)).toBe(false);
    expect(await isFused(engine, onlyMaddFused)).toBe(false);
    for (const lanes of [
      [0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31],
      [16, 17, 18, 19, 20, 21, 22, 23, 8, 9, 10, 11, 12, 13, 14, 15],
    ]) {
      const oneLane = generateProbe({
        madd: (a, b, c) => v128.shuffle(v128.madd(a, b, c), v128.add(v128.mul(a, b), c), lanes),
        nmadd: v128.nmadd,
      });
      expect(await isFused(engine, oneLane)).toBe(false);
    }
  });

  test('passes over kernels that give wrong sums, and says so', async () => {
    const sources = sourcesWith({ 'wasm-simd': wrongSimd, wasm: wrongScalar });
    expect(await select(engine, sources)).toEqual({
      backend: 'noble',
      refused: [
        hasRelaxedSimd ? refusal('wasm-simd', 'self-test-failed') : refusal('wasm-simd', 'no-relaxed-simd'),
        refusal('wasm', 'self-test-failed'),
      ],
    });
  });

  simdTest('passes over a kernel that gets only rare products wrong', async () => {
    const rarelyWrong = () => generateSimdKernel({ multiply: recordMultiply({ withoutPreCarry: true }) });
    const { refused } = await select(engine, sourcesWith({ 'wasm-simd': rarelyWrong }));
    expect(refused).toEqual([refusal('wasm-simd', 'self-test-failed')]);
    expect(refused[0]?.message).toContain('hard to round');
  });

  test('passes over a kernel that traps or does not compile', async () => {
    const traps = () => ({ ...generateScalarKernel(), slotBytes: 2 ** 30 });
    expect((await select(engine, sourcesWith({ wasm: traps, 'wasm-simd': traps }))).backend).toBe('noble');
    const garbage = () => ({ ...generateScalarKernel(), bytes: Uint8Array.of(0, 1, 2, 3) });
    const { refused } = await select(engine, sourcesWith({ wasm: garbage, 'wasm-simd': garbage }));
    expect(refused.at(-1)).toEqual(refusal('wasm', 'compile-failed'));
  });

  test('takes only the backend that is asked for', async () => {
    for (const backend of ['noble', 'wasm'] as const) {
      await using chosen = await createBackend({ backend });
      expect(chosen.name).toBe(backend);
      expect(chosen.selection).toEqual({ backend, refused: [] });
    }
    const asked = selectBackend({ backend: 'wasm' }, undefined, ownKernels);
    await expect(asked).rejects.toMatchObject({
      code: 'ELLIPTICSUM_BACKEND_UNAVAILABLE',
      details: { backend: 'wasm', reason: 'no-webassembly' },
    });
    await expect(createBackend({ backend: 'fastest' as 'auto' })).rejects.toThrow(RangeError);
  });

  test('lets an error of the listener through', async () => {
    const onSelection = () => {
      throw new Error('listener');
    };
    await expect(createBackend({ onSelection })).rejects.toThrow('listener');
  });
});
