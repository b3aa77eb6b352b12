/**
 * `npm run release`: publishes the packages whose version the registry does not have yet, after everything was checked.
 *
 * Versions come from changesets (`npx changeset version`, committed before). Provenance, which says from which commit and build
 * a package comes, needs a build service that can identify itself, and a `repository` in each manifest that is that service's.
 * `--dry-run` does everything but publish.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, root, step } from '../steps.mjs';

const isDryRun = process.argv.includes('--dry-run');

/** What stands in the way of publishing from here. */
export function obstacles({ manifests, changesets, changedFiles, environment }) {
  const found = [];
  if (changedFiles !== '') found.push(`not committed:\n${changedFiles}`);
  if (changesets.length > 0) found.push(`run \`npx changeset version\` first: ${changesets.join(', ')}`);
  for (const { name, repository, publishConfig } of manifests) {
    if (publishConfig?.provenance !== true) found.push(`${name} does not ask for provenance`);
    if (repository === undefined) found.push(`${name} has no repository, which provenance is checked against`);
  }
  const canIdentify = environment['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? environment['NPM_ID_TOKEN'];
  if (canIdentify === undefined) found.push('this is no build service that can identify itself, so no provenance');
  return found;
}

async function release() {
  const manifests = readdirSync(join(root, 'packages')).map((name) =>
    JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
  );
  const changesets = readdirSync(join(root, '.changeset')).filter((file) => /^(?!README).*\.md$/.test(file));
  const { output: changedFiles } = await capture('git', ['status', '--porcelain']);
  const found = obstacles({ manifests, changesets, changedFiles: changedFiles.trim(), environment: process.env });
  if (found.length > 0) {
    console.error(`This cannot be published:\n${found.map((text) => `- ${text}`).join('\n')}`);
    if (!isDryRun) process.exit(1);
  }
  await step('packages', process.execPath, [join('scripts', 'test-packages.mjs')]);
  const flags = isDryRun ? ['--dry-run', '--no-git-checks'] : ['--provenance'];
  await step('publish', 'pnpm', ['publish', '-r', '--filter', './packages/*', '--access', 'public', ...flags]);
}

if (process.argv[1] === import.meta.filename) await release();
