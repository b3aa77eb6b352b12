import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openQuickHasher } from './quick-hasher.mjs';

/**
 * The hasher of a benchmark. This package knows no hash function, so a module is named on the command line that exports
 * `openHasher({ threads })`, which resolves to `{ name, hasher, stateRoot, close }`; without one, the quick hasher is taken.
 */
export async function openHasher(path, threads) {
  if (path === undefined) return openQuickHasher();
  const module = await import(pathToFileURL(resolve(path)).href);
  return module.openHasher({ threads });
}
