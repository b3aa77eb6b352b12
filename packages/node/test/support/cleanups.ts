import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

type Cleanup = () => unknown;

const cleanups: Cleanup[] = [];

/** Runs after the test that asked for it, the last asked first. */
export function cleanUp(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A new folder. The caller removes it. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'hs-node-test-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A new folder for this test. */
export function testFolder(): string {
  const folder = makeFolder();
  cleanUp(() => removeFolder(folder));
  return folder;
}
