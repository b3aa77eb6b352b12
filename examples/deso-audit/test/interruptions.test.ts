import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeChain } from './support/chain.js';
import { GoPeer, type ServedSnapshot } from './support/go-peer.js';
import { reportOf, run, runWithFullDisk, start, TemporaryFolder } from './support/program.js';
import { smallState } from './support/states.js';

const chain = makeChain({ length: 34 });
const snapshotAt = (height: number, state: ReturnType<typeof smallState>): ServedSnapshot => ({
  height,
  blockHash: (chain[height - 1] as { readonly hash: Buffer }).hash,
  checksum: state.checksum,
  records: state.records,
});
const state = smallState(60);
const snapshot = snapshotAt(20, state);
const chunkBytes = 500;
const common = ['--network', 'testnet', '--snapshot-period', '10', '--threads', '1', '--json', '--quiet'];

/** Requests in the order of the download, each once: what an audit without interruptions asks. */
async function undisturbed(): Promise<string[]> {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot, chunkBytes });
  await run([peer.address, '--data', folder.path, ...common]);
  return peer.requests;
}

test.each(['SIGKILL', 'SIGTERM'] as const)('after %s in the middle, the same command goes on', async (signal) => {
  using folder = new TemporaryFolder();
  const stopAt = 70;
  let reached = (): void => {};
  const isReached = new Promise<void>((resolve) => {
    reached = resolve;
  });
  await using peer = await GoPeer.listen({
    headers: chain,
    snapshot,
    chunkBytes,
    onGetSnapshot: ({ number, usual }) => {
      if (number !== stopAt) return usual;
      reached();
      return 'silence';
    },
  });
  const first = start([peer.address, '--data', folder.path, ...common]);
  await isReached;
  first.child.kill(signal);
  const stopped = await first.ended;
  if (signal === 'SIGKILL') expect(stopped.signal).toBe('SIGKILL');
  else expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining('stopped by SIGTERM') });
  const second = await run([peer.address, '--data', folder.path, ...common]);
  expect(reportOf(second)).toMatchObject({
    verdict: 'match',
    computedChecksum: state.checksum.toString('hex'),
    records: 120,
  });
  // Nothing that was stored is asked for again: only the request that had no answer comes twice.
  const asked = [...peer.requests];
  expect(asked.splice(stopAt, 1)).toEqual([asked[stopAt - 1]]);
  expect(asked).toEqual(await undisturbed());
});

test('killed at any time, also while it writes, it ends with the same checksum', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot, chunkBytes });
  for (let kill = 0; kill < 6; kill++) {
    const killAt = peer.requests.length + 5 + 7 * kill;
    peer.options = {
      ...peer.options,
      onGetSnapshot: ({ number, usual }) => {
        // The answer is on its way, so the process may be anywhere.
        if (number === killAt) setTimeout(() => running.child.kill('SIGKILL'), kill);
        return usual;
      },
    };
    const running = start([peer.address, '--data', folder.path, ...common]);
    await running.ended;
  }
  const last = await run([peer.address, '--data', folder.path, ...common]);
  expect(reportOf(last)).toMatchObject({ verdict: 'match', computedChecksum: state.checksum.toString('hex') });
});

test('a node that goes silent, closes, or breaks off in the middle of an answer, is dialled again', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({
    headers: chain,
    snapshot,
    chunkBytes,
    onGetSnapshot: ({ number, usual, socket }) => {
      if (number === 20) return 'silence';
      if (number === 30) return 'close';
      if (number !== 40) return usual;
      socket.write(peer.frame(18, usual).subarray(0, 60));
      return 'close';
    },
  });
  const outcome = await run([peer.address, '--data', folder.path, '--answer-timeout', '4', ...common]);
  const report = reportOf(outcome);
  expect(report).toMatchObject({ verdict: 'match', node: { connections: 4 } });
  expect(peer.requests.length).toBe((await undisturbed()).length + 3);
});

test('without any progress it gives up after the retries that it was told', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot, onGetSnapshot: () => 'close' });
  const outcome = await run([peer.address, '--data', folder.path, '--retries', '1', ...common]);
  expect(outcome).toMatchObject({ code: 4, stderr: expect.stringContaining('AUDIT_CONNECTION_LOST') });
  expect(outcome.stderr).toContain('without --hypersync=true');
  // The first connection brought the headers, which is progress.
  expect(peer.connections).toBe(3);
});

test('nobody at the address', async () => {
  using folder = new TemporaryFolder();
  const peer = await GoPeer.listen({ headers: chain, snapshot });
  const { address } = peer;
  await peer.close();
  const outcome = await run([address, '--data', folder.path, '--retries', '0', ...common]);
  expect(outcome).toMatchObject({ code: 4, stderr: expect.stringContaining('AUDIT_CANNOT_CONNECT') });
});

