import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { testFolder } from './support/cleanups.js';
import { hsNode } from './support/hs-node.js';
import { NodeProcess } from './support/node-process.js';
import { waitFor } from './support/wait.js';

/** A chain of one producer, made by commands alone. */
async function makeChain(folder: string): Promise<{ keyFile: string; chainFile: string; publicKey: string }> {
  const keyFile = join(folder, 'producer.key');
  const chainFile = join(folder, 'chain.json');
  const { publicKey } = (await hsNode('keys', 'generate', keyFile, '--json')).json;
  const flags = ['--producer', publicKey, '--name', 'mine', '--snapshot-period', '4', '--accounts', '3'];
  const made = await hsNode('chain', 'create', chainFile, ...flags, '--follow-pairs', '7', '--json');
  expect([made.code, made.stderr]).toEqual([0, '']);
  expect(made.json).toMatchObject({ name: 'mine', producers: [publicKey], genesis: { accounts: 3, followPairs: 7 } });
  return { keyFile, chainFile, publicKey };
}

describe('hs-node chain', () => {
  test('makes a chain that a node produces blocks of, and shows it', async () => {
    const folder = testFolder();
    const { keyFile, chainFile } = await makeChain(folder);
    const shown = await hsNode('chain', 'show', '--chain', chainFile);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('every 4 blocks, root 1 later, 2 kept')]);
    const { json } = await hsNode('chain', 'show', '--chain', chainFile, '--json');
    expect(shown.stdout).toContain(json.genesisHash);
    expect(JSON.parse(readFileSync(chainFile, 'utf8')).genesisStateRoot).toBe(json.genesisStateRoot);

    const addresses = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--block-interval-ms', '50'];
    const data = join(folder, 'data');
    const node = new NodeProcess([
      'run',
      '--chain',
      chainFile,
      '--data',
      data,
      '--producer-key',
      keyFile,
      ...addresses,
    ]);
    await waitFor('a block', async () => ((await node.status()).height ?? 0) >= 5);
    expect(await node.signal('SIGTERM')).toBe(0);
    const verified = await hsNode('verify', '--chain', chainFile, '--data', data, '--json');
    expect(verified).toMatchObject({ code: 0, json: { isClean: true, records: 3 + 2 * 7 } });
  });

  test('overwrites nothing, and refuses a chain without producers or with wrong keys', async () => {
    const folder = testFolder();
    const { chainFile, publicKey } = await makeChain(folder);
    const before = readFileSync(chainFile, 'utf8');
    const again = await hsNode('chain', 'create', chainFile, '--producer', publicKey);
    expect([again.code, again.stdout, again.stderr]).toEqual([2, '', expect.stringContaining('never overwritten')]);
    expect(readFileSync(chainFile, 'utf8')).toBe(before);
    const other = join(folder, 'other.json');
    const none = await hsNode('chain', 'create', other);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--producer is needed')]);
    const wrong = await hsNode('chain', 'create', other, '--producer', 'abc', '--json');
    expect([wrong.code, wrong.json.error.details.path]).toEqual([2, 'producers[0]']);
    const nowhere = await hsNode('chain', 'create', join(folder, 'no', 'x.json'), '--producer', publicKey);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot write the chain spec')]);
    writeFileSync(other, '{}');
    expect(await hsNode('chain', 'show', '--chain', other)).toMatchObject({ code: 2, stdout: '' });
  });
});
