import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { statusText } from '../src/cli/commands/status.js';
import { examplePrefixes } from '../src/example-chain/state-keys.js';
import { openHttpServer } from '../src/http/http-server.js';
import type { Logger } from '../src/logger.js';
import { cleanUp, removeFolder, testFolder } from './support/cleanups.js';
import { type FrozenChain, freezeChain, openTestNode } from './support/test-network.js';
import { waitFor } from './support/wait.js';

const scrub = { bytesPerSecond: 1 << 30, restMs: 20 };
let frozen: FrozenChain;
beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24 });
});
afterAll(() => removeFolder(frozen.folder));

function copyOfDatabase(): string {
  const folder = join(testFolder(), 'data');
  cpSync(frozen.folder, folder, { recursive: true });
  return folder;
}

/** Changes the record of a username, which no block has written since genesis, as a bad disk would. */
async function damage(folder: string): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  // In the database, the keys of state records come after a byte of their own.
  const [entry] = await database.iterator({ gte: Buffer.of(2, examplePrefixes.pkidByUsername), limit: 1 }).all();
  const [key, value] = entry as [Buffer, Buffer];
  expect(key[1]).toBe(examplePrefixes.pkidByUsername);
  value[0] = (value[0] ?? 0) ^ 1;
  await database.put(key, value);
  await database.close();
}

describe('the verification of a database beside the blocks', () => {
  test('is off unless it is asked for', async () => {
    const node = await openTestNode(frozen.chain, { folder: copyOfDatabase() });
    expect(node.status().scrub).toBeUndefined();
    expect(statusText(node.status(), 'http://here')).not.toContain('scrub');
  });

  test('goes over all snapshots and the tip again and again, and is in status and metrics', async () => {
    const node = await openTestNode(frozen.chain, { folder: copyOfDatabase(), scrub });
    const heights = new Set<number>();
    await waitFor('two rounds', () => {
      const { lastPass, verifications = 0 } = node.status().scrub ?? {};
      if (lastPass !== undefined) heights.add(lastPass.height);
      return verifications > 2 * node.status().snapshots.length && heights.size > 1;
    });
    const found = node.status().scrub;
    expect(found).toMatchObject({ damaged: 0, failed: 0, lastPass: { isClean: true, damagedRanges: 0 } });
    expect(found?.lastPass?.records).toBeGreaterThan(800);
    expect(statusText(node.status(), 'http://here')).toMatch(/^scrub +snapshot \d+ was all right /m);

    const http = await openHttpServer(node, { listen: { host: '127.0.0.1', port: 0 } });
    cleanUp(() => http.close());
    const text = await (await fetch(`http://127.0.0.1:${http.address.port}/metrics`)).text();
    expect(text).toMatch(/^hs_scrub_verifications_total\{outcome="clean"\} [1-9]\d*$/m);
    expect(text).toContain('hs_scrub_verifications_total{outcome="damaged"} 0\n');
    expect(text).toMatch(/^hs_scrub_age_seconds \d/m);
  });

  test('finds a changed byte, says so at every place, and leaves the node running', async () => {
    const folder = copyOfDatabase();
    await damage(folder);
    const errors: string[] = [];
    const none = () => undefined;
    const logger: Logger = {
      ...{ trace: none, debug: none, info: none, warn: none, fatal: none },
      error: (fields: object, text: string) => errors.push(`${text} ${JSON.stringify(fields)}`),
    } as unknown as Logger;
    const node = await openTestNode(frozen.chain, { folder, scrub, logger });
    const found = await waitFor('the damage', () => node.status().scrub?.lastDamage);
    expect(found).toMatchObject({ isClean: false, damagedRanges: 1 });
    expect(errors[0]).toMatch(/^the database is damaged: stop the node, .+"damagedRanges":1/);
    expect(statusText(node.status(), 'http://here')).toMatch(/^scrub +DAMAGE found /m);
    expect(node.status().sync.phase).not.toBe('failed');
  });
});
