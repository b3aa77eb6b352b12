import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeFolder, removeFolder, testFolder } from './support/cleanups.js';
import { type Ended, ended, hsNode } from './support/hs-node.js';
import { NodeProcess } from './support/node-process.js';
import { makeChain, type TestChain, writeChainFiles } from './support/test-network.js';
import { waitFor } from './support/wait.js';

const folder = makeFolder();
const at = (name: string): string => join(folder, name);
let made: TestChain;
let chainFile: string;
let keyFile: string;
let producer: NodeProcess;
let url: string;
/** Public keys of the accounts whose keys are in `0.key` and so on. */
const publicKeys: string[] = [];

beforeAll(async () => {
  made = await makeChain({ followPairs: 5 });
  ({ chainFile, keyFile } = writeChainFiles(made, folder));
  await startProducer('127.0.0.1:0');
  for (let index = 0; index < 6; index++) {
    const args = ['--chain', chainFile, '--index', String(7 * index), '--json'];
    publicKeys.push((await hsNode('keys', 'account', at(`${index}.key`), ...args)).json.publicKey);
  }
});
afterAll(async () => {
  await producer.signal('SIGTERM');
  removeFolder(folder);
});

/** Starts the producer on what its folder has. */
async function startProducer(http: string): Promise<void> {
  producer = new NodeProcess(
    [
      ...['run', '--chain', chainFile, '--data', at('data'), '--listen', '127.0.0.1:0', '--http', http],
      ...['--producer-key', keyFile, '--block-interval-ms', '60'],
      ...['--log-level', 'warn', '--log-file', at('log'), '--json'],
    ],
    {},
    { isKept: true },
  );
  ({ url } = JSON.parse(await waitFor('the node', () => producer.stdout.endsWith('\n') && producer.stdout)));
  if (url === undefined) throw new Error(producer.stdout + producer.stderr);
}

/** A transaction of an account. */
function tx(account: number, ...args: readonly string[]): Promise<Ended> {
  return hsNode('tx', ...args, '--chain', chainFile, '--key', at(`${account}.key`), '--url', url, '--json');
}

async function get(path: string): Promise<Record<string, unknown>> {
  return (await fetch(`${url}${path}`)).json() as Promise<Record<string, unknown>>;
}

async function coinsOf(account: number, creator: number): Promise<string> {
  const { balances } = (await get(`/v1/accounts/${publicKeys[account]}/coins`)) as {
    balances: { creator: string; balance: string }[];
  };
  return balances.find((entry) => entry.creator === publicKeys[creator])?.balance ?? '0';
}