test('when the node goes on to its next snapshot, the download begins anew and ends with that', async () => {
  using folder = new TemporaryFolder();
  const next = smallState(50, 9);
  await using peer = await GoPeer.listen({ headers: chain.slice(0, 29), snapshot, chunkBytes, onGetSnapshot: turn });
  function turn({ startKey, number, usual }: { startKey: string; number: number; usual: Buffer }): Buffer {
    if (number !== 70) return usual;
    // The block that makes the snapshot is new too: the audit has to ask for its header.
    peer.options = { ...peer.options, headers: chain, snapshot: snapshotAt(30, next) };
    return peer.chunk(startKey);
  }
  const report = reportOf(await run([peer.address, '--data', folder.path, ...common]));
  expect(report).toMatchObject({
    verdict: 'match',
    computedChecksum: next.checksum.toString('hex'),
    records: 100,
    snapshot: { height: 30, restarts: 1 },
    headers: { height: 34 },
  });
  expect(peer.requests[70]).toBe('05');
});

test('a node whose snapshots are shorter than a download is given up, and can be tried again', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({
    headers: chain,
    snapshot: snapshotAt(10, state),
    chunkBytes,
    onGetSnapshot: turn,
  });
  function turn({ startKey, number }: { startKey: string; number: number }): Buffer {
    if (number === 10) peer.options = { ...peer.options, snapshot };
    if (number === 20) peer.options = { ...peer.options, snapshot: snapshotAt(30, state) };
    return peer.chunk(startKey);
  }
  const args = [peer.address, '--data', folder.path, '--max-restarts', '1', ...common];
  const outcome = await run(args);
  expect(outcome).toMatchObject({ code: 4, stderr: expect.stringContaining('AUDIT_TOO_MANY_SNAPSHOTS') });
  expect(reportOf(await run(args))).toMatchObject({ verdict: 'match', snapshot: { height: 30, restarts: 2 } });
});

test('a node that changes to another branch is followed, and its snapshot is taken anew', async () => {
  using folder = new TemporaryFolder();
  const other = makeChain({ length: 36, after: chain.slice(0, 18), salt: 5 });
  await using peer = await GoPeer.listen({ headers: chain, snapshot, chunkBytes, onGetSnapshot: change });
  function change({ number, usual }: { number: number; usual: Buffer }): Buffer | 'close' {
    if (number !== 60) return usual;
    const blockHash = (other[19] as { readonly hash: Buffer }).hash;
    peer.options = { ...peer.options, headers: other, snapshot: { ...snapshot, blockHash } };
    return 'close';
  }
  const report = reportOf(await run([peer.address, '--data', folder.path, ...common]));
  expect(report).toMatchObject({ verdict: 'match', headers: { height: 36 }, snapshot: { restarts: 1 } });
  expect(report.headers.hash).toBe((other[35] as { readonly hash: Buffer }).hash.toString('hex'));
});

test('two audits do not share a data folder, nor do audits of two networks', async () => {
  using folder = new TemporaryFolder();
  await using peer = await GoPeer.listen({ headers: chain, snapshot, onGetSnapshot: () => 'silence' });
  const first = start([peer.address, '--data', folder.path, ...common]);
  while (peer.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await run([peer.address, '--data', folder.path, ...common]);
  expect(second).toMatchObject({ code: 5, stderr: expect.stringContaining('another process is using it') });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const third = await run([peer.address, '--data', folder.path, '--network', 'mainnet', '--json']);
  expect(third).toMatchObject({ code: 5, stderr: expect.stringContaining('AUDIT_STORE_UNUSABLE') });
  const incomplete = await run(['--offline', '--data', folder.path, ...common]);
  expect(incomplete).toMatchObject({ code: 5, stderr: expect.stringContaining('no complete download') });
});

test('a full disk ends the audit with what to do, and it goes on when there is room', async () => {
  using folder = new TemporaryFolder();
  const records = new Map(state.records);
  for (let index = 0; index < 64; index++)
    records.set(`0b${index.toString(16).padStart(64, '0')}`, randomBytes(65_536));
  await using peer = await GoPeer.listen({ headers: chain, snapshot: { ...snapshot, records }, chunkBytes: 300_000 });
  const args = [peer.address, '--data', folder.path, ...common];
  const full = await runWithFullDisk(1024, args);
  expect(full).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('AUDIT_STORE_FAILED') });
  const asked = peer.requests.length;
  expect(reportOf(await run(args))).toMatchObject({ verdict: 'mismatch', records: 120 + 64 });
  // It went on from where there was no room, not from the start.
  expect(peer.requests[asked]).toBe(peer.requests[asked - 1]);
  expect(peer.requests.filter((key) => key === '05')).toHaveLength(1);
});

test('a data folder that cannot be made', async () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  const outcome = await run(['127.0.0.1:1', '--data', file, ...common]);
  expect(outcome).toMatchObject({ code: 5, stderr: expect.stringContaining('AUDIT_STORE_UNUSABLE') });
});
