/**
 * What the package costs: the tarball, and what a bundler makes of the smallest imports, minified, with everything they pull in.
 *
 * `node bench/size.mjs` after a build; prints a table for the README.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const imports = {
  'sums with noble only': `export { EllipticSum, StateChecksum } from './dist/index.js';`,
  'the noble backend': `export { createNobleBackend } from './dist/index.js';`,
  'all backends, the fastest chosen': `export { createBackend } from './dist/index.js';`,
};

async function bundledBytes(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    logLevel: 'error',
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  const [{ contents: code }] = outputFiles;
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
const [{ size, unpackedSize }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
console.log('| what | minified | gzipped |');
console.log('|---|---|---|');
for (const [name, contents] of Object.entries(imports)) {
  const { minified, gzipped } = await bundledBytes(contents);
  console.log(`| ${name} | ${kilobytes(minified)} | ${kilobytes(gzipped)} |`);
}
console.log(`\nTarball ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}, source maps included.`);
