import { cpSync } from 'node:fs';
import { toHex } from '@hs/bytes';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodePrefixes } from '../src/chain/chain-store.js';
import { exampleStatePrefixes } from '../src/example-chain/state-keys.js';
import type { TrustedChecksum } from '../src/sync/trusted-checksums.js';
import { cleanUp, removeFolder, testFolder } from './support/cleanups.js';
import { type Meddling, MeddlingProxy } from './support/meddling-proxy.js';
import { NodeProcess } from './support/node-process.js';
import {
  anotherState,
  checksumAt,
  collectingLogger,
  isChunk,
  sayingOfSnapshots,
  sumText,
  unavailable,
  withoutFirst,
} from './support/rootless-network.js';
import {
  addressOf,
  type ExampleNode,
  type FrozenChain,
  freezeChain,
  openNode,
  openProviders,
  openTestNode,
  recordsOf,
  synced,
  writeChainFiles,
} from './support/test-network.js';
import { sleep, waitFor } from './support/wait.js';

let frozen: FrozenChain;
let nodes: readonly ExampleNode[];
let folders: readonly string[];
let right: TrustedChecksum;
/** The prefix with most records: follows. */
const large = 28;

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 500, hasRootsInHeaders: false });
  ({ nodes, folders } = await openProviders(frozen, { count: 3 }));
  right = await checksumAt(provider(0), 20);
});

afterAll(async () => {
  for (const node of nodes ?? []) await node.close();
  for (const folder of [frozen?.folder ?? '', ...(folders ?? [])]) if (folder !== '') removeFolder(folder);
});

function provider(index: number): ExampleNode {
  const node = nodes[index];
  if (node === undefined) throw new Error(`no provider ${index}`);
  return node;
}

async function through(index: number, meddling: Meddling): Promise<MeddlingProxy> {
  const proxy = await MeddlingProxy.open(frozen.chain, addressOf(provider(index)), meddling);
  cleanUp(() => proxy.close());
  return proxy;
}

const addresses = (...indexes: number[]): string[] => indexes.map((index) => addressOf(provider(index)));

async function expectTheHonestState(node: ExampleNode): Promise<void> {
  const { height, stateRoot, headerHash } = node.status();
  const honest = provider(0).status();
  expect({ height, stateRoot, headerHash }).toEqual({
    ...{ height: frozen.height, stateRoot: honest.stateRoot, headerHash: honest.headerHash },
  });
  expect(await recordsOf(node, frozen.height)).toEqual(await recordsOf(provider(0), frozen.height));
}

/** Waits for the end of a node that stops by itself, and gives its error. */
async function failureOf(node: ExampleNode): Promise<{ readonly code?: string; readonly message: string }> {
  const error = await node.ended.then(
    () => new Error('it did not fail'),
    (reason: Error) => reason,
  );
  expect(node.status().sync).toMatchObject({ phase: 'failed', text: error.message });
  return error;
}

describe('a chain whose headers carry no roots', () => {
  test('a node that executes every block says so', () => {
    expect(provider(0).status().authentication).toEqual({
      ...{ kind: 'execution', text: 'Every block since genesis was executed here.', origin: undefined },
    });
    expect(frozen.chain.describeHeader(provider(0).chainStore.tipHeader)).toMatchObject({
      ...{ stateRoot: undefined, snapshotRoot: undefined },
    });
  });

  test('a state that no sync brought here is unauthenticated, too', async () => {
    const folder = testFolder();
    cpSync(frozen.folder, folder, { recursive: true });
    const node = await openNode(frozen.chain, { folder });
    await waitFor('it is known', () => node.status().authentication.kind === 'execution');
    await node.store.write([{ key: Uint8Array.of(nodePrefixes.origin), value: undefined }]);
    await node.close();
    const again = await openTestNode(frozen.chain, { folder });
    await waitFor('it is known', () => again.status().authentication.text.includes('nothing is known of where'));
    expect(again.status().authentication.kind).toBe('unauthenticated');
  });

  test('without anything to compare a state with, the node stops and says what to do', async () => {
    const node = await openTestNode(frozen.chain, { connect: addresses(0, 1) });
    const error = await failureOf(node);
    expect(error.code).toBe('NODE_UNPINNED_SYNC');
    for (const flag of ['--trusted-checksum', '--agreeing-peers', '--sync block', '--allow-unpinned-sync']) {
      expect(error.message).toContain(flag);
    }
    expect(node.store.phase).toBe('empty');
  });

  test('with block sync every block is executed, and nothing has to be pinned', async () => {
    const node = await openTestNode(frozen.chain, { connect: addresses(0), sync: { mode: 'block' } });
    await synced(node);
    expect(node.status().authentication.kind).toBe('execution');
    await expectTheHonestState(node);
  });
});

