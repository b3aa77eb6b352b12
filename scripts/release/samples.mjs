/** The samples of the packages' READMEs, as a stranger would copy them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../steps.mjs';

/** A module that samples say the reader has: where this repository has one, and what is in it. */
const companions = {
  'ancestral-records': {
    name: 'hasher',
    source: 'packages/ancestral-records/test/crash/chain.mjs',
    types:
      "import type { StateHasher, StateRootFunction } from '@hs/ancestral-records';\n" +
      'export declare const hasher: StateHasher;\nexport declare const stateRoot: StateRootFunction;\n',
  },
};

/** What samples use besides the packages. */
export const sampleDependencies = ['@noble/curves', '@noble/hashes', 'memory-level', 'classic-level', '@types/node'];

/** Writes every `ts` sample of a package's README into a folder of the project, and says which files these are. */
export async function writeSamples(name, project) {
  const { transformSync } = await import('esbuild');
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
  const folder = join(project, 'samples', name);
  mkdirSync(folder, { recursive: true });
  const companion = companions[name];
  if (companion !== undefined) {
    copyFileSync(join(root, companion.source), join(folder, `${companion.name}.mjs`));
    writeFileSync(join(folder, `${companion.name}.d.mts`), companion.types);
  }
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
