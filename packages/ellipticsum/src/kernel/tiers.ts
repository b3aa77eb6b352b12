import { EllipticSumError } from '../errors.js';
import type { WasmEngine } from '../internal/wasm-engine.js';
import { generateProbe, isFused } from './fusion-probe.js';
import { Kernel } from './kernel.js';
import type { KernelImage } from './kernel-image.js';
import { generateScalarKernel } from './scalar-kernel.js';
import { findDefect } from './self-test.js';
import { generateSimdKernel } from './simd-kernel.js';

/** Kernels by the name of their backend. */
export type KernelName = 'wasm' | 'wasm-simd';

/** Why a backend cannot be had. */
export type BackendUnavailableReason =
  | 'no-webassembly'
  | 'no-relaxed-simd'
  | 'no-fused-multiply-add'
  | 'compile-failed'
  | 'self-test-failed';

/** Where kernels come from; tests put broken ones in their place. */
export interface KernelSources {
  readonly probe: () => Uint8Array;
  readonly kernels: Readonly<Record<KernelName, () => KernelImage>>;
}

const generated = new Map<KernelName, KernelImage>();

/** Generated when first asked for, then kept. */
function cached(name: KernelName, generate: () => KernelImage): KernelImage {
  const image = generated.get(name) ?? generate();
  generated.set(name, image);
  return image;
}

/** The kernels of this package. */
export const ownKernels: KernelSources = {
  probe: generateProbe,
  kernels: {
    wasm: () => cached('wasm', generateScalarKernel),
    'wasm-simd': () => cached('wasm-simd', generateSimdKernel),
  },
};

/**
 * A kernel that has passed its tests on this engine.
 *
 * @throws ELLIPTICSUM_BACKEND_UNAVAILABLE
 */
export async function openKernel(
  name: KernelName,
  engine: WasmEngine | undefined,
  domain: Uint8Array,
  sources: KernelSources = ownKernels,
): Promise<Kernel> {
  if (engine === undefined) {
    throw unavailable(name, 'no-webassembly', 'there is no WebAssembly here; some security settings turn it off');
  }
  if (name === 'wasm-simd') await requireFusion(engine, sources.probe());
  let kernel: Kernel;
  try {
    kernel = await Kernel.open(engine, sources.kernels[name]());
  } catch (cause) {
    const policy = "a content security policy has to allow 'wasm-unsafe-eval'";
    throw unavailable(name, 'compile-failed', `its module does not compile; ${policy}`, cause);
  }
  const defect = defectOf(kernel);
  if (defect !== undefined) throw unavailable(name, 'self-test-failed', defect.message, defect.cause);
  kernel.domain = domain;
  return kernel;
}

async function requireFusion(engine: WasmEngine, probe: Uint8Array): Promise<void> {
  if (!engine.validate(probe)) {
    const hint = 'Node 20 has it behind a flag, see setV8Flags of @hs/ellipticsum/node';
    throw unavailable('wasm-simd', 'no-relaxed-simd', `this engine has no relaxed SIMD; ${hint}`);
  }
  let fused: boolean;
  try {
    fused = await isFused(engine, probe);
  } catch (cause) {
    const policy = "a content security policy has to allow 'wasm-unsafe-eval'";
    throw unavailable('wasm-simd', 'compile-failed', `its probe does not compile; ${policy}`, cause);
  }
  if (fused) return;
  const message = 'this engine or processor rounds twice when it multiplies and adds';
  throw unavailable('wasm-simd', 'no-fused-multiply-add', message);
}

function defectOf(kernel: Kernel): { message: string; cause?: unknown } | undefined {
  try {
    const message = findDefect(kernel);
    return message === undefined ? undefined : { message };
  } catch (cause) {
    return { message: 'it traps', cause };
  }
}

function unavailable(
  name: KernelName,
  reason: BackendUnavailableReason,
  message: string,
  cause?: unknown,
): EllipticSumError {
  return new EllipticSumError('ELLIPTICSUM_BACKEND_UNAVAILABLE', `the ${name} backend does not work here: ${message}`, {
    details: { backend: name, reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
