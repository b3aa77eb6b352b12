import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClassicLevel } from 'classic-level';
import { balanceKey, examplePrefixes } from '../src/example-chain/state-keys.js';
import { makeFolder, removeFolder, testFolder } from './support/cleanups.js';
import { hsNode } from './support/hs-node.js';
import { NodeProcess } from './support/node-process.js';
import { checksumAt, sumText } from './support/rootless-network.js';
import { type FrozenChain, freezeChain, openTestNode, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

let frozen: FrozenChain;
let folder: string;
let chainFile: string;
let keyFile: string;
/** The newest snapshot of the frozen chain, as a file, with its height and state root. */
let snapshot: { readonly file: string; readonly height: number; readonly root: string };

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 34 });
  folder = makeFolder();
  ({ chainFile, keyFile } = writeChainFiles(frozen, folder));
  const file = join(folder, 'newest.snapshot');
  const { code, json } = await hsNode('snapshot', 'export', file, ...of(frozen.folder), '--json');
  if (code !== 0) throw new Error('the export failed');
  snapshot = { file, height: json.height, root: json.stateRoot };
});
afterAll(() => {
  removeFolder(folder);
  removeFolder(frozen.folder);
});

/** Settings that name a database of the frozen chain. */
function of(data: string): string[] {
  return ['--chain', chainFile, '--data', data, '--hash-threads', '1'];
}

/** A copy of the frozen database, for this test. */
function copyOfDatabase(): string {
  const data = join(testFolder(), 'data');
  cpSync(frozen.folder, data, { recursive: true });
  return data;
}

/** Changes a record as a bad disk would: no sum, root or mark follows. */
async function damage(
  data: string,
  options: { readonly isWanted: (key: Buffer) => boolean; readonly isAll?: boolean },
): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(data, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  let changed = 0;
  for await (const [key, value] of database.iterator({ gte: stateRecords, lt: ancestralRecords })) {
    if (!options.isWanted(key.subarray(1))) continue;
    value[value.length - 1] = (value[value.length - 1] ?? 0) ^ 1;
    await database.put(key, value);
    changed++;
    break;
  }
  await database.close();
  expect(changed).toBe(1);
}

/** In the database, the keys of state records come after a byte of their own. */
const [stateRecords, ancestralRecords] = [Buffer.of(2), Buffer.of(3)];
/** Nobody changes his username, so no block has written this record since genesis. */
const username = { isWanted: (key: Buffer) => key[0] === examplePrefixes.pkidByUsername };

