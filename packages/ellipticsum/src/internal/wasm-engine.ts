/** The part of the WebAssembly interface that kernels need, the same in Node and in browsers. */
export interface WasmEngine {
  validate(bytes: Uint8Array): boolean;
  /** Compiles in the background; allowed by a content security policy that has 'wasm-unsafe-eval'. */
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object): Promise<{ readonly exports: object }>;
}

/** The engine of this program, or undefined where there is none. */
export function platformEngine(): WasmEngine | undefined {
  return (globalThis as { readonly WebAssembly?: WasmEngine }).WebAssembly;
}
