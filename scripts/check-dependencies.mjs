/**
 * The one dependency rule: `@hs/node` may use the other packages, the other packages never use each other.
 *
 * Looks at every import in sources, tests and benchmarks (type-only ones too), at package.json, and at what was built:
 * the private byte primitives must be bundled in and must not show in public types.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const independent = ['ellipticsum', 'ancestral-records', 'wire', 'sync-progress', 'dao-coin'];
/** Packages that run in browsers: their sources use no `node:` module outside a file or folder named `node`. */
const portable = ['ellipticsum', 'wire', 'sync-progress', 'dao-coin'];
const privatePackage = '@hs/bytes';
/** What each example may use of the project. */
const examples = {
  'verify-checksum': ['@hs/ellipticsum'],
  'deso-audit': ['@hs/ellipticsum', '@hs/wire'],
  'custom-node': ['@hs/ellipticsum', '@hs/ancestral-records', '@hs/wire', '@hs/sync-progress', '@hs/node'],
};

/** Comments do not import. */
const commentPattern = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const importPattern = /\b(?:from|import|require)\s*\(?\s*(['"`])([^'"`\n]+)\1/g;

function* filesUnder(folder, pattern) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* filesUnder(path, pattern);
    } else if (pattern.test(entry.name)) yield path;
  }
}

function importsOf(file) {
  return [...readFileSync(file, 'utf8').replaceAll(commentPattern, '').matchAll(importPattern)].map(
    (match) => match[2],
  );
}

function* violationsIn(folder, { allowed, isPortable, root }) {
  const shown = (file) => relative(root, file);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies', 'devDependencies']) {
    for (const name of Object.keys(manifest[field] ?? {})) {
      const isAllowed = allowed.includes(name) || (name === privatePackage && field === 'devDependencies');
      if (name.startsWith('@hs/') && !isAllowed) yield `${shown(join(folder, 'package.json'))}: ${field} names ${name}`;
    }
  }
  for (const part of ['src', 'test', 'bench']) {
    for (const file of filesUnder(join(folder, part), /\.(ts|mts|js|mjs)$/)) {
      for (const target of importsOf(file)) {
        const name = target.startsWith('@hs/') ? target.split('/').slice(0, 2).join('/') : undefined;
        if (name !== undefined && name !== manifest.name && name !== privatePackage && !allowed.includes(name)) {
          yield `${shown(file)}: imports ${target}`;
        }
        if (part !== 'src') continue;
        if (target.startsWith('.') && relative(folder, resolve(dirname(file), target)).startsWith('..')) {
          yield `${shown(file)}: leaves its package with ${target}`;
        }
        const isNodeFile = /[\\/]node([\\/]|\.ts$|-[^\\/]*\.ts$)/.test(relative(folder, file));
        if (isPortable && target.startsWith('node:') && !isNodeFile) {
          yield `${shown(file)}: imports ${target}, but this package runs in browsers`;
        }
      }
    }
  }
  for (const file of builtFiles(folder, manifest)) {
    for (const target of importsOf(file)) {
      if (target.startsWith(privatePackage))
        yield `${shown(file)}: refers to ${privatePackage}, which is not published`;
    }
  }
}

/** What a user of the package can reach: its entries, and what they import by relative path. */
function builtFiles(folder, manifest) {
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file) || !existsSync(file)) return;
    reached.add(file);
    for (const target of importsOf(file)) {
      if (!target.startsWith('.')) continue;
      const path = resolve(dirname(file), target);
      visit(file.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path);
    }
  };
  for (const entry of Object.values(manifest.exports ?? {})) {
    for (const path of typeof entry === 'string' ? [entry] : Object.values(entry)) {
      if (/\.(js|d\.ts)$/.test(path)) visit(join(folder, path));
    }
  }
  return reached;
}

/** Every breach of the rule under `root`, as lines to print. */
export function checkDependencies(root) {
  const violations = [];
  for (const name of independent) {
    const options = { allowed: [], isPortable: portable.includes(name), root };
    violations.push(...violationsIn(join(root, 'packages', name), options));
  }
  const all = independent.map((name) => `@hs/${name}`);
  violations.push(...violationsIn(join(root, 'packages', 'node'), { allowed: all, isPortable: false, root }));
  for (const [name, allowed] of Object.entries(examples)) {
    violations.push(...violationsIn(join(root, 'examples', name), { allowed, isPortable: false, root }));
  }
  return violations;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const violations = checkDependencies(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) {
    console.error(`The dependency rule is broken in ${violations.length} places.`);
    process.exit(1);
  }
  console.log(`The dependency rule holds: ${independent.join(', ')} import no sibling.`);
}