describe('hs-node tx', () => {
  test('makes a profile, mints, transfers, burns, restricts and disables minting, each in a block', async () => {
    const profile = await tx(1, 'create-profile', '--username', 'alice', '--description', 'first');
    expect([profile.code, profile.stderr]).toEqual([0, '']);
    expect(profile.json).toMatchObject({ status: 'included', signer: publicKeys[1] });
    expect(await get(`/v1/transactions/${profile.json.id}`)).toMatchObject({ status: 'included' });
    expect((await tx(1, 'mint', '--amount', '100.5')).code).toBe(0);
    expect((await tx(1, 'transfer', '--coin', '@alice', '--to', publicKeys[2] ?? '', '--amount', '40')).code).toBe(0);
    expect((await tx(2, 'burn', '--coin', '@ALICE', '--amount', '0.000000000000000001')).code).toBe(0);
    expect([await coinsOf(1, 1), await coinsOf(2, 1)]).toEqual(['60500000000000000000', '39999999999999999999']);
    expect((await tx(1, 'restrict', '--transfers', 'profile-owner-only')).code).toBe(0);

    const text = await hsNode('tx', 'send', '--to', '@alice', '--nanos', '5', ...of(2));
    expect(text.stdout).toMatch(/^sent 5 nanos to @alice: transaction [0-9a-f]{64} in block \d+\n$/);
    expect((await tx(1, 'disable-minting', '--yes')).code).toBe(0);
    const { profile: after } = (await get(`/v1/accounts/${publicKeys[1]}`)) as { profile: object };
    expect(after).toEqual({
      username: 'alice',
      description: 'first',
      coin: { circulation: '100499999999999999999', holders: '2', isMintingDisabled: true, transferRestriction: 1 },
    });
  });

  test('what the chain would not take is refused with its rule before it is sent', async () => {
    const noProfile = await tx(3, 'mint', '--amount', '1');
    expect([noProfile.code, noProfile.json.error.code]).toEqual([7, 'NODE_TRANSACTION_REFUSED']);
    expect(noProfile.json.error.details.rule).toMatch(/^RuleError/);
    expect((await tx(2, 'transfer', '--coin', '@alice', '--to', publicKeys[3] ?? '', '--amount', '1')).code).toBe(7);
    expect((await tx(1, 'mint', '--amount', '1')).json.error.details.rule).toMatch(/Minting/i);
    const poor = await tx(3, 'send', '--to', '@alice', '--nanos', '9999999999999999');
    expect([poor.code, poor.json.error.details.rule]).toEqual([7, 'RuleErrorInsufficientBalance']);
  });

  test('what cannot be undone needs --yes, and a dry run sends nothing', async () => {
    expect(await tx(3, 'disable-minting')).toMatchObject({ code: 2, json: { error: { code: 'NODE_CONFIGURATION' } } });
    expect((await tx(3, 'restrict', '--transfers', 'permanently-unrestricted')).stderr).toContain('--yes');
    const dry = await tx(3, 'create-profile', '--username', 'carol', '--dry-run');
    expect([dry.code, dry.json.status]).toEqual([0, 'not-sent']);
    expect((await fetch(`${url}/v1/transactions/${dry.json.id}`)).status).toBe(404);
    const sent = await tx(3, 'create-profile', '--username', 'carol', '--no-wait');
    expect([sent.code, sent.json.status]).toEqual([0, 'waiting']);
    await waitFor('the block', async () => (await get(`/v1/transactions/${sent.json.id}`))['status'] === 'included');
  });

  test('wrong accounts, amounts, chains and addresses are said', async () => {
    expect((await tx(2, 'send', '--to', '@nobody', '--nanos', '1')).stderr).toContain('nobody has the username');
    expect((await tx(2, 'send', '--to', 'bob', '--nanos', '1')).code).toBe(2);
    expect((await tx(2, 'mint', '--amount', '1e3')).stderr).toContain('amount (from --amount)');
    expect((await tx(2, 'mint', '--amount', '0')).code).toBe(7);
    expect((await hsNode('tx', 'mint', '--amount', '1', '--chain', chainFile)).stderr).toContain('--key is needed');
    const other = at('other.json');
    writeFileSync(other, JSON.stringify({ ...made.spec, name: 'other' }));
    const foreign = await hsNode('tx', 'mint', '--amount', '1', '--chain', other, '--key', at('2.key'), '--url', url);
    expect([foreign.code, foreign.stderr]).toEqual([2, expect.stringContaining('is of another chain')]);
    const nobody = ['--url', 'http://127.0.0.1:9'];
    expect((await hsNode('tx', 'mint', '--amount', '1', ...of(2).slice(0, 4), ...nobody)).code).toBe(5);
  });
});

function of(account: number): string[] {
  return ['--chain', chainFile, '--key', at(`${account}.key`), '--url', url];
}

