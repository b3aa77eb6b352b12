import { describe, expect, test } from '@jest/globals';
import { makeChain } from './support/chain.js';
import { GoPeer, type ServedSnapshot } from './support/go-peer.js';
import { reportOf, run, TemporaryFolder } from './support/program.js';
import { genesisState, genesisVectors, smallState } from './support/states.js';

const chain = makeChain({ length: 24 });
const at = (height: number): Buffer => (chain[height - 1] as { readonly hash: Buffer }).hash;
const genesisSnapshot: ServedSnapshot = {
  height: 20,
  blockHash: at(20),
  checksum: Buffer.from(genesisVectors.total, 'hex'),
  records: genesisState,
};
const testnet = ['--network', 'testnet', '--snapshot-period', '10', '--threads', '1', '--json', '--quiet'];
const small = smallState(30);
const smallSnapshot: ServedSnapshot = {
  height: 20,
  blockHash: at(20),
  checksum: small.checksum,
  records: small.records,
};

describe.each([1, 2] as const)('over protocol version %i', (protocolVersion) => {
  test('the stored genesis state of DeSo has the checksum that another implementation computed', async () => {
    using folder = new TemporaryFolder();
    await using peer = await GoPeer.listen({
      headers: chain,
      snapshot: genesisSnapshot,
      isTalkative: true,
      maxHeaders: 10,
    });
    const outcome = await run([peer.address, '--data', folder.path, '--protocol', String(protocolVersion), ...testnet]);
    const report = reportOf(outcome);
    expect(report).toMatchObject({
      verdict: 'match',
      network: 'testnet',
      computedChecksum: genesisVectors.total,
      advertisedChecksum: genesisVectors.total,
      records: 1932,
      undecodable: 0,
      node: { userAgent: 'Architect', negotiatedVersion: protocolVersion, connections: 1 },
      headers: { height: 24, hash: at(24).toString('hex') },
      snapshot: { height: 20, blockHash: at(20).toString('hex'), restarts: 0, chunks: 80, heightByRule: 0 },
    });
    expect(report.prefixes.map(({ prefix, sum }) => [prefix, sum])).toEqual(
      genesisVectors.prefixes.map(({ prefix, checksum }) => [prefix, checksum]),
    );
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(peer.versions).toEqual([{ protocolVersion, verackVersion: protocolVersion - 1 }]);
    expect(peer.pongs.length).toBe(81);
    // One request for each of the prefixes, all of which fit one answer.
    expect(peer.requests).toHaveLength(80);
    expect(peer.requests.slice(0, 4)).toEqual(['05', '07', '08', '0a']);
  });
});

test('chunks that repeat their first key add up to the state, whatever their size', async () => {
  for (const chunkBytes of [1, 100, 1_000]) {
    using folder = new TemporaryFolder();
    await using peer = await GoPeer.listen({ headers: chain, snapshot: smallSnapshot, chunkBytes });
    const report = reportOf(await run([peer.address, '--data', folder.path, ...testnet]));
    expect(report).toMatchObject({ verdict: 'match', computedChecksum: small.checksum.toString('hex'), records: 60 });
    const asked = peer.requests.filter((key) => key.startsWith('37'));
    expect(asked).toEqual([...asked].sort());
    // Two records in each answer, one of them repeated; the last answer repeats one and has no other.
    if (chunkBytes === 1) expect(asked).toHaveLength(30);
  }
});

describe('a node that advertises', () => {
  test.each([
    ['a checksum of zero', Buffer.alloc(32), 'nothing-to-compare', 3],
    ['no checksum', Buffer.alloc(0), 'nothing-to-compare', 3],
    ['another checksum', Buffer.from(genesisVectors.total, 'hex'), 'mismatch', 1],
  ])('%s', async (_what, checksum, verdict, code) => {
    using folder = new TemporaryFolder();
    await using peer = await GoPeer.listen({ headers: chain, snapshot: { ...smallSnapshot, checksum } });
    const outcome = await run([peer.address, '--data', folder.path, ...testnet]);
    expect(outcome.code).toBe(code);
    expect(reportOf(outcome)).toMatchObject({
      verdict,
      computedChecksum: small.checksum.toString('hex'),
      advertisedChecksum: checksum.toString('hex'),
    });
  });

  test('first the checksum of another snapshot, as a Go node may just after a boundary', async () => {
    using folder = new TemporaryFolder();
    const late = { ...smallSnapshot, checksum: Buffer.from(genesisVectors.total, 'hex') };
    await using peer = await GoPeer.listen({
      headers: chain,
      snapshot: smallSnapshot,
      onGetSnapshot: ({ startKey, number, usual }) => (number < 10 ? peer.chunk(startKey, late) : usual),
    });
    const report = reportOf(await run([peer.address, '--data', folder.path, ...testnet]));
    expect(report).toMatchObject({ verdict: 'match' });
    expect(report.snapshot.checksums).toEqual([
      { checksum: genesisVectors.total, chunks: 9 },
      { checksum: small.checksum.toString('hex'), chunks: 71 },
    ]);
    expect(report.doesNotProve.join(' ')).toContain(genesisVectors.total);
  });
});

