/** Loads what is fuzzed: built packages, and parts of them that they do not export. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bundles = mkdtempSync(join(tmpdir(), 'hyper-sync-fuzz-'));
process.on('exit', () => rmSync(bundles, { recursive: true, force: true }));

/** True for scripts whose coverage matters. */
export function isCounted(url) {
  return (
    url.startsWith('file:') &&
    !url.includes('/node_modules/') &&
    (url.includes('/dist/') || url.includes('/hyper-sync-fuzz-'))
  );
}

/** The built entry of a package. */
export function built(path) {
  return import(pathToFileURL(join(root, path)).href);
}

/** Everything that sources import from other packages stays where it is: it is loaded once, and not counted twice. */
const packagesStayOutside = {
  name: 'packages-stay-outside',
  setup(bundle) {
    bundle.onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === packagesStayOutside || path.startsWith('node:')) return undefined;
      const found = await bundle.resolve(path, { importer, kind, resolveDir, pluginData: packagesStayOutside });
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

/** Sources that no entry exports, built for this process. */
export async function internals(name, sources) {
  const outfile = join(bundles, `${name}.mjs`);
  await build({
    stdin: {
      contents: sources.map((source) => `export * from ${JSON.stringify(`./${source}`)};`).join('\n'),
      resolveDir: root,
      loader: 'js',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'error',
    plugins: [packagesStayOutside],
    outfile,
  });
  return import(pathToFileURL(outfile).href);
}

/** The bytes that `hex` spells. */
export function bytes(hex) {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** UTF-8 of `text`. */
export function utf8(text) {
  return new Uint8Array(Buffer.from(text));
}

/** True for errors of a class by name, with a code that begins like this; without `prefix`, of one that has no codes. */
export function refusals(name, prefix) {
  return (error) =>
    error?.name === name && (prefix === undefined || (typeof error.code === 'string' && error.code.startsWith(prefix)));
}
