import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, readU64be, toHex } from '@hs/bytes';
import { type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import type { ExecutionView } from '../chain/chain.js';
import type { NodeSettings } from '../config/settings.js';
import type { ExampleChain } from '../example-chain/example-chain.js';
import { defaultSecp256k1 } from '../example-chain/secp256k1-native.js';
import { checkTransaction } from '../example-chain/transaction-check.js';
import { applyTransaction } from '../example-chain/transaction-execution.js';
import { createWallet, type TransactionOptions, type Wallet } from '../example-chain/wallet.js';
import { NodeError } from '../node-error.js';
import { createOverlay } from '../state/block-view.js';
import { NodeClient, nodeUrl } from './node-client.js';
import { readChain } from './read-chain.js';
import { readKeyFile } from './read-key-file.js';

/** Settings of commands that send transactions. */
export const transactionSettings = ['chain', 'key', 'url', 'http'] as const;

/** How many blocks a transaction has to get into one. */
const expiresInBlocks = 60;
const pollIntervalMs = 500;

/** Where a transaction got into the chain. */
export interface Inclusion {
  readonly id: string;
  readonly height: number;
  readonly blockHash: string;
}

/** A wallet at a running node: makes, tries, sends and follows transactions. */
export class TransactionClient {
  readonly node: NodeClient;
  readonly chain: ExampleChain;
  readonly wallet: Wallet;
  readonly #signal: AbortSignal;

  private constructor(parts: { node: NodeClient; chain: ExampleChain; wallet: Wallet; signal: AbortSignal }) {
    this.node = parts.node;
    this.chain = parts.chain;
    this.wallet = parts.wallet;
    this.#signal = parts.signal;
  }

  /** @throws NODE_CONFIGURATION if the node is of another chain, NODE_UNREACHABLE */
  static async open(
    settings: Pick<NodeSettings, (typeof transactionSettings)[number]>,
    { signal, note }: { readonly signal: AbortSignal; readonly note: (line: string) => void },
  ): Promise<TransactionClient> {
    const chain = readChain(settings.chain);
    const { minFeeNanosPerKb } = chain.spec;
    const wallet = createWallet({ privateKey: readKeyFile(settings.key, note), minFeeNanosPerKb });
    const node = new NodeClient(nodeUrl(settings), { signal });
    await requireSameChain(node, chain);
    return new TransactionClient({ node, chain, wallet, signal });
  }

  /** A nonce that nobody has used, and that expires some blocks after the tip. */
  async nonce(): Promise<TransactionOptions> {
    return this.nonceAfter(await this.height());
  }

  /** The same, where the height of the state is known. */
  nonceAfter(height: number): TransactionOptions {
    const window = Math.min(expiresInBlocks, this.chain.spec.nonceWindowBlocks);
    return { nonce: { expirationBlockHeight: BigInt(height + window), partialId: readU64be(randomBytes(8)) } };
  }

  /** Height of the node's state. @throws NODE_UNREACHABLE unless the node is synced */
  async height(): Promise<number> {
    const { sync, height } = await this.node.status();
    if (sync.phase === 'synced' && height !== undefined) return height;
    throw new NodeError(
      'NODE_UNREACHABLE',
      `the node at ${this.node.url} is not synced: ${sync.text}; try again later`,
      {
        details: { url: this.node.url, phase: sync.phase },
      },
    );
  }

  /**
   * Applies a transaction to what the state is now, without sending it: by the rules of the chain, over records that the node
   * gives.
   *
   * @throws NODE_TRANSACTION_REFUSED with `details.rule`
   */
  async tryOut(transaction: Transaction): Promise<void> {
    const { spec, parameters } = this.chain;
    const limits = { minFeeNanosPerKb: BigInt(spec.minFeeNanosPerKb), maxTransactionBytes: parameters.maxBlockBytes };
    const { nonceWindowBlocks, daoCoinForkHeight } = spec;
    const { verify: verifySignature } = defaultSecp256k1;
    const context = { height: (await this.height()) + 1, nonceWindowBlocks, daoCoinForkHeight, verifySignature };
    await applyTransaction(remoteView(this.node), checkTransaction(transaction, limits), context);
  }

  /** Hands a transaction to the node; again does no harm. @throws NODE_TRANSACTION_REFUSED, NODE_UNREACHABLE */
  async submit(transaction: Transaction): Promise<string> {
    await this.node.submit(transactionCodec.encode(transaction));
    return toHex(transactionHash(transaction));
  }

  /** Where a transaction is: undefined if the node does not know it. */
  async find(id: string): Promise<Inclusion | 'waiting' | undefined> {
    const found = (await this.node.find(`/v1/transactions/${id}`)) as
      | { readonly status: string; readonly height: number; readonly blockHash: string }
      | undefined;
    if (found === undefined) return undefined;
    return found.status === 'included' ? { id, height: found.height, blockHash: found.blockHash } : 'waiting';
  }

  /** Waits until a transaction is in a block. @throws NODE_TRANSACTION_REFUSED if it can no longer be */
  async included(transaction: Transaction): Promise<Inclusion> {
    const id = toHex(transactionHash(transaction));
    for (;;) {
      const found = await this.find(id);
      if (typeof found === 'object') return found;
      const height = await this.height();
      const { expirationBlockHeight } = transaction.nonce;
      if (BigInt(height) >= expirationBlockHeight && typeof (await this.find(id)) !== 'object') {
        throw new NodeError(
          'NODE_TRANSACTION_REFUSED',
          `no block took transaction ${id} until ${height}; it has expired`,
          {
            details: { rule: 'Expired', id, height },
          },
        );
      }
      if (found === undefined) {
        // A producer has tried it and dropped it, or the node was started anew and has forgotten it.
        try {
          await this.tryOut(transaction);
          await this.submit(transaction);
        } catch (error) {
          // What is refused now may be in a block since it was looked for.
          const found = await this.find(id);
          if (typeof found !== 'object') throw error;
          return found;
        }
      }
      await sleep(pollIntervalMs, undefined, { signal: this.#signal });
    }
  }
}

/** The public key that a text means: 66 hex digits, or the owner of a @username. @throws NODE_CONFIGURATION */
export async function accountOf(node: NodeClient, text: string): Promise<Uint8Array> {
  if (/^0[23][0-9a-fA-F]{64}$/.test(text)) return fromHex(text.toLowerCase());
  const [, username] = /^@([A-Za-z0-9_]{1,25})$/.exec(text) ?? [];
  if (username === undefined) {
    const message = `"${text}" is no account: write a public key in 66 hex digits, or @username`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { account: text } });
  }
  const found = (await node.find(`/v1/usernames/${username}`)) as { readonly publicKey: string } | undefined;
  if (found !== undefined) return fromHex(found.publicKey);
  throw new NodeError('NODE_CONFIGURATION', `nobody has the username @${username}`, { details: { account: text } });
}

/** @throws NODE_CONFIGURATION if a node is not of the chain that the chain spec says */
export async function requireSameChain(node: NodeClient, chain: ExampleChain): Promise<void> {
  const { genesisHash, name } = (await node.status()).chain;
  if (genesisHash === toHex(chain.genesisHash)) return;
  const message = `the node at ${node.url} is of another chain: ${name}, genesis ${genesisHash}; its chain spec is needed, or another node`;
  throw new NodeError('NODE_CONFIGURATION', message, { details: { url: node.url, genesisHash } });
}

/** The state of a node as something that a transaction can be tried on. What it writes stays here. */
export function remoteView(node: NodeClient): ExecutionView {
  return createOverlay({
    get: async (key) => {
      const found = (await node.find(`/v1/state/records/${toHex(key)}`)) as { readonly value: string } | undefined;
      return found === undefined ? undefined : fromHex(found.value);
    },
    keys: () => Promise.reject(new Error('unreachable: only blocks list keys')),
  });
}
