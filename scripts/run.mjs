/**
 * `npm start` and `npm test`: everything a fresh clone needs, with only Node and npm on the machine.
 *
 * Installs the pinned pnpm and the locked dependencies if they are not there yet, builds, then runs the example or all
 * checks. Uses nothing but Node itself, since it runs before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const environment = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
};

let running;
let isStopping = false;
// A terminal sends Ctrl-C to the whole process group: the child cleans up, this process waits for it.
process.on('SIGINT', () => {
  isStopping = true;
});
process.on('SIGTERM', () => {
  isStopping = true;
  running?.kill('SIGTERM');
});

/** Runs a command in the project's root and gives its exit code. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    running = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      env: environment,
      shell: process.platform === 'win32' && command !== process.execPath,
      ...options,
    });
    running.on('error', reject);
    running.on('exit', (code, signal) => resolve(signal === null ? code : 128));
  });
}

async function step(title, command, args, options) {
  console.log(`\n> ${title}: ${command} ${args.join(' ')}`);
  const code = await run(command, args, options);
  if (code !== 0 || isStopping) {
    if (!isStopping) console.error(`\n${title} failed with exit code ${code}.`);
    process.exit(isStopping ? 130 : code);
  }
}

/** pnpm keeps a copy of the lockfile that it installed from. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.pnpm', 'lock.yaml');
  const marker = join(root, 'node_modules', '.modules.yaml');
  if (!existsSync(installed) || !existsSync(marker)) return false;
  return readFileSync(installed, 'utf8') === readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
}

async function install() {
  if (isInstalled()) return;
  await step('install', 'npx', ['--yes', packageManager, 'install', '--frozen-lockfile']);
}

async function start(args) {
  await install();
  await step('build', 'turbo', ['run', 'build', '--filter=@hs/example-full-node', '--output-logs=errors-only']);
  process.exit(await run(process.execPath, [join('examples', 'full-node', 'dist', 'main.js'), ...args]));
}

async function test() {
  const started = Date.now();
  await install();
  await step('build', 'turbo', ['run', 'build', '--output-logs=errors-only']);
  await step('lint', 'biome', ['check', '--error-on-warnings', '.']);
  await step('types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only']);
  await step('dependency rule', process.execPath, [join('scripts', 'check-dependencies.mjs')]);

  const summaries = mkdtempSync(join(tmpdir(), 'hyper-sync-tests-'));
  try {
    await step('script tests', process.execPath, ['--test', 'scripts/']);
    // One package at a time: the end-to-end tests run networks of processes and want both cores.
    await step('tests', 'turbo', ['run', 'test', '--concurrency=1', '--output-logs=full'], {
      env: { ...environment, HS_TEST_SUMMARIES: summaries },
    });
    const totals = { passed: 0, failed: 0 };
    for (const file of readdirSync(summaries)) {
      const { name, passed, failed } = JSON.parse(readFileSync(join(summaries, file), 'utf8'));
      console.log(`${name}: ${passed} tests`);
      totals.passed += passed;
      totals.failed += failed;
      if (passed === 0) throw new Error(`${name} ran no test`);
    }
    console.log(`All checks held in ${Math.round((Date.now() - started) / 1000)} s.`);
    console.log(`${totals.passed} passed, ${totals.failed} failed`);
  } finally {
    rmSync(summaries, { recursive: true, force: true });
  }
}

const [job, ...args] = process.argv.slice(2);
if (job === 'start') await start(args);
else if (job === 'test') await test();
else {
  console.error('usage: node scripts/run.mjs start|test');
  process.exit(2);
}
