import { setTimeout as sleep } from 'node:timers/promises';
import { transferRestrictions } from '@hs/dao-coin';
import { accountPrivateKey, createWallet, type ExampleHeader, type Wallet } from '@hs/node/example-chain';
import { type Block, type Transaction, transactionHash } from '@hs/wire';
import type { ChainSetup } from './chain-setup.js';
import type { LightPeer } from './light-peer.js';
import type { Plan } from './plan.js';
import { WriteTally } from './write-tally.js';

interface Creator {
  readonly wallet: Wallet;
  readonly holders: readonly Wallet[];
}

export interface WorkloadOptions {
  readonly plan: Plan;
  readonly setup: ChainSetup;
  readonly peer: LightPeer;
  /** The node that transactions are sent to. */
  readonly address: string;
  readonly onBlock: (height: number, transactions: number) => void;
}

const pollMs = 100;
const resendAfterBlocks = 4;
const mintedAmount = 10n ** 24n;
const sharedAmount = 10n ** 20n;

/**
 * Many people using the chain: sends signed transactions, follows the blocks, sends again what did not get in, and
 * counts which state records the transactions in blocks have written.
 */
export class Workload {
  readonly tally: WriteTally;
  readonly #options: WorkloadOptions;
  readonly #creators: readonly Creator[];
  readonly #pending = new Map<string, { readonly transaction: Transaction; sentAtHeight: number }>();
  #headerHash: Uint8Array;
  #height = 0;
  #nextPartialId = 1n;
  #included = 0;