describe('a pinned checksum', () => {
  test('is what the state is downloaded to; the node is unauthenticated, also after a restart, and serves others', async () => {
    const folder = testFolder();
    const first = await openNode(frozen.chain, {
      folder,
      connect: addresses(0, 1, 2),
      sync: { trustedChecksums: [right] },
    });
    await synced(first);
    expect(first.status().sync.hyperSync).toMatchObject({ snapshotHeight: 20, resumedRecords: 0 });
    const origin = { basis: 'pinned', height: 20, checksum: toHex(right.checksum) };
    expect(first.status().authentication).toMatchObject({ kind: 'unauthenticated', origin });
    expect(first.status().authentication.text).toContain('which the operator pinned');
    await expectTheHonestState(first);
    expect(first.status().bans).toEqual([]);
    await first.close();

    const again = await openTestNode(frozen.chain, { folder, connect: addresses(0) });
    await synced(again);
    expect(again.status().authentication).toMatchObject({ kind: 'unauthenticated', origin });
    const second = await openTestNode(frozen.chain, {
      ...{ connect: [addressOf(again)], sync: { trustedChecksums: [await checksumAt(again, 20)] } },
    });
    await synced(second);
    await expectTheHonestState(second);
  });

  test('that no peer confirms stops the node, and what was downloaded for another one is deleted', async () => {
    const wrong = { height: 20, checksum: right.checksum.slice().reverse() };
    const folder = testFolder();
    const delayMs = ({ type }: { readonly type: string }) => (type === 'snapshot-data' ? 100 : 0);
    const slow = await through(0, { delayMs });
    const overrides = { folder, connect: [slow.address] };
    const first = await openNode(frozen.chain, { ...overrides, sync: { trustedChecksums: [right], chunkBytes: 2048 } });
    await waitFor('something is written', () => (first.status().sync.unproved?.done.records ?? 0) > 50);
    await first.close();

    const sync = { trustedChecksums: [wrong], snapshotPeerTimeoutMs: 300 };
    const node = await openTestNode(frozen.chain, { ...overrides, sync });
    const error = await failureOf(node);
    expect(error).toMatchObject({ code: 'NODE_CHECKSUM_MISMATCH', details: { height: 20 } });
    expect(error.message).toContain(`--trusted-checksum ${sumText(wrong)}`);
    expect(error.message).toContain(toHex(right.checksum));
    expect(node.store.phase).toBe('empty');
    expect(node.status().authentication.kind).toBe('none');
  });

  test('of a snapshot that nobody serves is waited for, and it is said what is served', async () => {
    const node = await openTestNode(frozen.chain, {
      ...{ connect: addresses(0), sync: { trustedChecksums: [{ ...right, height: 30 }], snapshotPeerTimeoutMs: 200 } },
    });
    const text = await waitFor('it says so', () => {
      const { sync } = node.status();
      return sync.phase === 'snapshot' && sync.text.includes('the newest one served') && sync.text;
    });
    expect(text).toBe(
      'Waiting for a peer that serves snapshot 30, whose checksum is pinned: the newest one served is 20.',
    );
  });
});

describe('configured peers that agree', () => {
  test('are enough; one that says otherwise is neither used nor banned', async () => {
    const other = await through(2, { answer: sayingOfSnapshots(anotherState) });
    const connect = [...addresses(0, 1), other.address];
    const node = await openTestNode(frozen.chain, { connect, sync: { agreeingPeers: 2 } });
    await synced(node);
    const { authentication, bans } = node.status();
    expect(authentication).toMatchObject({
      kind: 'unauthenticated',
      origin: { basis: 'agreed', height: 20, checksum: toHex(right.checksum), voters: addresses(0, 1).sort() },
    });
    expect(bans).toEqual([]);
    expect(other.chunksAskedByPrefix().size).toBe(0);
    await expectTheHonestState(node);
  });

  test('that are too few are waited for', async () => {
    const node = await openTestNode(frozen.chain, { connect: addresses(0), sync: { agreeingPeers: 2 } });
    await waitFor('it says so', () => node.status().sync.text.startsWith('Waiting for 2 configured peers to agree'));
    node.connect(addressOf(provider(1)));
    await synced(node);
    expect(node.status().authentication.origin?.voters).toEqual(addresses(0, 1).sort());
  });

  test('on each of two checksums stop the node: a person has to decide', async () => {
    // Both are there before one of them is taken for good: nothing is chosen before the headers are known.
    const delayMs = ({ type }: { readonly type: string }) => (type === 'header-bundle' ? 400 : 0);
    const other = await through(2, { delayMs, answer: sayingOfSnapshots(anotherState) });
    const honest = await through(0, { delayMs });
    const connect = [honest.address, other.address];
    const node = await openTestNode(frozen.chain, { connect, sync: { agreeingPeers: 1, patienceMs: 1_000 } });
    const error = await failureOf(node);
    expect(error.code).toBe('NODE_CHECKSUM_DISPUTED');
    for (const address of connect) expect(error.message).toContain(address);
  });
});

