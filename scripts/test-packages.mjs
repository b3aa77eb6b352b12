/**
 * `npm run test:packages`: the six packages as strangers get them. Packs them; looks through the tarballs; has publint and
 * are-the-types-wrong judge them; installs them into a scratch project; compiles every sample of their READMEs with three
 * versions of TypeScript and runs it on four of Node; runs their commands; and bundles those that are for browsers too.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleDependencies, writeSamples } from './release/samples.mjs';
import { budgets, contentProblems, packPackages } from './release/tarballs.mjs';
import { capture, install, root, step } from './steps.mjs';

const nodeVersions = ['node20', 'node22', 'node24', 'node26'];
const compilers = ['typescript5', 'typescript6', 'typescript7'];
const toolsFolder = join(root, 'tools', 'packages');
const platformsFolder = join(root, 'tools', 'platforms');

const temporary = mkdtempSync(join(tmpdir(), 'hyper-sync-packages-'));
const totals = { passed: 0, failed: 0 };
const started = Date.now();

/** Counts a check, and prints it in one line; what went wrong, below it. */
async function check(title, run) {
  let said = '';
  try {
    said = (await run()) ?? '';
  } catch (error) {
    totals.failed++;
    console.error(`FAILED ${title}\n${error.message}\n`);
    return;
  }
  totals.passed++;
  console.log(`ok     ${title}${said === '' ? '' : `: ${said}`}`);
}

/** Runs a command that must succeed, and gives what it printed. */
async function must(command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0) throw new Error(`exit code ${code} of ${command} ${args.join(' ')}\n${output}`);
  return output;
}

const nodeBinary = (name) => join(platformsFolder, 'node_modules', name, 'bin', 'node');
const tool = (...path) => join(toolsFolder, 'node_modules', ...path);

async function checkTarball(entry) {
  await check(`${entry.name}: files, manifest, size`, () => {
    const { problems, kilobytes } = contentProblems(entry);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    return `${kilobytes.toFixed(0)} kB packed, at most ${budgets[entry.name].packed}`;
  });
  await check(`${entry.name}: publint`, async () => {
    await must(process.execPath, [tool('publint', 'src', 'cli.js'), entry.folder, '--strict', '--pack', 'false']);
  });
  await check(`${entry.name}: are the types wrong`, async () => {
    const cli = tool('@arethetypeswrong', 'cli', 'dist', 'index.js');
    await must(process.execPath, [cli, entry.tarball, '--profile', 'esm-only', '--no-color']);
  });
}

/** A project of somebody who installs the tarballs. */
async function installScratch(packed) {
  const project = join(temporary, 'project');
  mkdirSync(project);
  const dependencies = Object.fromEntries(packed.map(({ name, tarball }) => [`@hs/${name}`, `file:${tarball}`]));
  for (const name of sampleDependencies) dependencies[name] = versionOf(name);
  const manifest = { name: 'scratch', private: true, type: 'module', dependencies, overrides: overridesOf(packed) };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, null, 2));
  await must('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project });
  return project;
}

/** The packages are not published yet: what `@hs/node` wants of the others comes from their tarballs too. */
function overridesOf(packed) {
  return Object.fromEntries(packed.map(({ name }) => [`@hs/${name}`, `$@hs/${name}`]));
}

/** The version of a dependency that this repository is tested with. */
function versionOf(dependency) {
  for (const folder of ['.', 'packages/ancestral-records', 'packages/node', 'packages/ellipticsum', 'packages/wire']) {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const version = dependencies?.[dependency] ?? devDependencies?.[dependency];
    if (version !== undefined) return version;
  }
  throw new Error(`no package here depends on ${dependency}`);
}

/** Every entry of every package, imported as a value and as a type. */
function writeEntries(packed, project) {
  const entries = packed.flatMap(({ name, folder }) => {
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return Object.keys(exports)
      .filter((entry) => entry !== './package.json' && !entry.endsWith('-worker'))
      .map((entry) => `@hs/${name}${entry.slice(1)}`);
  });
  const source = join(project, 'samples', 'entries.mts');
  const lines = entries.map((entry, i) => `import * as entry${i} from '${entry}';\nvoid entry${i};`);
  writeFileSync(source, lines.join('\n'));
  const imports = entries.filter((entry) => !entry.endsWith('/browser'));
  const script = join(project, 'samples', 'entries.mjs');
  writeFileSync(
    script,
    `const names = ${JSON.stringify(imports)};\nfor (const name of names) {\n` +
      "  if (Object.keys(await import(name)).length === 0) throw new Error(name + ' exports nothing');\n}\n",
  );
  return { title: `all ${entries.length} entries`, source, script };
}