  constructor(options: WorkloadOptions) {
    const { plan, setup } = options;
    this.#options = options;
    this.#headerHash = setup.chain.genesisHash;
    this.tally = new WriteTally(setup.chain);
    const walletAt = (index: number) =>
      createWallet({
        privateKey: accountPrivateKey(setup.spec.genesis.seed, index),
        minFeeNanosPerKb: setup.spec.minFeeNanosPerKb,
      });
    const perCreator = plan.holdersPerCreator;
    this.#creators = Array.from({ length: plan.creators }, (_, creator) => ({
      wallet: walletAt(creator),
      holders: Array.from({ length: perCreator }, (_, holder) =>
        walletAt(plan.creators + creator * perCreator + holder),
      ),
    }));
  }

  get height(): number {
    return this.#height;
  }

  /** Transactions that are in blocks. */
  get included(): number {
    return this.#included;
  }

  /** Profiles, coins, holders, then every balance again and again, until enough epochs have passed. */
  async fill(signal: AbortSignal): Promise<void> {
    const { plan } = this.#options;
    await this.#sendAll(this.#profiles(), signal);
    await this.#sendAll(this.#mints(), signal);
    await this.#sendAll(this.#distribution(), signal);
    await this.#sendAll(this.#membersOnly(), signal);
    for (let round = 0; round < Math.max(plan.rounds, plan.payments); round++) {
      if (round < plan.payments) await this.#sendAll(this.#payments(), signal);
      if (round < plan.rounds) await this.#sendAll(this.#trades(round), signal);
    }
    await this.#sendAll(this.#endings(), signal);
    const background = this.background(signal);
    const wanted = plan.epochs * plan.snapshotPeriod + Math.max(1, Math.floor(plan.snapshotPeriod / 10)) + 1;
    while (this.#height < wanted) {
      signal.throwIfAborted();
      await background.next();
    }
  }

  /** A few transactions for every block, for as long as it is iterated. */
  async *background(signal: AbortSignal): AsyncGenerator<void> {
    let sentFor = -1;
    for (let turn = 0; ; turn++) {
      signal.throwIfAborted();
      await this.#follow();
      if (this.#height > sentFor && this.#pending.size < this.#options.plan.maxPending) {
        sentFor = this.#height;
        await this.#send([...this.#smallTalk(turn)]);
      }
      yield;
      await sleep(pollMs, undefined, { signal });
    }
  }

  *#profiles(): Generator<Transaction> {
    for (const [index, { wallet }] of this.#creators.entries()) {
      const username = `creator_${index}`;
      yield wallet.updateProfile({ username, description: `The profile of creator ${index}.` }, this.#nonce());
    }
  }

  *#mints(): Generator<Transaction> {
    for (const { wallet } of this.#creators) yield wallet.mint(mintedAmount, this.#nonce());
  }

  /** Every second coin is restricted to transfers with its creator meanwhile, which is what this phase consists of. */
  *#distribution(): Generator<Transaction> {
    for (const [index, { wallet }] of this.#creators.entries()) {
      if (index % 2 === 0) yield wallet.updateTransferRestriction(transferRestrictions.profileOwnerOnly, this.#nonce());
    }
    for (let holder = 0; holder < this.#options.plan.holdersPerCreator; holder++) {
      for (const { wallet, holders } of this.#creators) {
        const receiver = holders[holder];
        if (receiver === undefined) continue;
        const transfer = { receiverPublicKey: receiver.publicKey, amount: sharedAmount };
        yield wallet.transferDaoCoin(wallet.publicKey, { ...transfer, ...this.#nonce() });
      }
    }
  }

  *#membersOnly(): Generator<Transaction> {
    for (const [index, { wallet }] of this.#creators.entries()) {
      const { daoMembersOnly, unrestricted } = transferRestrictions;
      if (index % 2 === 0) {
        yield wallet.updateTransferRestriction(index % 4 === 0 ? daoMembersOnly : unrestricted, this.#nonce());
      }
    }
  }

  *#payments(): Generator<Transaction> {
    const { plan } = this.#options;
    for (const { wallet, holders } of this.#creators) {
      const paid = holders.slice(0, Math.ceil(plan.paidShare * holders.length));
      yield wallet.transfer(
        paid.map(({ publicKey }) => ({ publicKey, amountNanos: 1_000n })),
        this.#nonce(),
      );
    }
  }

  /** Holders pass coins on in pairs; who sent in one round receives in the next. */
  *#trades(round: number): Generator<Transaction> {
    for (let holder = 0; holder + 1 < this.#options.plan.holdersPerCreator; holder += 2) {
      for (const { wallet, holders } of this.#creators) {
        const from = holders[holder + (round % 2)];
        const to = holders[holder + ((round + 1) % 2)];
        if (from === undefined || to === undefined) continue;
        const transfer = { receiverPublicKey: to.publicKey, amount: 1_000_000n + BigInt(holder) };
        yield from.transferDaoCoin(wallet.publicKey, { ...transfer, ...this.#nonce() });
      }
    }
  }

  /** What ends things: burning, minting disabled, restrictions lifted for good. */
  *#endings(): Generator<Transaction> {
    for (const [index, { wallet, holders }] of this.#creators.entries()) {
      yield wallet.burn(wallet.publicKey, { amount: 1_000n, ...this.#nonce() });
      const holder = holders[index % holders.length];
      if (holder !== undefined) yield holder.burn(wallet.publicKey, { amount: 1_000n, ...this.#nonce() });
      if (index % 3 === 0) yield wallet.disableMinting(this.#nonce());
      if (index % 5 === 0) {
        yield wallet.updateTransferRestriction(transferRestrictions.permanentlyUnrestricted, this.#nonce());
      }
    }
  }

  *#smallTalk(turn: number): Generator<Transaction> {
    for (let i = 0; i < this.#options.plan.backgroundPerBlock; i++) {
      const { wallet, holders } = pick(this.#creators, turn * 7 + i);
      const from = pick(holders, turn + i);
      const to = pick(holders, turn + i + 1);
      const choice = (turn + i) % 4;
      if (choice === 0) yield from.transfer([{ publicKey: to.publicKey, amountNanos: 100n }], this.#nonce());
      else if (choice === 1) yield from.burn(wallet.publicKey, { amount: 1n, ...this.#nonce() });
      else {
        const transfer = { receiverPublicKey: to.publicKey, amount: 10n };
        yield from.transferDaoCoin(wallet.publicKey, { ...transfer, ...this.#nonce() });
      }
    }
  }

  #nonce(): { readonly nonce: { readonly expirationBlockHeight: bigint; readonly partialId: bigint } } {
    const window = this.#options.setup.spec.nonceWindowBlocks;
    // The node that checks it may be a few blocks behind.
    const expirationBlockHeight = BigInt(this.#height + Math.floor(window / 2));
    return { nonce: { expirationBlockHeight, partialId: this.#nextPartialId++ } };
  }

  /** Sends as fast as blocks take them, and waits until all are in blocks. */
  async #sendAll(transactions: Generator<Transaction>, signal: AbortSignal): Promise<void> {
    const { maxPending } = this.#options.plan;
    for (let isExhausted = false; !isExhausted || this.#pending.size > 0; ) {
      signal.throwIfAborted();
      const batch: Transaction[] = [];
      while (!isExhausted && this.#pending.size + batch.length < maxPending) {
        const next = transactions.next();
        if (next.done === true) isExhausted = true;
        else batch.push(next.value);
      }
      if (batch.length > 0) await this.#send(batch);
      if (!(await this.#follow())) await sleep(pollMs, undefined, { signal });
    }
  }

  async #send(batch: readonly Transaction[]): Promise<void> {
    for (const transaction of batch) {
      this.#pending.set(idOf(transaction), { transaction, sentAtHeight: this.#height });
    }
    await this.#options.peer.send(this.#options.address, batch);
  }

  /** Takes in new blocks; true if there were any. */
  async #follow(): Promise<boolean> {
    const { peer, address, onBlock } = this.#options;
    const headers = await peer.headersAfter(address, this.#headerHash);
    const blocks = headers.length === 0 ? [] : await peer.blocks(address, headers.slice(0, 32));
    for (const block of blocks) {
      this.#take(block);
      onBlock(this.#height, block.transactions.length);
    }
    if (blocks.length > 0) await this.#resend();
    return blocks.length > 0;
  }

  #take(block: Block<ExampleHeader>): void {
    this.#height = block.header.height;
    this.#headerHash = this.#options.setup.chain.hashHeader(block.header);
    this.#included += block.transactions.length;
    this.tally.add(block);
    for (const transaction of block.transactions) this.#pending.delete(idOf(transaction));
  }

  /** A pool may have been full, or a queue between two nodes. */
  async #resend(): Promise<void> {
    const late = [...this.#pending.values()].filter(
      ({ sentAtHeight }) => this.#height - sentAtHeight >= resendAfterBlocks,
    );
    for (const entry of late) entry.sentAtHeight = this.#height;
    if (late.length > 0) {
      await this.#options.peer.send(
        this.#options.address,
        late.map(({ transaction }) => transaction),
      );
    }
  }
}

function idOf(transaction: Transaction): string {
  return Buffer.from(transactionHash(transaction)).toString('hex');
}

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
