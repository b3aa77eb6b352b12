import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { makeFolder } from './support/cleanups.js';
import { NodeProcess } from './support/node-process.js';
import { makeChain, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

test('the memory for new objects of a node that runs is bounded', async () => {
  const folder = makeFolder();
  const { chainFile } = writeChainFiles(await makeChain(), folder);
  const objects = pathToFileURL(join(import.meta.dirname, 'support', 'young-objects.mjs')).href;
  const node = new NodeProcess(
    ['run', '--chain', chainFile, '--data', join(folder, 'data'), '--listen', 'off', '--http', 'off'],
    // Without the bound it would come to 128 MiB and more on every version of Node.
    { NODE_OPTIONS: `--max-semi-space-size=64 --import=${objects}` },
  );
  await waitFor('the objects are made', () => /took \d+ bytes/.test(node.stderr));
  const bytes = Number(/took (\d+) bytes/.exec(node.stderr)?.[1]);
  expect(bytes).toBeGreaterThan(4 * 1024 * 1024);
  expect(bytes).toBeLessThanOrEqual(48 * 1024 * 1024);
});