describe('hs-node verify and repair', () => {
  test('a whole database is verified, at the tip and at a snapshot', async () => {
    const data = copyOfDatabase();
    const { code, json, stderr } = await hsNode('verify', ...of(data), '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(json).toMatchObject({ height: 30, tipHeight: frozen.height, isClean: true, damagedRanges: [] });
    const text = await hsNode('verify', ...of(data), '--height', '20', '--lookups');
    expect(text).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^snapshot 20: .+ records, .+: all right\n$/),
    });
  });

  test('damage is named with exit code 4, and repaired from a snapshot file', async () => {
    const data = copyOfDatabase();
    await damage(data, username);
    const found = await hsNode('verify', ...of(data));
    expect(found.code).toBe(4);
    expect(found.stdout).toMatch(/: damaged\n {2}range \d+ .+: sum, [0-9a-f]{64} instead of [0-9a-f]{64}\n/);
    expect(found.stdout).toMatch(/: hs-node repair --from SOURCE\n$/);
    const asJson = await hsNode('verify', ...of(data), '--json');
    expect([asJson.code, asJson.json.isClean, asJson.json.damagedRanges.length]).toEqual([4, false, 1]);

    const repaired = await hsNode('repair', ...of(data), '--from', snapshot.file);
    expect([repaired.code, repaired.stderr]).toEqual([0, '']);
    expect(repaired.stdout).toContain('replaced 1 range, in which 1 record were not right');
    expect((await hsNode('verify', ...of(data), '--lookups')).code).toBe(0);
    const again = await hsNode('repair', ...of(data), '--from', snapshot.file, '--json');
    expect([again.code, again.json.outcome]).toEqual([0, 'clean']);
  });

  test('damage is repaired from the database of another node, and not from a source that is damaged too', async () => {
    const [data, other] = [copyOfDatabase(), copyOfDatabase()];
    await damage(data, username);
    await damage(other, username);
    const failed = await hsNode('repair', ...of(data), '--from', other, '--json');
    expect([failed.code, failed.json.error.code]).toEqual([4, 'ANCESTRAL_RECORDS_REPAIR_FAILED']);
    const { code, json } = await hsNode('repair', ...of(data), '--from', other, '--from', copyOfDatabase(), '--json');
    expect([code, json.outcome, json.corrected]).toEqual([0, 'repaired', 1]);
  });

  test('what a block has written since the snapshot is made right by going back and connecting blocks again', async () => {
    const data = copyOfDatabase();
    // The producer gets the fees of each block.
    const fees = Buffer.from(balanceKey(frozen.chain.producerAt(1)));
    await damage(data, { isWanted: (key) => key.equals(fees) });
    expect((await hsNode('verify', ...of(data))).stdout).toContain('prefix 52 at the tip: sum');
    const { code, stdout } = await hsNode('repair', ...of(data), '--from', snapshot.file, '--replay');
    expect(code).toBe(0);
    expect(stdout).toContain(`took the state back to snapshot 30: connected ${frozen.height - 30} blocks again`);
    expect((await hsNode('verify', ...of(data), '--json')).json).toMatchObject({
      isClean: true,
      tipHeight: frozen.height,
    });
  });

  test('a database that is beyond repair is rebuilt from what is left of it and a snapshot file', async () => {
    const damaged = copyOfDatabase();
    await damage(damaged, username);
    const target = join(testFolder(), 'new');
    const from = ['--damaged', damaged, '--from', snapshot.file];
    const untrusted = await hsNode('rebuild', ...of(target), ...from, '--json');
    expect([untrusted.code, untrusted.json.error.code]).toEqual([3, 'NODE_UNTRUSTED']);
    const trust = ['--trusted-root', `${snapshot.height}:${snapshot.root}`];
    const { code, json } = await hsNode('rebuild', ...of(target), ...from, ...trust, '--json');
    expect([code, json.stateRoot, json.ranges]).toEqual([0, snapshot.root, { [snapshot.file]: 1 }]);
    expect(json.salvaged).toBeGreaterThan(3);
    expect((await hsNode('verify', ...of(target))).code).toBe(0);
  });

  test('without a database, of another chain, without a source or with one that is none, the reason is said', async () => {
    const nowhere = await hsNode('verify', ...of(join(folder, 'nowhere')), '--json');
    expect([nowhere.code, nowhere.json.error.message]).toEqual([1, expect.stringContaining('there is no database in')]);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    const data = copyOfDatabase();
    const otherChain = join(testFolder(), 'other.json');
    writeFileSync(otherChain, JSON.stringify({ ...frozen.spec, name: 'other' }));
    const foreign = await hsNode('verify', '--chain', otherChain, '--data', data, '--json');
    expect([foreign.code, foreign.json.error.code]).toEqual([2, 'ANCESTRAL_RECORDS_IDENTITY_MISMATCH']);
    expect(await hsNode('repair', ...of(data))).toMatchObject({ code: 2, stderr: expect.stringContaining('--from') });
    expect(await hsNode('repair', ...of(data), '--from', '/nowhere')).toMatchObject({ code: 1, stdout: '' });
    expect(await hsNode('verify', ...of(data), '--height', '7')).toMatchObject({ code: 1, stdout: '' });
    expect(await hsNode('rebuild', ...of(join(folder, 'x')), '--damaged', data)).toMatchObject({ code: 2 });
  });
});

describe('hs-node rewind', () => {
  test('takes the state back to a snapshot, and connects the stored blocks again if it is told to', async () => {
    const data = copyOfDatabase();
    const back = await hsNode('rewind', '20', ...of(data), '--json');
    expect([back.code, back.stderr]).toEqual([0, '']);
    expect(back.json).toMatchObject({ from: frozen.height, rewoundTo: 20, replayed: 0, height: 20 });
    const verified = await hsNode('verify', ...of(data), '--json');
    expect(verified.json).toMatchObject({ isClean: true, tipHeight: 20 });
    const again = await hsNode('rewind', '10', ...of(data), '--replay');
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(`rewound from block 20 to 10, and connected ${frozen.height - 10} blocks again`);
  });

  test('a height that is no retained snapshot is refused with those that are', async () => {
    const refused = await hsNode('rewind', '7', ...of(copyOfDatabase()), '--json');
    expect([refused.code, refused.json.error.details.snapshots]).toEqual([2, [10, 20, 30]]);
    expect(refused.stderr).toContain('there is 10, 20, 30');
  });
});