describe('a zero checksum', () => {
  test.each([
    ['agreed on', { agreeingPeers: 1 }],
    ['allowed without a pin', { isUnpinnedSyncAllowed: true }],
  ] as const)('is not taken, even %s', async (_name, sync) => {
    const zero = new Uint8Array(32);
    const unconfigured = await through(0, {
      answer: sayingOfSnapshots((snapshots) =>
        snapshots.map((snapshot) => ({
          ...snapshot,
          prefixes: snapshot.prefixes.map((part) => ({ ...part, checksum: zero })),
        })),
      ),
    });
    const logger = collectingLogger();
    const node = await openTestNode(frozen.chain, { connect: [unconfigured.address], sync, logger });
    await waitFor('it is refused', () => logger.warnings.some(({ message }) => message.includes('zero checksum')));
    await sleep(500);
    expect([node.store.phase, unconfigured.chunksAskedByPrefix().size]).toEqual(['empty', 0]);
    expect(node.status().bans).toEqual([]);
    node.connect(addressOf(provider(1)));
    await synced(node);
    await expectTheHonestState(node);
  });
});

describe('an unpinned sync that is allowed', () => {
  test('takes the word of peers, and says that it is nothing but that', async () => {
    const node = await openTestNode(frozen.chain, { connect: addresses(0, 1), sync: { isUnpinnedSyncAllowed: true } });
    await synced(node);
    expect(node.status().authentication).toMatchObject({ kind: 'unauthenticated', origin: { basis: 'unpinned' } });
    expect(node.status().authentication.text).toContain('the word of peers alone');
    await expectTheHonestState(node);
  });

  test('begins again with another state if nobody serves the first one any more', async () => {
    let turned = false;
    const turning = await through(0, {
      delayMs: ({ type }) => (type === 'snapshot-data' ? 60 : 0),
      answer: (message) => {
        const epoch = turned ? 20 : 10;
        if (isChunk(message) && message.height !== epoch) return unavailable(message);
        return sayingOfSnapshots((snapshots) => snapshots.filter(({ height }) => height === epoch))(message);
      },
    });
    const sync = { isUnpinnedSyncAllowed: true, chunkBytes: 2048, requestTimeoutMs: 4_000 };
    const node = await openTestNode(frozen.chain, { connect: [turning.address], sync });
    await waitFor('the first state is under way', () => {
      return node.store.unprovedDownload()?.height === 10 && (node.status().sync.unproved?.done.records ?? 0) > 50;
    });
    turned = true;
    await synced(node);
    expect(node.status().sync.hyperSync?.snapshotHeight).toBe(20);
    expect(node.status().bans).toEqual([]);
    await expectTheHonestState(node);
  });
});

describe('a peer that lies about records', () => {
  test('in a prefix that it sends alone: it is banned, with evidence, and another one sends it again', async () => {
    const liar = await through(0, {
      answer: (message) => (isChunk(message) ? withoutFirst(message, large) : message),
    });
    const node = await openTestNode(frozen.chain, { connect: [liar.address], sync: { trustedChecksums: [right] } });
    await waitFor('the liar is banned', () => node.status().bans.length > 0);
    node.connect(addressOf(provider(1)));
    await synced(node);
    const [ban] = node.status().bans;
    const part = provider(0).store.snapshotSummaries(20).get(large);
    expect(ban).toMatchObject({
      address: liar.address,
      evidence: {
        rule: 'unproved-state',
        snapshotHeight: 20,
        prefix: large,
        expected: toHex(part?.checksum ?? new Uint8Array(0)),
      },
    });
    await expectTheHonestState(node);
  });

  test('with records out of order: it is banned at once', async () => {
    const liar = await through(0, {
      answer: (message) => {
        if (!isChunk(message) || message.records.offsets.length < 8) return message;
        const { bytes, offsets } = message.records;
        const turned = Uint32Array.from([...offsets.subarray(4, 8), ...offsets.subarray(0, 4), ...offsets.subarray(8)]);
        return { ...message, records: { bytes, offsets: turned } };
      },
    });
    const node = await openTestNode(frozen.chain, { connect: [liar.address], sync: { trustedChecksums: [right] } });
    await waitFor('the liar is banned', () => node.status().bans.length > 0);
    expect(node.status().bans[0]?.evidence).toMatchObject({ reason: 'out-of-order' });
    node.connect(addressOf(provider(1)));
    await synced(node);
    await expectTheHonestState(node);
  });

  test('and leaves: nobody is named at first; alone with the prefix, it is named and banned', async () => {
    let isHonestAway = false;
    let isLying = true;
    const liar = await through(0, {
      delayMs: (message) => (isChunk(message) ? 30 : 0),
      answer: (message) => (isChunk(message) && isLying ? withoutFirst(message, large) : message),
    });
    const honest = await through(1, {
      answer: (message) => (isHonestAway && isChunk(message) ? unavailable(message) : message),
    });
    const logger = collectingLogger();
    const warn = logger.warn;
    logger.warn = (fields, message) => {
      warn(fields, message);
      if (message.includes('nothing tells which')) isHonestAway = true;
    };
    const sync = { trustedChecksums: [right], chunkBytes: 4096, requestTimeoutMs: 8_000 };
    const node = await openTestNode(frozen.chain, { connect: [liar.address], sync, logger });
    await waitFor('the liar has sent a part', () => {
      const part = node.status().sync.unproved?.prefixes.find(({ prefix }) => prefix === large);
      return (part?.done.records ?? 0) > 20;
    });
    node.connect(honest.address);
    await waitFor('the honest one takes part', () =>
      node.status().sync.unproved?.peers.some(({ peer }) => peer === honest.address),
    );
    liar.cut();
    const unnamed = await waitFor('a lie without a name', () => {
      return logger.warnings.find(({ message }) => message.includes('nothing tells which'));
    });
    expect(unnamed.fields).toMatchObject({
      prefix: large,
      peers: [liar.address, honest.address].sort(),
      hasEarlier: false,
    });
    expect(node.status().bans).toEqual([]);
    await waitFor(
      'the liar is banned',
      () => node.status().bans.some(({ address }) => address === liar.address),
      40_000,
    );
    isLying = false;
    isHonestAway = false;
    await synced(node);
    expect(node.status().bans.map(({ address }) => address)).toEqual([liar.address]);
    await expectTheHonestState(node);
  });
});