/** All declarations are compiled as strictly as the language allows, the samples as `strict` has it. */
async function checkTypes({ samples, entries, project }) {
  const options = [
    ...['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'],
    ...['--lib', 'es2023,dom,esnext.disposable', '--types', 'node'],
  ];
  const strictest = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--isolatedModules'];
  for (const compiler of compilers) {
    const { version } = JSON.parse(readFileSync(tool(compiler, 'package.json'), 'utf8'));
    const compile = (...args) =>
      must(process.execPath, [tool(compiler, 'bin', 'tsc'), ...options, ...args], { cwd: project });
    await check(`TypeScript ${version} compiles the declarations of ${entries.title}`, async () => {
      await compile(...strictest, entries.source);
    });
    await check(`TypeScript ${version} compiles ${samples.length} samples`, async () => {
      await compile(...samples.map(({ source }) => source));
    });
  }
}

async function checkNode(name, { samples, project }) {
  const binary = nodeBinary(name);
  const version = (await must(binary, ['--version'])).trim().slice(1);
  for (const { title, script } of samples) {
    await check(`Node ${version}: ${title}`, async () => {
      await must(binary, [script], { cwd: join(project, 'samples') });
    });
  }
  for (const [command, args, expected] of [
    ['ellipticsum', ['--help'], /sum/],
    ['hs-node', ['--help'], /snapshot/],
  ]) {
    await check(`Node ${version}: ${command} ${args.join(' ')}`, async () => {
      const output = await must(binary, [join(project, 'node_modules', '.bin', command), ...args], { cwd: project });
      if (!expected.test(output)) throw new Error(`it says\n${output}`);
    });
  }
}

/** The smallest useful import of each package that runs in browsers. */
const bundled = {
  ellipticsum: "export { EllipticSum, createBackend } from '@hs/ellipticsum';",
  'ancestral-records': "export { StateStore } from '@hs/ancestral-records';",
  wire: "export { createMessageCodec, FrameDecoder } from '@hs/wire';",
  'sync-progress': "export { HyperSyncProgress } from '@hs/sync-progress';",
  'dao-coin': "export { connectDaoCoin } from '@hs/dao-coin';",
};

async function checkBundles(project) {
  const { build } = await import('esbuild');
  for (const [name, code] of Object.entries(bundled)) {
    const entry = join(project, `bundle-${name}.mjs`);
    writeFileSync(entry, code);
    await check(`${name}: bundled by esbuild for browsers`, async () => {
      const outfile = join(project, 'out', `${name}.esbuild.js`);
      await build({
        ...{ entryPoints: [entry], outfile, bundle: true, minify: true, format: 'esm', platform: 'browser' },
        ...{ target: 'es2022', logLevel: 'silent' },
      });
      const kilobytes = statSync(outfile).size / 1000;
      const { bundle } = budgets[name];
      if (kilobytes > bundle) throw new Error(`it has ${kilobytes.toFixed(0)} kB, more than ${bundle} kB`);
      return `${kilobytes.toFixed(0)} kB, at most ${bundle}`;
    });
    await check(`${name}: bundled by rollup`, async () => {
      const { rollup } = await import(tool('rollup', 'dist', 'es', 'rollup.js'));
      const { nodeResolve } = await import(tool('@rollup', 'plugin-node-resolve', 'dist', 'es', 'index.js'));
      const warnings = [];
      const bundle = await rollup({
        input: entry,
        plugins: [nodeResolve({ browser: true })],
        onwarn: (warning) => warnings.push(warning),
      });
      await bundle.close();
      // A comment in a dependency that rollup does not understand harms nobody.
      const serious = warnings.filter(({ code }) => code !== 'CIRCULAR_DEPENDENCY' && code !== 'INVALID_ANNOTATION');
      if (serious.length > 0) throw new Error(serious.map(({ message }) => message).join('\n'));
    });
  }
}

try {
  await install();
  // Built anew: what a cache brings back is laid beside what was there, and would be packed with it.
  await step('build', 'turbo', ['run', 'build', '--force', '--filter=./packages/*', '--output-logs=errors-only']);
  for (const cwd of [toolsFolder, platformsFolder]) {
    await step('tools', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
  }
  const packed = await packPackages(temporary);
  for (const entry of packed) await checkTarball(entry);
  const project = await installScratch(packed);
  const samples = [];
  for (const { name } of packed) samples.push(...(await writeSamples(name, project)));
  if (samples.length < packed.length) throw new Error('the READMEs have fewer samples than there are packages');
  const entries = writeEntries(packed, project);
  await checkTypes({ samples, entries, project });
  for (const name of nodeVersions) await checkNode(name, { samples: [entries, ...samples], project });
  await checkBundles(project);
  console.log(`The packages took ${Math.round((Date.now() - started) / 1000)} s.`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
