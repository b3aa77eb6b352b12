import { fileURLToPath } from 'node:url';

/**
 * Jest settings shared by all packages: TypeScript through swc, native ESM, real files only.
 *
 * @param {import('jest').Config} overrides
 * @returns {import('jest').Config}
 */
export function jestConfig(overrides = {}) {
  return {
    testEnvironment: 'node',
    testMatch: ['<rootDir>/test/**/*.test.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
    transform: {
      '^.+\\.ts$': [
        '@swc/jest',
        {
          jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
          module: { type: 'es6' },
          sourceMaps: 'inline',
        },
      ],
    },
    // For what hangs; a busy machine may take long over what works.
    testTimeout: 180_000,
    maxWorkers: 2,
    reporters: ['default', fileURLToPath(new URL('summary-reporter.mjs', import.meta.url))],
    ...overrides,
  };
}