describe('hs-node snapshot', () => {
  test('inspect says what a file is, and needs no chain', async () => {
    const { code, stdout, stderr } = await hsNode('snapshot', 'inspect', snapshot.file);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^height +30\ngenesis +[0-9a-f]{64}\nstate root +${snapshot.root}\n`));
    const { json } = await hsNode('snapshot', 'inspect', snapshot.file, '--json');
    expect(json).toMatchObject({ height: 30, genesisHash: Buffer.from(frozen.chain.genesisHash).toString('hex') });
    const records = json.prefixes.reduce((sum: number, prefix: { records: number }) => sum + prefix.records, 0);
    expect(records).toBe(json.records);
    const node = await openTestNode(frozen.chain, { folder: copyOfDatabase() });
    const checksum = sumText(await checksumAt(node, 30));
    expect([stdout, `30:${json.checksum}`]).toEqual([
      expect.stringContaining(`checksum       ${checksum}\n`),
      checksum,
    ]);
    expect(await hsNode('snapshot', 'inspect', chainFile)).toMatchObject({ code: 4, stdout: '' });
    expect(await hsNode('snapshot', 'inspect', '/nowhere', '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'ANCESTRAL_RECORDS_SOURCE_FAILED' } },
    });
  });

  test('verify proves a file against a trusted root, and names damage and distrust by exit codes', async () => {
    const alone = await hsNode('snapshot', 'verify', snapshot.file);
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing here vouches for it') });
    const trusted = ['--trusted-root', `30:${snapshot.root}`];
    const proved = await hsNode('snapshot', 'verify', snapshot.file, ...trusted, '--json');
    expect(proved).toMatchObject({ code: 0, json: { isIntact: true, isTrusted: true, damaged: [] } });
    const otherRoot = ['--trusted-root', `30:${'ab'.repeat(32)}`, '--json'];
    expect(await hsNode('snapshot', 'verify', snapshot.file, ...otherRoot)).toMatchObject({
      code: 3,
      json: { error: { code: 'ANCESTRAL_RECORDS_STATE_ROOT_MISMATCH' } },
    });
    const otherHeight = ['--trusted-root', `20:${snapshot.root}`];
    expect(await hsNode('snapshot', 'verify', snapshot.file, ...otherHeight)).toMatchObject({ code: 2 });
    const damaged = join(testFolder(), 'damaged.snapshot');
    const bytes = readFileSync(snapshot.file);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(damaged, bytes);
    const found = await hsNode('snapshot', 'verify', damaged, ...trusted, '--json');
    expect(found).toMatchObject({ code: 4, json: { isIntact: false, damaged: [{ depth: expect.any(Number) }] } });
    expect((await hsNode('snapshot', 'verify', damaged)).stdout).toMatch(
      /damaged in 1 range:\n {2}range \d+ .+: \w+\n$/,
    );
  });

  test('import needs somebody to vouch for the file', async () => {
    const data = join(testFolder(), 'data');
    const refused = await hsNode('snapshot', 'import', snapshot.file, ...of(data), '--json');
    expect([refused.code, refused.json.error.code]).toEqual([3, 'NODE_UNTRUSTED']);
    expect(refused.stderr).toContain(`--trusted-root ${snapshot.height}:ROOT`);
    const wrong = ['--trusted-root', `30:${'ab'.repeat(32)}`];
    expect(await hsNode('snapshot', 'import', snapshot.file, ...of(data), ...wrong)).toMatchObject({ code: 3 });
    const full = await hsNode('snapshot', 'import', snapshot.file, ...of(copyOfDatabase()), '--json');
    expect([full.code, full.json.error.details.height]).toEqual([2, frozen.height]);
  });

  test('import fills a database, is interrupted cleanly and goes on; a node that is started on it syncs and ends', async () => {
    const data = join(testFolder(), 'data');
    const args = ['snapshot', 'import', '-', ...of(data), '--trusted-root', `30:${snapshot.root}`];
    const bytes = readFileSync(snapshot.file);
    const half = new NodeProcess(args);
    half.input(bytes.subarray(0, bytes.length - 100));
    await waitFor('some ranges', () => existsSync(join(data, 'CURRENT')));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await half.signal('SIGINT')).toBe(130);
    expect(half.stderr).toContain('interrupted by SIGINT');

    const rest = new NodeProcess([...args, '--json']);
    rest.input(bytes);
    rest.endInput();
    expect([await rest.exited, rest.stderr]).toEqual([0, '']);
    expect(JSON.parse(rest.stdout)).toMatchObject({
      height: 30,
      stateRoot: snapshot.root,
      vouchedForBy: 'trusted-root',
    });
    expect((await hsNode('verify', ...of(data))).code).toBe(0);

    const network = ['run', '--chain', chainFile, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
    const provider = new NodeProcess([...network, '--data', copyOfDatabase()]);
    const connect = ['--connect', await provider.peerAddress(), '--trusted-root', `30:${snapshot.root}`];
    const newcomer = new NodeProcess([...network, '--data', data, ...connect]);
    await waitFor('the tip', async () => (await newcomer.status()).height === frozen.height);
    expect((await newcomer.status()).sync.hyperSync).toBeUndefined();
    for (const node of [newcomer, provider]) expect(await node.signal('SIGTERM')).toBe(0);
  });

  test('export and import by a header: what a node has verified vouches for a file', async () => {
    const data = copyOfDatabase();
    const file = join(testFolder(), '20.snapshot');
    const exported = await hsNode('snapshot', 'export', file, ...of(data), '--height', '20');
    expect([exported.code, exported.stderr]).toEqual([0, '']);
    expect(exported.stdout).toMatch(/--trusted-root 20:[0-9a-f]{64}\n$/);
    const exists = await hsNode('snapshot', 'export', file, ...of(data));
    expect(exists).toMatchObject({ code: 2, stderr: expect.stringContaining('exists: name another file') });
    const none = await hsNode('snapshot', 'export', `${file}2`, ...of(data), '--height', '7', '--json');
    expect([none.code, none.json.error.details.snapshots]).toEqual([2, [10, 20, 30]]);
    expect(existsSync(`${file}2`)).toBe(false);

    // The genesis header is in every database, and vouches for the genesis state.
    const genesis = join(testFolder(), 'genesis.snapshot');
    const young = join(testFolder(), 'young');
    const producer = new NodeProcess([
      ...['run', '--chain', chainFile, '--data', young, '--listen', 'off', '--http', '127.0.0.1:0'],
      ...['--producer-key', keyFile, '--block-interval-ms', '60000'],
    ]);
    await waitFor('a snapshot', async () => (await producer.status()).snapshots.length > 0);
    const url = await producer.url();
    const online = await hsNode('snapshot', 'export', genesis, '--chain', chainFile, '--url', url, '--json');
    expect(online).toMatchObject({ code: 0, json: { height: 0, file: genesis } });
    const imported = join(testFolder(), 'data');
    expect(await hsNode('snapshot', 'import', genesis, ...of(imported), '--json')).toMatchObject({
      code: 0,
      json: { height: 0, vouchedForBy: 'header' },
    });
    await producer.signal('SIGTERM');
  });

  test('export while the node runs gives the same file as afterwards; other commands say who has the database', async () => {
    const data = copyOfDatabase();
    const http = '127.0.0.1:0';
    const node = new NodeProcess(['run', ...of(data), '--listen', 'off', '--http', http, '--producer-key', keyFile]);
    await waitFor('the tip', async () => (await node.status()).sync.phase === 'synced');
    const running = join(testFolder(), 'running.snapshot');
    const url = await node.url();
    const address = ['--http', url.replace('http://', '')];
    const online = await hsNode('snapshot', 'export', running, ...of(data), '--height', '30', ...address);
    expect(online.code).toBe(0);
    expect(online.stderr).toBe(`hs-node: a node has the database in ${data} open: asking it at ${url}\n`);
    expect(readFileSync(running).equals(readFileSync(snapshot.file))).toBe(true);
    expect(existsSync(`${running}.part`)).toBe(false);

    for (const args of [
      ['verify'],
      ['repair', '--from', snapshot.file],
      ['rewind', '30'],
      ['snapshot', 'import', running],
    ]) {
      const { code, json, stderr } = await hsNode(...args, ...of(data), '--json');
      expect([args[0], code, json.error.code]).toEqual([args[0], 6, 'NODE_DATABASE']);
      expect(stderr).toContain('stop the node first');
    }
    const nobody = ['--url', 'http://127.0.0.1:9'];
    expect(await hsNode('snapshot', 'export', `${running}2`, ...of(data), ...nobody)).toMatchObject({ code: 5 });
    const gone = await hsNode('snapshot', 'export', `${running}2`, ...of(data), '--url', url, '--height', '7');
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining('snapshot 7 is not kept there') });
    const other = join(folder, 'other.json');
    writeFileSync(other, JSON.stringify({ ...frozen.spec, name: 'other' }));
    const foreign = await hsNode('snapshot', 'export', `${running}2`, '--chain', other, '--url', url, '--json');
    expect([foreign.code, foreign.json.error.code]).toEqual([2, 'ANCESTRAL_RECORDS_IDENTITY_MISMATCH']);
    expect(existsSync(`${running}2.part`)).toBe(false);
    await node.signal('SIGTERM');
  });
});
