/**
 * What the scripts of the root share: a fresh clone's installation, and running commands one after the other.
 *
 * Uses nothing but Node itself, since it runs before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Where commands of the installed packages are found. */
export const environment = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
};

const running = new Set();
let isStopping = false;
// A terminal sends Ctrl-C to the whole process group: the children clean up, this process waits for them.
process.on('SIGINT', () => {
  isStopping = true;
});
process.on('SIGTERM', () => {
  isStopping = true;
  for (const child of running) child.kill('SIGTERM');
});

/** Starts a command in the project's root. `ended` gives its exit code. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: environment,
    shell: process.platform === 'win32' && command !== process.execPath,
    ...options,
  });
  running.add(child);
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal === null ? code : 128));
  }).finally(() => running.delete(child));
  return { child, ended };
}

/** Runs a command in the project's root and gives its exit code. */
export function run(command, args, options) {
  return start(command, args, options).ended;
}

/** Runs a command, and gives what it printed instead of printing it. */
export async function capture(command, args, options) {
  const { child, ended } = start(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const code = await ended;
  if (isStopping) process.exit(130);
  return { code, output };
}

/** Runs a command that must succeed: ends this process if it does not. */
export async function step(title, command, args, options) {
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

/** Installs the pinned pnpm's idea of the locked dependencies, if they are not there yet. */
export async function install() {
  if (isInstalled()) return;
  await step('install', 'npx', ['--yes', packageManager, 'install', '--frozen-lockfile']);
}
