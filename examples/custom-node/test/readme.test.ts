import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNobleBackend, stateRoot } from '@hs/ellipticsum';
import { FullNode } from '@hs/node';
import { describe, expect, test } from '@jest/globals';
import { keyFromText } from '../src/chain/keys.js';
import { checksumDomain, createNameChain, type NameChainSpec } from '../src/chain/name-chain.js';
import type { NameHeader } from '../src/chain/name-header.js';
import { exampleFolder, run } from './program.js';

const readme = readFileSync(join(exampleFolder, 'README.md'), 'utf8');

/** The commands in the README's `console` blocks, each with what it prints there. */
const commands = [...readme.matchAll(/^```console\n\$ (.*)\n([\s\S]*?)^```$/gm)].map(
  ([, command = '', printed = '']) => [command, printed] as const,
);

/** Heights, counts, times and ports differ from run to run; names, hashes and rules do not. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/(?<![0-9a-f.])\d+(?![0-9a-f])/g, 'N').replaceAll(/127\.0\.0\.1:\w+/g, 'ADDRESS');
}

describe('README', () => {
  test('has commands for sockets, for no sockets, and for a refusal', () => {
    expect(commands.length).toBe(3);
  });

  test.each(commands)('`%s` prints what the README says and cleans up', async (command, printed) => {
    const { stdout, stderr, leftovers } = await run('sh', ['-c', command]);
    expect(withoutNumbers(stdout)).toBe(withoutNumbers(printed));
    expect(stderr).toBe('');
    expect(leftovers).toEqual([]);
  });

  test('shows code that opens a node, which is then run here in a folder and on a port of this test', async () => {
    const [, sample = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    const folder = mkdtempSync(join(tmpdir(), 'custom-node-test-'));
    const local = [
      ["'/var/lib/names'", JSON.stringify(folder)],
      ["'0.0.0.0', port: 4747", "'127.0.0.1', port: 0"],
      ['names.example:4747', '127.0.0.1:9'],
    ].reduce((text, [there = '', here = '']) => {
      expect(text).toContain(there);
      return text.replace(there, here);
    }, sample);
    const owner = keyFromText('registrar').publicKey;
    const spec: NameChainSpec = { committee: [owner], genesisTimeMs: 0, reserved: { owner, names: ['root'] } };
    const given = { FullNode, createNameChain, createNobleBackend, stateRoot, checksumDomain, spec };
    const open = new Function(...Object.keys(given), `return (async () => { ${local}; return node; })();`);
    const node: FullNode<NameHeader> = await open(...Object.values(given));
    try {
      expect(node.status()).toMatchObject({ chain: { name: 'name registry' }, headerHeight: 0 });
    } finally {
      await node.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('sends readers to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThanOrEqual(10);
    for (const link of links) expect(readFileSync(join(exampleFolder, link), 'utf8').length).toBeGreaterThan(0);
  });
});
