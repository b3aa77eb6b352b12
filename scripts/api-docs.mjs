/**
 * `npm run docs:api`: the API reference of all packages, into docs/api. Fails if an export has no doc comment, or a link in one leads
 * nowhere.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, root, step } from './steps.mjs';

const toolsFolder = join(root, 'tools', 'api-docs');
/** typedoc wants one project; it lies in the root, so that every package finds its dependencies. */
const project = join(root, 'tsconfig.api-docs.json');

/** Where the source of an entry is, from where its declarations are. */
function sourceOf(name, types) {
  return join(root, 'packages', name, types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts'));
}

const entryPoints = readdirSync(join(root, 'packages')).flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([entry]) => entry !== './package.json' && !entry.endsWith('-worker'))
    .map(([, { types }]) => sourceOf(name, types));
});

await install();
await step('build', 'turbo', ['run', 'build', '--filter=./packages/*', '--output-logs=errors-only']);
await step('typedoc', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: toolsFolder });
const compilerOptions = {
  noEmit: true,
  isolatedDeclarations: false,
  types: ['node'],
  lib: ['es2023', 'esnext.disposable', 'dom'],
};
const tsconfig = { extends: './config/tsconfig.base.json', compilerOptions, files: entryPoints };
writeFileSync(project, JSON.stringify(tsconfig));
try {
  await step('reference', process.execPath, [
    join(toolsFolder, 'node_modules', 'typedoc', 'bin', 'typedoc'),
    ...['--tsconfig', project, '--out', join('docs', 'api'), '--name', 'Hyper Sync', '--readme', 'none'],
    ...['--excludePrivate', '--excludeInternal', '--disableSources', '--treatValidationWarningsAsErrors'],
    ...['--validation.notDocumented', '--validation.notExported', 'false', '--validation.invalidLink'],
    ...['Class', 'Function', 'Interface', 'TypeAlias', 'Variable'].flatMap((kind) => [
      '--requiredToBeDocumented',
      kind,
    ]),
    ...entryPoints.flatMap((file) => ['--entryPoints', file]),
  ]);
} finally {
  rmSync(project, { force: true });
}
