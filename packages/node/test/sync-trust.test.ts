import type { Block } from '@hs/wire';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { silentLogger } from '../src/logger.js';
import type { NodeError } from '../src/node-error.js';
import { BranchGuard } from '../src/sync/branch-guard.js';
import { formatTrustedRoot, type TrustedRoot } from '../src/sync/trusted-roots.js';
import { testFolder } from './support/cleanups.js';
import {
  addressOf,
  type ExampleNode,
  makeChain,
  type NodeOverrides,
  openNode,
  openTestNode,
  type TestChain,
} from './support/test-network.js';
import { openParts, type Parts, produceBlocks } from './support/test-store.js';
import { waitFor } from './support/wait.js';

/** The last block that both branches have; the snapshot before it is that of block 10. */
const commonHeight = 12;
const splitHeight = commonHeight + 1;

let chain: TestChain;

beforeAll(async () => {
  chain = await makeChain({ followPairs: 20 });
});

interface Branch {
  readonly folder: string;
  readonly headers: readonly ExampleHeader[];
  /** The header after the split. */
  readonly first: ExampleHeader;
}

function transferOf(amountNanos: bigint) {
  const [from, to] = chain.wallets;
  if (from === undefined || to === undefined) throw new Error('too few wallets');
  return from.transfer([{ publicKey: to.publicKey, amountNanos }], {
    nonce: { expirationBlockHeight: 100n, partialId: amountNanos },
  });
}

async function follow(parts: Parts, blocks: readonly Block<ExampleHeader>[]): Promise<void> {
  await parts.chainStore.append(blocks.map(({ header }) => header));
  for (const block of blocks) await parts.processor.connect(block);
}

/** Two stored chains of one producer that have 12 blocks in common. Without `differs`, their states are the same all the way. */
async function makeBranches(options: { readonly differs: boolean }): Promise<readonly [Branch, Branch]> {
  const empty = (count: number) => Array.from({ length: count }, () => []);
  const branches: Branch[] = [];
  let common: readonly Block<ExampleHeader>[] | undefined;
  for (const [index, length] of [3, 5].entries()) {
    const folder = testFolder();
    const parts = await openParts(chain, { folder });
    if (common === undefined) common = await produceBlocks(parts, empty(commonHeight));
    else await follow(parts, common);
    const timeMs = parts.chainStore.tipHeader.timeMs + 500 + index;
    const transactions = options.differs ? [transferOf(1_000n + BigInt(index))] : [];
    const { header } = await parts.processor.produce(parts.sealer, transactions, { timeMs });
    await produceBlocks(parts, empty(length - 1));
    const headers: ExampleHeader[] = [];
    for (let height = 1; height <= parts.chainStore.tipHeight; height++) {
      headers.push(await parts.chainStore.headerAt(height));
    }
    await parts.store.maintenance();
    await parts.close();
    branches.push({ folder, headers, first: header });
  }
  const [short, long] = branches;
  if (short === undefined || long === undefined) throw new Error('no branches');
  return [short, long];
}

function rootOf({ height, stateRoot }: ExampleHeader): TrustedRoot {
  if (stateRoot === undefined) throw new Error('a header without a state root');
  return { height, stateRoot };
}

/** A node on one branch that meets one on the other, and stops. */
async function stopBySplit(mine: Branch, other: Branch, overrides: NodeOverrides = {}) {
  const there = await openTestNode(chain.chain, { folder: other.folder });
  const node = await openNode(chain.chain, { folder: mine.folder, connect: [addressOf(there)], ...overrides });
  const error = await node.ended.then(
    () => undefined,
    (reason: NodeError) => reason,
  );
  const status = node.status();
  await node.close();
  return { there, error, status };
}

