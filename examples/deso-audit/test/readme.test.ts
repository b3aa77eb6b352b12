import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { auditErrorCodes } from '../src/audit-error.js';
import { usage } from '../src/options.js';
import { makeChain, type TestHeader } from './support/chain.js';
import { GoPeer } from './support/go-peer.js';
import { exampleFolder, type Outcome, reportOf, run, TemporaryFolder } from './support/program.js';
import { genesisState, genesisVectors } from './support/states.js';

const readme = readFileSync(join(exampleFolder, 'README.md'), 'utf8');
const chain = makeChain({ length: 24 });

/** Audits a peer that serves the genesis state of DeSo. */
async function auditGenesis(...args: readonly string[]): Promise<Outcome> {
  using folder = new TemporaryFolder();
  const snapshot = {
    height: 20,
    blockHash: (chain[19] as TestHeader).hash,
    checksum: Buffer.from(genesisVectors.total, 'hex'),
    records: genesisState,
  };
  await using peer = await GoPeer.listen({ headers: chain, snapshot });
  return await run([peer.address, '--network', 'testnet', '--data', folder.path, '--quiet', ...args]);
}

describe('README', () => {
  test('shows a report as the program prints it', async () => {
    const [, shown = ''] = /^```text\n(node {6}.*?)^```$/ms.exec(readme) ?? [];
    /** What differs from run to run: address, time, and everything that is mined. */
    const settled = (text: string): string =>
      text
        .replace(/127\.0\.0\.1:\d+/, 'ADDRESS')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z, [0-9a-f]{64}/, 'TIME, HASH')
        .replace(/block [0-9a-f]{64}/, 'block HASH');
    const { stdout } = await auditGenesis();
    expect(settled(stdout)).toBe(settled(shown));
  });

  test('names every field of the report', async () => {
    const names = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) names.add(name);
        collect(inner);
      }
    };
    collect(reportOf(await auditGenesis('--json')));
    expect(names.size).toBeGreaterThan(35);
    expect([...names].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test('lists every option, as --help does', () => {
    const listed = [...readme.matchAll(/^\| `(--[\w-]+)/gm)].map((match) => match[1]);
    const helped = [...usage.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]);
    expect(listed).toEqual(helped);
  });

  test('lists every error code', () => {
    const listed = [...readme.matchAll(/^\| `(AUDIT_\w+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual([...auditErrorCodes]);
  });
});
