/**
 * Build settings shared by all packages: ESM only, JavaScript only (declarations come from tsc), the private byte
 * primitives bundled in.
 *
 * @param {Record<string, string>} entry entry name to source file
 * @param {import('tsup').Options} overrides
 * @returns {import('tsup').Options}
 */
export function tsupConfig(entry = { index: 'src/index.ts' }, overrides = {}) {
  return {
    entry,
    format: ['esm'],
    target: 'es2022',
    platform: 'neutral',
    dts: false,
    sourcemap: true,
    clean: true,
    splitting: true,
    noExternal: ['@hs/bytes'],
    external: [/^node:/],
    ...overrides,
  };
}