function tipOf(node: ExampleNode) {
  const { height, stateRoot, headerHeight } = node.status();
  return { height, stateRoot, headerHeight };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('two valid headers of one producer at one height', () => {
  test('stop the node: both are kept, the error says how to go on, nobody is banned, and it does not start again', async () => {
    const [mine, other] = await makeBranches({ differs: true });
    const { error, status, there } = await stopBySplit(mine, other);
    expect(error).toMatchObject({ code: 'NODE_EQUIVOCATION', details: { height: splitHeight } });
    const choices = [mine.first, other.first].map((header) => `"--trusted-root ${formatTrustedRoot(rootOf(header))}"`);
    for (const choice of choices) expect(error?.message).toContain(choice);
    expect(status.sync).toMatchObject({ phase: 'failed', text: error?.message });
    expect(status.bans).toEqual([]);
    const evidence = {
      height: splitHeight,
      ours: hex(chain.chain.headerCodec.encode(mine.first)),
      theirs: hex(chain.chain.headerCodec.encode(other.first)),
      producerKey: hex(mine.first.producerPublicKey),
      peer: addressOf(there),
      refusedHash: null,
    };
    expect(status.trust.equivocations).toEqual([expect.objectContaining(evidence)]);
    for (let start = 0; start < 2; start++) {
      await expect(openNode(chain.chain, { folder: mine.folder })).rejects.toMatchObject({
        code: 'NODE_EQUIVOCATION',
        message: error?.message,
      });
    }
    const below = { trustedRoots: [rootOf(mine.headers[3] as ExampleHeader)] };
    await expect(openNode(chain.chain, { folder: mine.folder, ...below })).rejects.toMatchObject({
      code: 'NODE_EQUIVOCATION',
    });
  });

  test.each([
    ['at the split', 0],
    ['above the split', 2],
  ] as const)(
    'a trusted root %s keeps the node where it is, for good, and the other branch is refused',
    async (_name, up) => {
      const [mine, other] = await makeBranches({ differs: true });
      const { there } = await stopBySplit(mine, other);
      const trusted = mine.headers[commonHeight + up] as ExampleHeader;
      const decided = await openNode(chain.chain, { folder: mine.folder, trustedRoots: [rootOf(trusted)] });
      expect(decided.status().trust).toMatchObject({
        trustedRoots: [{ isReached: true }],
        equivocations: [{ refusedHash: hex(chain.chain.hashHeader(other.first)) }],
      });
      await decided.close();
      const lines: string[] = [];
      const log = (_fields: object, line: string) => lines.push(line);
      const logger = { ...silentLogger, warn: log };
      const again = await openTestNode(chain.chain, { folder: mine.folder, connect: [addressOf(there)], logger });
      await waitFor('the other branch was met', () => lines.includes('peer dropped: it follows another branch'));
      expect(tipOf(again)).toMatchObject({ height: splitHeight + 2, headerHeight: splitHeight + 2 });
      expect(again.status()).toMatchObject({ bans: [] });
      expect(again.status().sync.phase).not.toBe('failed');
    },
  );

  test('a trusted root of the other takes state, blocks and headers back to before the split, and follows it', async () => {
    const [mine, other] = await makeBranches({ differs: true });
    const { there } = await stopBySplit(mine, other);
    const node = await openTestNode(chain.chain, {
      folder: mine.folder,
      connect: [addressOf(there)],
      trustedRoots: [rootOf(other.first)],
    });
    expect(tipOf(node)).toMatchObject({ height: 10, headerHeight: splitHeight });
    expect(node.status().trust.equivocations).toMatchObject([{ refusedHash: hex(chain.chain.hashHeader(mine.first)) }]);
    await waitFor('it has the other branch', () => node.status().height === splitHeight + 4);
    expect(tipOf(node)).toEqual(tipOf(there));
    expect(await node.store.get(Uint8Array.of(99))).toBeUndefined();
  });

  test('are told apart by their hash where their state roots are the same', async () => {
    const [mine, other] = await makeBranches({ differs: false });
    const { error, there } = await stopBySplit(mine, other);
    expect(mine.first.stateRoot).toEqual(other.first.stateRoot);
    const { folder } = mine;
    const ambiguous = openNode(chain.chain, { folder, trustedRoots: [rootOf(other.first)] });
    await expect(ambiguous).rejects.toMatchObject({ code: 'NODE_EQUIVOCATION', message: error?.message });
    const trusted = { ...rootOf(other.first), hash: chain.chain.hashHeader(other.first) };
    expect(error?.message).toContain(`"--trusted-root ${formatTrustedRoot(trusted)}"`);
    const node = await openTestNode(chain.chain, { folder, trustedRoots: [trusted], connect: [addressOf(there)] });
    await waitFor('it has the other branch', () => node.status().height === splitHeight + 4);
  });

  test('a root that neither of them has decides nothing', async () => {
    const [mine, other] = await makeBranches({ differs: true });
    await stopBySplit(mine, other);
    const trustedRoots = [{ height: splitHeight, stateRoot: new Uint8Array(32).fill(9) }];
    await expect(openNode(chain.chain, { folder: mine.folder, trustedRoots })).rejects.toMatchObject({
      code: 'NODE_TRUSTED_ROOT_MISMATCH',
    });
  });

  test('a newcomer without state stops too, and follows the branch that it is told', async () => {
    const [mine, other] = await makeBranches({ differs: true });
    const nodes: ExampleNode[] = [];
    for (const { folder } of [mine, other]) nodes.push(await openTestNode(chain.chain, { folder }));
    const connect = nodes.map((node) => addressOf(node));
    for (const [index, branch] of [mine, other].entries()) {
      const folder = testFolder();
      const newcomer = await openNode(chain.chain, { folder, connect });
      await expect(newcomer.ended).rejects.toMatchObject({ code: 'NODE_EQUIVOCATION' });
      await newcomer.close();
      const told = await openTestNode(chain.chain, { folder, connect, trustedRoots: [rootOf(branch.first)] });
      await waitFor('it is on its branch', () => told.status().stateRoot === nodes[index]?.status().stateRoot);
    }
  });

  test('a decision that is interrupted is carried out at the next start, without being asked for again', async () => {
    const [mine, other] = await makeBranches({ differs: true });
    await stopBySplit(mine, other);
    const { folder } = mine;
    const parts = await openParts(chain, { folder });
    const failing = new Proxy(parts.store, {
      get: (target, name) => {
        if (name === 'rewind') return () => Promise.reject(new Error('killed'));
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { chainStore } = parts;
    const guarded = { store: failing, chain: chain.chain, chainStore, wallMs: Date.now, logger: silentLogger };
    await expect(BranchGuard.open({ ...guarded, trustedRoots: [rootOf(other.first)] })).rejects.toThrow('killed');
    await parts.close();
    const node = await openTestNode(chain.chain, { folder });
    expect(tipOf(node)).toMatchObject({ height: 10, headerHeight: splitHeight });
    expect(node.status().headerHash).toBe(hex(chain.chain.hashHeader(other.first)));
  });
});

describe('a trusted root that does not match', () => {
  test('a header that is stored: the node does not start, and says which root it found', async () => {
    const [{ folder, headers }] = await makeBranches({ differs: true });
    const fifth = headers[4] as ExampleHeader;
    const wrong = { height: 5, stateRoot: new Uint8Array(32).fill(1) };
    const right = rootOf(fifth);
    await expect(openNode(chain.chain, { folder, trustedRoots: [right, wrong] })).rejects.toMatchObject({
      code: 'NODE_TRUSTED_ROOT_MISMATCH',
      message: expect.stringContaining(formatTrustedRoot({ ...right, hash: chain.chain.hashHeader(fifth) })) as unknown,
    });
    const node = await openTestNode(chain.chain, { folder, trustedRoots: [right] });
    expect(node.status().trust.trustedRoots).toEqual([{ trustedRoot: formatTrustedRoot(right), isReached: true }]);
  });

  test('a header that a peer sends: the node stops before it is stored, and bans nobody', async () => {
    const [{ folder }] = await makeBranches({ differs: true });
    const there = await openTestNode(chain.chain, { folder });
    const wrong = { height: 5, stateRoot: new Uint8Array(32).fill(1) };
    const node = await openTestNode(chain.chain, { connect: [addressOf(there)], trustedRoots: [wrong] });
    expect(node.status().trust.trustedRoots).toMatchObject([{ isReached: false }]);
    await expect(node.ended).rejects.toMatchObject({ code: 'NODE_TRUSTED_ROOT_MISMATCH', details: { height: 5 } });
    const { sync, bans, headerHeight } = node.status();
    expect({ phase: sync.phase, bans, isStored: headerHeight >= 5 }).toEqual({
      phase: 'failed',
      bans: [],
      isStored: false,
    });
  });
});
