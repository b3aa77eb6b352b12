import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@hs/bytes';
import { type Transaction, transactionHash } from '@hs/wire';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AirdropJournal } from '../src/cli/airdrop/journal.js';
import { runSteps } from '../src/cli/airdrop/run-steps.js';
import { shareOut } from '../src/cli/airdrop/share-out.js';
import type { TransactionClient } from '../src/cli/transaction-client.js';
import { accountPrivateKey } from '../src/example-chain/account-key.js';
import { createWallet } from '../src/example-chain/wallet.js';
import { testFolder } from './support/cleanups.js';

describe('sharing out', () => {
  const parts = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { minLength: 1, maxLength: 30 });

  test('gives exactly the total, nobody a whole unit more or less than his share, whatever the order', () => {
    fc.assert(
      fc.property(parts, fc.bigInt({ min: 0n, max: 2n ** 200n }), (weights, total) => {
        const sum = weights.reduce((a, b) => a + b, 0n);
        fc.pre(sum > 0n);
        const holdings = weights.map((weight, index) => ({ holder: String(index).padStart(3, '0'), weight }));
        const amounts = shareOut(total, holdings);
        expect(amounts.reduce((a, b) => a + b, 0n)).toBe(total);
        for (const [index, amount] of amounts.entries()) {
          const exact = total * (weights[index] as bigint);
          expect(amount * sum > exact - sum && amount * sum < exact + sum).toBe(true);
        }
        const reversed = shareOut(total, [...holdings].reverse()).reverse();
        expect(reversed).toEqual(amounts);
      }),
    );
  });

  test('needs somebody with a weight', () => {
    expect(() => shareOut(5n, [{ holder: 'a', weight: 0n }])).toThrow(RangeError);
  });
});

const wallet = createWallet({ privateKey: accountPrivateKey('airdrop', 0), minFeeNanosPerKb: 1000 });
const step = {
  step: 0,
  make: (options: Parameters<typeof wallet.mint>[1]) => wallet.mint(1n, options),
};
const { signal } = new AbortController();

/** A node whose blocks take what they are told to, as far as the steps look at one. */
class FakeChain {
  height = 10;
  /** Blocks below this are not there. */
  firstBlock = 0;
  readonly sent: string[] = [];
  readonly tried: string[] = [];
  readonly included = new Map<string, number>();
  takes = (_id: string, _sent: number): boolean => true;
  refusal: Error | undefined;
  #nonces = 0n;

