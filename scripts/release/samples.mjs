/** The samples of the packages' READMEs, as a stranger would copy them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps.mjs';

/** Files that samples say the reader has, and where this repository has one. */
const companions = {
  'ancestral-records': [
    ['packages/ancestral-records/test/crash/chain.mjs', 'hasher.mjs'],
    ['packages/ancestral-records/test/crash/chain.d.mts', 'hasher.d.mts'],
  ],
};

/** What samples use besides the packages. */
export const sampleDependencies = ['@noble/curves', '@noble/hashes', 'memory-level', 'classic-level', '@types/node'];

/** Writes every `ts` sample of a package's README into a folder of the project, and says which files these are. */
export async function writeSamples(name, project) {
  const { transformSync } = await import('esbuild');
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
  const folder = join(project, 'samples', name);
  mkdirSync(folder, { recursive: true });
  for (const [from, to] of companions[name] ?? []) copyFileSync(join(root, from), join(folder, to));
  return [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code], i) => {
    const source = join(folder, `sample-${i}.mts`);
    const script = join(folder, `sample-${i}.mjs`);
    writeFileSync(source, code);
    const options = {
      loader: 'ts',
      target: 'es2022',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    };
    writeFileSync(script, transformSync(code, options).code);
    return { title: `${name} README sample ${i}`, source, script };
  });
}
