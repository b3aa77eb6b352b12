import { readFileSync } from 'node:fs';

/** The version in this package's manifest, which lies beside `src` and `dist`. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
