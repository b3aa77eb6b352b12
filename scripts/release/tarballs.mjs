/** The packages as they would be published: packed, unpacked, and looked through. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { capture, root } from '../steps.mjs';

/**
 * What each package may weigh: the tarball, and the smallest useful import of it, bundled and minified for a browser, in
 * kilobytes of 1,000 bytes. Raised on purpose only.
 */
export const budgets = {
  ellipticsum: { packed: 300, bundle: 120 },
  'ancestral-records': { packed: 380, bundle: 130 },
  wire: { packed: 160, bundle: 110 },
  'sync-progress': { packed: 200, bundle: 60 },
  'dao-coin': { packed: 130, bundle: 70 },
  node: { packed: 640 },
};

/** Everything else in a tarball is a mistake. */
const allowed = [/^package\.json$/, /^README\.md$/, /^CHANGELOG\.md$/, /^LICENSE$/, /^(bin|dist|docs|deploy)\//];
const forbidden = [/\.test\./, /(^|\/)(test|tests|bench|fixtures|node_modules)\//, /\.tsbuildinfo$/, /(^|\/)\.[^/]+$/];
const secrets = [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, /_authToken/, /\bnpm_[A-Za-z0-9]{36}\b/];

/** Packs all packages with pnpm, which replaces `workspace:` by versions, and unpacks the tarballs. */
export async function packPackages(folder) {
  const packed = [];
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const cwd = join(root, 'packages', name);
    const before = new Set(existsSync(folder) ? readdirSync(folder) : []);
    const { code, output } = await capture('pnpm', ['pack', '--pack-destination', folder], { cwd });
    const file = readdirSync(folder).find((entry) => entry.endsWith('.tgz') && !before.has(entry));
    if (code !== 0 || file === undefined) throw new Error(`pnpm pack failed for ${name}\n${output}`);
    const unpacked = join(folder, name);
    mkdirSync(unpacked);
    const tar = await capture('tar', ['-xzf', join(folder, file), '-C', unpacked]);
    if (tar.code !== 0) throw new Error(`${file} cannot be unpacked\n${tar.output}`);
    packed.push({ name, tarball: join(folder, file), folder: join(unpacked, 'package') });
  }
  return packed;
}

/** What is wrong with a package's files, manifest and size. */
export function contentProblems({ name, tarball, folder }) {
  const problems = [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, '/'),
    );
  for (const file of files) {
    if (!allowed.some((pattern) => pattern.test(file))) problems.push(`${file} does not belong into the tarball`);
    if (forbidden.some((pattern) => pattern.test(file))) problems.push(`${file} must not be published`);
    const text = readFileSync(join(folder, file), 'latin1');
    for (const pattern of secrets) if (pattern.test(text)) problems.push(`${file} holds something like ${pattern}`);
  }
  for (const needed of ['README.md', 'LICENSE']) if (!files.includes(needed)) problems.push(`${needed} is missing`);

  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (JSON.stringify(manifest).includes('workspace:')) problems.push('the manifest still says workspace:');
  if (manifest.private === true) problems.push('the package is private');
  for (const field of ['description', 'license', 'engines', 'version', 'keywords', 'author']) {
    if (manifest[field] === undefined) problems.push(`the manifest has no ${field}`);
  }
  if (manifest.publishConfig?.provenance !== true) problems.push('publishConfig.provenance is not set');
  for (const script of ['preinstall', 'install', 'postinstall']) {
    if (manifest.scripts?.[script] !== undefined) problems.push(`it runs a ${script} script`);
  }
  const targets = [...leaves(manifest.exports ?? {}), ...Object.values(manifest.bin ?? {})];
  for (const target of targets) {
    if (!files.includes(target.replace(/^\.\//, ''))) problems.push(`${target} is named and not there`);
  }
  const dependencies = Object.keys(manifest.dependencies ?? {});
  const isOne = name !== 'node' && dependencies.some((dependency) => dependency.startsWith('@hs/'));
  if (isOne) problems.push('it depends on another package of the project');

  const kilobytes = statSync(tarball).size / 1000;
  const { packed } = budgets[name] ?? {};
  if (packed === undefined) problems.push('it has no size budget');
  else if (kilobytes > packed) problems.push(`its tarball has ${kilobytes.toFixed(0)} kB, more than ${packed} kB`);
  return { problems, kilobytes };
}

/** All strings in nested conditions of an `exports` field. */
function leaves(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(leaves);
}