describe('limits', () => {
  test('a state larger than may be downloaded unproved is not considered', async () => {
    const logger = collectingLogger();
    const sync = { agreeingPeers: 1, maxUnprovedBytes: 1000 };
    const node = await openTestNode(frozen.chain, { connect: addresses(0), sync, logger });
    await waitFor('it says so', () =>
      logger.warnings.some(({ message }) => message.includes('larger than what may be')),
    );
    expect(node.store.phase).toBe('empty');
  });
});

test('kill -9 in the middle: restarted, it goes on where it was', async () => {
  const delayMs = ({ type }: { readonly type: string }) => (type === 'snapshot-data' ? 100 : 0);
  const slow = await through(0, { delayMs });
  const folder = testFolder();
  const { chainFile } = writeChainFiles(frozen, folder);
  const args = ['run', '--chain', chainFile, '--data', `${folder}/data`, '--listen', 'off', '--http', '127.0.0.1:0'];
  args.push('--chunk-bytes', '2048', '--connect', slow.address);
  const refused = new NodeProcess(args);
  expect(await refused.exited).toBe(3);
  expect(refused.stderr).toContain('--trusted-checksum HEIGHT:SUM');

  args.push('--trusted-checksum', sumText(right));
  const killed = new NodeProcess(args);
  const written = await waitFor('a part is written', async () => {
    const { unproved } = (await killed.status()).sync;
    const open = unproved?.prefixes.find(({ prefix }) => prefix === large);
    return unproved !== undefined && open?.state === 'open' && open.done.records > 30 && unproved.done.records;
  });
  expect((await killed.status()).authentication.kind).toBe('unauthenticated');
  expect(await killed.signal('SIGKILL')).toBe('SIGKILL');
  const asked = new Set(slow.chunksAskedByPrefix().keys());
  slow.asked.length = 0;

  const restarted = new NodeProcess(args);
  await waitFor('it is synced', async () => ['synced', 'stale'].includes((await restarted.status()).sync.phase));
  const status = await restarted.status();
  expect(status.sync.hyperSync?.resumedRecords).toBeGreaterThanOrEqual(written);
  expect(status.stateRoot).toBe(provider(0).status().stateRoot);
  expect(status.authentication).toMatchObject({ kind: 'unauthenticated', origin: { basis: 'pinned' } });
  expect(restarted.log.some(({ msg }) => msg.startsWith('unauthenticated: '))).toBe(true);
  // Nothing of the prefix that was under way is asked for again but what lies behind the last chunk written.
  const starts = slow.asked.flatMap((message) => (message.type === 'get-snapshot' ? [message.startKey] : []));
  const again = starts.filter((key) => key[0] === large);
  expect(again.length).toBeGreaterThan(0);
  expect(again.every((key) => key.length > 1)).toBe(true);
  expect(asked.size).toBeLessThanOrEqual(exampleStatePrefixes.length);
  expect(await restarted.signal('SIGTERM')).toBe(0);
});
