import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** A connection to the registry that stalls is given up and made again, long before the test's own time is over. */
const patience = [
  '--fetch-timeout=15000',
  '--fetch-retries=5',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=5000',
];

/** This package, packed and installed alone into a scratch folder. */
export interface InstalledPackage {
  readonly folder: string;
  remove(): void;
}

/** The environment without what an outer npm or pnpm says about the package it runs in. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const outer =
    /^npm_(package_|lifecycle_|command$|execpath$|config_(local_prefix|global_prefix|prefix|workspace.*)$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)));
}

/** Packs what was built, and installs the tarball with its dependencies. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'ellipticsum-package-'));
  const options = { cwd: packageFolder, env: plainEnvironment() };
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], options);
  const [{ filename }] = JSON.parse(packed.stdout);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'scratch', private: true, type: 'module' }));
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--prefix', folder, ...patience];
  await run('npm', ['install', ...flags, join(folder, filename)], { ...options, cwd: folder });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
