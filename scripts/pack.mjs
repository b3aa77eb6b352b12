/** `npm run pack`: the six packages as tarballs in `packed/`, for trying them out in another project. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { install, root, step } from './steps.mjs';

const folder = join(root, 'packed');

await install();
// Built anew: what a cache brings back is laid beside what was there, and would be packed with it.
await step('build', 'turbo', ['run', 'build', '--force', '--filter=./packages/*', '--output-logs=errors-only']);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const name of readdirSync(join(root, 'packages')).sort()) {
  await step('pack', 'pnpm', ['pack', '--pack-destination', folder], { cwd: join(root, 'packages', name) });
}
console.log(`\nIn another project: npm install ${join(folder, '*.tgz')}`);