describe('hs-node airdrop', () => {
  /** Holders with 3, 2 and 1 parts of a coin whose owner is account 4, at a snapshot. */
  async function coinWithHolders(): Promise<number> {
    expect((await tx(4, 'create-profile', '--username', 'seed')).code).toBe(0);
    expect((await tx(4, 'mint', '--amount', '10')).code).toBe(0);
    for (const [holder, amount] of [
      [0, '3'],
      [2, '2'],
      [5, '1'],
    ] as const) {
      expect(
        (await tx(4, 'transfer', '--coin', '@seed', '--to', publicKeys[holder] ?? '', '--amount', amount)).code,
      ).toBe(0);
    }
    const { height } = await status();
    return waitFor('a snapshot', async () => {
      return (await status()).snapshots.map((kept) => kept.height).find((kept) => kept > height);
    });
  }

  async function status(): Promise<{ height: number; snapshots: { height: number }[] }> {
    return (await get('/status')) as { height: number; snapshots: { height: number }[] };
  }

  test('mints, pays the holders at a snapshot pro rata, and disables minting', async () => {
    const height = await coinWithHolders();
    const plan = at('drop.json');
    const args = ['--coin', '@seed', '--holders-of', '@seed', '--height', String(height)];
    const amounts = ['--mint', '90', '--share', '10%', '--disable-minting'];
    const planned = await hsNode(
      'airdrop',
      'plan',
      plan,
      ...args,
      ...amounts,
      '--chain',
      chainFile,
      '--url',
      url,
      '--json',
    );
    expect([planned.code, planned.stderr]).toEqual([0, '']);
    expect(planned.json).toMatchObject({ payments: 3, total: '10000000000000000000', holdersOf: { height } });
    const written = JSON.parse(readFileSync(plan, 'utf8'));
    const byHolder = new Map(written.payments.map(({ to, amount }: { to: string; amount: string }) => [to, amount]));
    expect([0, 2, 5].map((holder) => byHolder.get(publicKeys[holder]))).toEqual([
      '5000000000000000000',
      '3333333333333333333',
      '1666666666666666667',
    ]);
    expect((await hsNode('airdrop', 'status', plan)).stdout).toBe('0 of 3 payments in blocks: 0 of 10 coins\n');

    const run = await hsNode('airdrop', 'run', plan, ...of(4), '--json');
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.json).toMatchObject({ payments: 3, paid: 3, sent: 0, doneBefore: 0 });
    expect(await coinsOf(0, 4)).toBe('8000000000000000000');
    expect(await coinsOf(5, 4)).toBe('2666666666666666667');
    expect((await get(`/v1/accounts/${publicKeys[4]}`))['profile']).toMatchObject({
      coin: { circulation: '100000000000000000000', isMintingDisabled: true },
    });

    const again = await hsNode('airdrop', 'run', plan, ...of(4));
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('5 of 5 transactions had been done before'),
    });
    expect(await coinsOf(0, 4)).toBe('8000000000000000000');
    const told = await hsNode('airdrop', 'status', plan, '--json');
    expect(told.json).toMatchObject({ paid: 3, paidTotal: '10000000000000000000', mintedIn: expect.any(Number) });
    writeFileSync(plan, JSON.stringify(written));
    expect((await hsNode('airdrop', 'run', plan, ...of(4))).stderr).toContain('belongs to another plan');
  });

  test('killed at any moment it goes on, and nobody is paid twice or left out', async () => {
    expect((await tx(0, 'create-profile', '--username', 'killed')).code).toBe(0);
    expect((await tx(0, 'mint', '--amount', '1000')).code).toBe(0);
    const holders = made.wallets.slice(1).map(({ publicKey }) => Buffer.from(publicKey).toString('hex'));
    const list = at('holders.txt');
    writeFileSync(list, ['# accounts', ...holders.map((key, index) => `${key} ${index + 1}`), ''].join('\n'));
    const plan = at('killed.json');
    const args = ['--coin', '@killed', '--holders', list, '--amount', '780', '--chain', chainFile, '--url', url];
    expect((await hsNode('airdrop', 'plan', plan, ...args)).code).toBe(0);
    let rounds = 0;
    for (let code: number | string = 'SIGKILL'; code !== 0; rounds++) {
      const run = new NodeProcess(['airdrop', 'run', plan, ...of(0)]);
      // A little later each time: while it starts, before, between and after what it writes down and sends.
      const timer = setTimeout(() => run.signal('SIGKILL'), 300 + 60 * rounds);
      code = await run.exited;
      clearTimeout(timer);
      expect([0, 'SIGKILL']).toContain(code);
    }
    expect(rounds).toBeGreaterThan(2);
    for (const [index, holder] of holders.entries()) {
      const { balances } = (await get(`/v1/accounts/${holder}/coins`)) as {
        balances: { creator: string; balance: string }[];
      };
      const balance = balances.find(({ creator }) => creator === publicKeys[0])?.balance;
      expect([index, balance]).toEqual([index, `${index + 1}000000000000000000`]);
    }
    expect(await coinsOf(0, 0)).toBe('220000000000000000000');
  });

  test('a node that is restarted in the middle loses its pool, and nobody is paid twice or left out', async () => {
    expect((await tx(2, 'create-profile', '--username', 'restarted')).code).toBe(0);
    expect((await tx(2, 'mint', '--amount', '1000')).code).toBe(0);
    const holders = made.wallets
      .map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))
      .filter((key) => key !== publicKeys[2]);
    const list = at('restarted.txt');
    writeFileSync(list, holders.map((key, index) => `${key} ${index + 1}\n`).join(''));
    const plan = at('restarted.json');
    const args = ['--coin', '@restarted', '--holders', list, '--amount', '780', '--chain', chainFile, '--url', url];
    expect((await hsNode('airdrop', 'plan', plan, ...args)).code).toBe(0);

    const run = new NodeProcess(['airdrop', 'run', plan, ...of(2), '--json']);
    await waitFor(
      'signed payments',
      () => existsSync(`${plan}.journal`) && readFileSync(`${plan}.journal`, 'utf8').includes('"signed"'),
    );
    await producer.signal('SIGKILL');
    const { code, json } = await ended(run);
    expect([code, json.error.code]).toEqual([5, 'NODE_UNREACHABLE']);
    const told = await hsNode('airdrop', 'status', plan, '--json');
    expect(told.json.paid).toBeLessThan(holders.length);

    await startProducer(new URL(url).host);
    const rest = await hsNode('airdrop', 'run', plan, ...of(2), '--json');
    expect([rest.code, rest.json.paid]).toEqual([0, holders.length]);
    for (const [index, holder] of holders.entries()) {
      const { balances } = (await get(`/v1/accounts/${holder}/coins`)) as {
        balances: { creator: string; balance: string }[];
      };
      const balance = balances.find(({ creator }) => creator === publicKeys[2])?.balance;
      expect([index, balance]).toEqual([index, `${index + 1}000000000000000000`]);
    }
  });

  test('interrupted it ends cleanly; a second run at the same time, too few coins and wrong plans are refused', async () => {
    const list = join(testFolder(), 'holders.txt');
    writeFileSync(list, `${publicKeys[3]} 1\n`);
    const planArgs = ['--coin', '@alice', '--holders', list, '--chain', chainFile, '--url', url];
    const plan = at('interrupted.json');
    expect((await hsNode('airdrop', 'plan', plan, ...planArgs, '--amount', '1')).code).toBe(0);
    // The journal is locked by a process that runs: this one.
    writeFileSync(`${plan}.journal.lock`, String(process.pid));
    const second = await hsNode('airdrop', 'run', plan, ...of(1), '--json');
    expect([second.code, second.json.error.message]).toEqual([2, expect.stringContaining('runs this airdrop already')]);
    // No process has this number: the lock is left over from one that was killed.
    writeFileSync(`${plan}.journal.lock`, '4194304');
    const run = new NodeProcess(['airdrop', 'run', plan, ...of(1), '--json']);
    await waitFor('the journal', () => existsSync(`${plan}.journal`));
    run.signal('SIGINT').catch(() => undefined);
    const { code, json } = await ended(run);
    expect([130, 0]).toContain(code);
    if (code === 130) expect(json.error).toMatchObject({ code: 'NODE_STOPPED', details: { signal: 'SIGINT' } });
    expect(existsSync(`${plan}.journal.lock`)).toBe(false);
    expect((await hsNode('airdrop', 'run', plan, ...of(1))).code).toBe(0);
    expect(await coinsOf(3, 1)).toBe('1000000000000000000');

    const greedy = at('greedy.json');
    expect((await hsNode('airdrop', 'plan', greedy, ...planArgs, '--amount', '1000')).code).toBe(0);
    const short = await hsNode('airdrop', 'run', greedy, ...of(1), '--json');
    expect([short.code, short.json.error.details.needs]).toEqual([2, '1000000000000000000000']);
    expect((await hsNode('airdrop', 'run', greedy, ...of(3))).stderr).toContain('among those who are paid');
    expect((await hsNode('airdrop', 'run', chainFile, ...of(1))).stderr).toContain('is no plan of an airdrop');
    const wrong: [readonly string[], string][] = [
      [[], 'either --share or --amount is needed'],
      [['--amount', '1', '--share', '1%'], 'and not both'],
      [['--share', '101%'], 'must be a percentage'],
      [['--amount', '1', '--exclude', publicKeys[3] ?? ''], 'there is nothing to give'],
    ];
    for (const [args, message] of wrong) {
      const refused = await hsNode('airdrop', 'plan', at('wrong.json'), ...planArgs, ...args);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    writeFileSync(list, `${publicKeys[3]} 1\n${publicKeys[3]} 2\n`);
    const twice = await hsNode('airdrop', 'plan', at('wrong.json'), ...planArgs, '--amount', '1');
    expect(twice.stderr).toContain('line 2: the same key stands above');
    const past = ['--coin', '@alice', '--holders-of', '@alice', '--height', '1', '--amount', '1'];
    const gone = await hsNode('airdrop', 'plan', at('wrong.json'), ...past, '--chain', chainFile, '--url', url);
    expect([gone.code, gone.stderr]).toEqual([
      2,
      expect.stringContaining('must be that of a snapshot that the node keeps'),
    ]);
  });
});
