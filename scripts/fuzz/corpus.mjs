import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the minimised inputs of each target are kept, one in hex a line. */
export const corpusFolder = join(dirname(fileURLToPath(import.meta.url)), 'corpus');

export function readCorpus(name, folder = corpusFolder) {
  const file = join(folder, `${name}.txt`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => new Uint8Array(Buffer.from(line, 'hex')));
}

export function writeCorpus(name, inputs, folder = corpusFolder) {
  mkdirSync(folder, { recursive: true });
  const lines = inputs.map((input) => `${Buffer.from(input).toString('hex')}\n`);
  writeFileSync(join(folder, `${name}.txt`), lines.join(''));
}
