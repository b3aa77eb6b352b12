import type { FullNode } from '@hs/node';
import { keyFromText, type SigningKey } from './chain/keys.js';
import type { NameHeader } from './chain/name-header.js';
import { type NameAction, signAction } from './chain/name-transactions.js';

const userCount = 20;
const actionsPerTurn = 15;
const turnMs = 60;

interface User {
  readonly key: SigningKey;
  readonly names: string[];
  sequence: bigint;
}

/** People who claim names, write texts under them, give them away and release them, as long as nobody stops them. */
export class Users implements AsyncDisposable {
  readonly #node: FullNode<NameHeader>;
  readonly #chainId: Uint8Array;
  readonly #users: readonly User[];
  readonly #timer: NodeJS.Timeout;
  #turn = Promise.resolve();
  #actions = 0;
  #error: unknown;

  constructor(node: FullNode<NameHeader>, chainId: Uint8Array) {
    this.#node = node;
    this.#chainId = chainId;
    this.#users = Array.from({ length: userCount }, (_, index) => {
      return { key: keyFromText(`user ${index}`), names: [], sequence: 0n };
    });
    this.#timer = setInterval(() => {
      this.#turn = this.#turn
        .then(() => this.#act())
        .catch((error: unknown) => {
          this.#error ??= error;
        });
    }, turnMs);
  }

  get actions(): number {
    return this.#actions;
  }

  /** Ends their work; rejects if a transaction of theirs was refused. */
  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]();
    if (this.#error !== undefined) throw this.#error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
  }

  async #act(): Promise<void> {
    for (let i = 0; i < actionsPerTurn && this.#error === undefined; i++) {
      const number = this.#actions;
      const user = this.#user(number);
      const action = this.#choose(user, number);
      const { key, sequence } = user;
      await this.#node.submit(signAction(action, { key, sequence, chainId: this.#chainId }));
      this.#actions++;
      user.sequence++;
    }
  }

  #choose(user: User, number: number): NameAction {
    const text = new TextEncoder().encode(`action ${number}`);
    const oldest = number % 5 < 3 ? undefined : user.names.shift();
    if (oldest === undefined) {
      const name = `name-${number}`;
      user.names.push(name);
      return { kind: 'claim', name, text };
    }
    if (number % 5 === 3) {
      user.names.push(oldest);
      return { kind: 'write', name: oldest, text };
    }
    if (number % 10 === 4) return { kind: 'release', name: oldest };
    // The receiver does nothing with it: which of the two transactions comes first would be for the block to say.
    return { kind: 'give', name: oldest, to: this.#user(number + 1).key.publicKey };
  }

  #user(number: number): User {
    // Turns that are no multiple of the kinds of action, so that everybody does everything.
    return this.#users[(number * 7 + Math.floor(number / 5)) % userCount] as User;
  }
}