test('a record that the node leaves out, or changes, is a mismatch', async () => {
  const [key = ''] = [...small.records.keys()];
  const without = new Map(small.records);
  without.delete(key);
  const plain = [...small.records.keys()].find((each) => each.startsWith('19')) ?? '';
  for (const records of [without, new Map(small.records).set(plain, Buffer.alloc(33, 7))]) {
    using folder = new TemporaryFolder();
    await using peer = await GoPeer.listen({ headers: chain, snapshot: { ...smallSnapshot, records } });
    const outcome = await run([peer.address, '--data', folder.path, ...testnet]);
    expect(outcome.code).toBe(1);
    expect(reportOf(outcome)).toMatchObject({ verdict: 'mismatch' });
  }
});

test('a value that does not decode is named, and is no reason to end', async () => {
  const [key = '', value = Buffer.alloc(0)] = [...small.records][0] ?? [];
  using folder = new TemporaryFolder();
  const records = new Map(small.records).set(key, value.subarray(0, 20));
  await using peer = await GoPeer.listen({ headers: chain, snapshot: { ...smallSnapshot, records } });
  const outcome = await run([peer.address, '--data', folder.path, ...testnet]);
  const report = reportOf(outcome);
  expect(outcome.code).toBe(1);
  expect(report).toMatchObject({ verdict: 'undecodable', undecodable: 1, records: 60 });
  expect(report.prefixes.find(({ prefix }) => prefix === 55)).toMatchObject({
    undecodable: 1,
    examples: [{ key, code: 'WIRE_TRUNCATED' }],
  });
});

test('--expect takes the place of what the node says', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({
    headers: chain,
    snapshot: { ...smallSnapshot, checksum: Buffer.alloc(32) },
  });
  const expected = small.checksum.toString('hex');
  const first = await run([peer.address, '--data', folder.path, ...testnet, '--expect', expected.toUpperCase()]);
  expect(first.code).toBe(0);
  expect(reportOf(first)).toMatchObject({ verdict: 'match', expectedChecksum: expected });
  // The second time everything is there already.
  const asked = peer.requests.length;
  const second = await run([peer.address, '--data', folder.path, ...testnet, '--expect', genesisVectors.total]);
  expect(second.code).toBe(1);
  expect(reportOf(second)).toMatchObject({ verdict: 'mismatch', expectedChecksum: genesisVectors.total });
  expect(peer.requests.length).toBe(asked);
  const offline = await run(['--offline', '--data', folder.path, ...testnet]);
  expect(offline.code).toBe(3);
  expect(reportOf(offline)).toMatchObject({ node: null, computedChecksum: expected });
});

test('a chunk of more than 100 MiB goes through', async () => {
  const records = new Map(
    Array.from(
      { length: 104 },
      (_, index) => [`0b${index.toString(16).padStart(64, '0')}`, Buffer.alloc(1024 * 1024, index)] as const,
    ),
  );
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot: { ...smallSnapshot, records } });
  const outcome = await run([peer.address, '--data', folder.path, ...testnet]);
  expect(reportOf(outcome)).toMatchObject({ verdict: 'mismatch', records: 104, bytes: 104 * (1024 * 1024 + 33) });
  // 101 records fill the first chunk; the second repeats the last of them.
  expect(peer.requests.filter((key) => key.startsWith('0b'))).toHaveLength(2);
});

test('proof-of-stake headers are followed, and the snapshot may be under them', async () => {
  const mixed = makeChain({ length: 26, proofOfStakeHeight: 13 });
  using folder = new TemporaryFolder();
  const blockHash = (mixed[19] as { readonly hash: Buffer }).hash;
  await using peer = await GoPeer.listen({ headers: mixed, snapshot: { ...smallSnapshot, blockHash } });
  const regtest = ['--network', 'regtest', ...testnet.slice(2)];
  const outcome = await run([peer.address, '--data', folder.path, '--pos-height', '13', ...regtest]);
  expect(reportOf(outcome)).toMatchObject({
    verdict: 'match',
    headers: { height: 26 },
    snapshot: { heightByRule: 20 },
  });
  const elsewhere = await run([peer.address, '--data', `${folder.path}/other`, ...regtest]);
  expect(elsewhere).toMatchObject({ code: 4, stderr: expect.stringContaining('AUDIT_HEADER_INVALID') });
});

test('without --json the report is for people', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot: smallSnapshot });
  const outcome = await run([
    peer.address,
    '--data',
    folder.path,
    ...testnet.filter((each) => each !== '--json' && each !== '--quiet'),
  ]);
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toContain('MATCH: The state has the checksum that the node advertises.');
  expect(outcome.stdout).toContain('What it does not prove:');
  expect(outcome.stderr).toMatch(/^(headers|snapshot|checksum)/);
});