  get client(): TransactionClient {
    const node = {
      url: 'http://fake',
      find: async (path: string) => {
        const height = Number(path.split('/').at(-1));
        return height <= this.height ? { ...(height >= this.firstBlock ? { transactions: 0 } : {}) } : undefined;
      },
    };
    return {
      node,
      // Each look at the chain finds it a little further.
      height: async () => this.height++,
      nonceAfter: (height: number) => ({
        nonce: { expirationBlockHeight: BigInt(height + 5), partialId: this.#nonces++ },
      }),
      tryOut: async (transaction: Transaction) => {
        this.tried.push(toHex(transactionHash(transaction)));
        if (this.refusal !== undefined && this.sent.length > 0) throw this.refusal;
      },
      submit: async (transaction: Transaction) => {
        const id = toHex(transactionHash(transaction));
        this.sent.push(id);
        const expires = Number(transaction.nonce.expirationBlockHeight);
        if (this.takes(id, this.sent.length) && this.height < expires) this.included.set(id, this.height);
        return id;
      },
      find: async (id: string) => {
        const height = this.included.get(id);
        return height === undefined ? undefined : { id, height, blockHash: '' };
      },
    } as unknown as TransactionClient;
  }

  async run(journal: AirdropJournal): Promise<number> {
    let included = 0;
    await runSteps([step], { client: this.client, journal, signal, onIncluded: () => included++ });
    return included;
  }
}

function openJournal(path = join(testFolder(), 'journal')): {
  readonly path: string;
  readonly journal: AirdropJournal;
} {
  return { path, journal: AirdropJournal.open(path, 'plan') };
}

describe('the steps of an airdrop', () => {
  test('a transaction that nobody takes is sent again as it is, and replaced only when it has expired', async () => {
    const chain = new FakeChain();
    let first = '';
    chain.takes = (id, sent) => {
      if (sent === 1) first = id;
      return id !== first;
    };
    const { journal } = openJournal();
    expect(await chain.run(journal)).toBe(1);
    const ids = new Set(chain.sent);
    expect(ids.size).toBe(2);
    expect(chain.sent.filter((id) => id === first).length).toBeGreaterThan(2);
    expect([...chain.included.keys()]).toEqual([chain.sent.at(-1)]);
    journal.close();
  });

  test('an expired one is not replaced while the node cannot tell whether a block has it', async () => {
    const chain = new FakeChain();
    chain.takes = () => false;
    chain.firstBlock = 1000;
    const { path, journal } = openJournal();
    await expect(chain.run(journal)).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' });
    expect(new Set(chain.sent).size).toBe(1);
    journal.close();
    // Another node knows the block: nothing is sent any more.
    chain.included.set(chain.sent[0] as string, 12);
    const sent = chain.sent.length;
    const again = openJournal(path).journal;
    expect(await chain.run(again)).toBe(1);
    expect(chain.sent).toHaveLength(sent);
    again.close();
  });

  test('one that the chain does not take any more ends the run with the reason', async () => {
    const chain = new FakeChain();
    chain.takes = () => false;
    chain.refusal = Object.assign(new Error('restricted'), { code: 'NODE_TRANSACTION_REFUSED' });
    const { journal } = openJournal();
    await expect(chain.run(journal)).rejects.toThrow('restricted');
    journal.close();
  });
});

describe('the journal of an airdrop', () => {
  test('a torn last line is dropped, whole ones stay; damage before it is an error', () => {
    const { path, journal } = openJournal();
    journal.addSigned(new Map([[0, { id: 'aa', encoded: 'bb', height: 1, expires: 2 }]]));
    journal.addIncluded(new Map([[0, 3]]));
    journal.close();
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, `${whole}{"step":1,"signed":{"id":"c`);
    const { journal: again } = openJournal(path);
    expect([again.includedIn(0), again.signedFor(0)?.id, again.signedFor(1)]).toEqual([3, 'aa', undefined]);
    again.addSigned(new Map([[1, { id: 'cc', encoded: 'dd', height: 4, expires: 5 }]]));
    again.close();
    expect(AirdropJournal.read(path, 'plan').signedFor(1)?.id).toBe('cc');
    writeFileSync(path, whole.replace('"step"', 'step'));
    expect(() => AirdropJournal.open(path, 'plan')).toThrow('is damaged');
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test.each([
    ['a plan that is no hash', '{"plan":1}'],
    ['a step without a name', '{"step":"burn","included":3}'],
    ['a payment without a number', '{"step":-1,"included":3}'],
    ['a transaction without its bytes', '{"step":0,"signed":{"id":"aa","height":1,"expires":2}}'],
    ['an inclusion without a height', '{"step":0,"included":"3"}'],
    ['a number', '5'],
    ['null', 'null'],
  ])('%s is no entry of it', (_what, line) => {
    const { path, journal } = openJournal();
    journal.close();
    writeFileSync(path, `${readFileSync(path, 'utf8')}${line}\n`);
    expect(() => AirdropJournal.open(path, 'plan')).toThrow('is damaged');
    writeFileSync(path, `${line}\n`);
    expect(() => AirdropJournal.read(path, 'plan')).toThrow('is damaged');
  });

  test('belongs to one plan and to one process', () => {
    const { path, journal } = openJournal();
    expect(() => AirdropJournal.open(path, 'plan')).toThrow(`process ${process.pid} runs this airdrop already`);
    journal.close();
    expect(() => AirdropJournal.open(path, 'other')).toThrow('belongs to another plan');
  });
});
