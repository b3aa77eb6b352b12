import {
  balanceByCreatorKey,
  balanceEntryKey,
  daoCoinMetadataCodec,
  daoCoinOperations,
  daoCoinTransferMetadataCodec,
  profileKey,
  transferRestrictions,
} from '@hs/dao-coin';
import {
  balanceKey,
  type ExampleChain,
  type ExampleHeader,
  exampleTransactionTypes,
  usedNonceKey,
} from '@hs/node/example-chain';
import type { Block, Transaction } from '@hs/wire';

/** Every kind of transaction that the example's chain is to have. */
export const transactionKinds: readonly string[] = [
  'profile',
  'transfer',
  'DAO coin transfer',
  ...Object.keys(daoCoinOperations)
    .filter((operation) => operation !== 'updateTransferRestriction')
    .map((operation) => `DAO coin ${operation}`),
  ...Object.keys(transferRestrictions).map((restriction) => `restriction ${restriction}`),
];

/**
 * Counts the blocks in which each state record was written by transactions, from the transactions themselves.
 *
 * A record that several transactions of one block write counts once for that block. Username records are left out.
 */
export class WriteTally {
  readonly #chain: ExampleChain;
  readonly #writes = new Map<string, number>();
  readonly #kinds = new Map<string, number>();
  readonly #keys = new Set<string>();

  constructor(chain: ExampleChain) {
    this.#chain = chain;
  }

  /** Records written at least once. */
  get records(): number {
    return this.#writes.size;
  }

  /** Records written in at least three blocks: made once, rewritten several times. */
  get rewritten(): number {
    let count = 0;
    for (const writes of this.#writes.values()) if (writes >= 3) count++;
    return count;
  }

  /** Transactions by kind. */
  get kinds(): ReadonlyMap<string, number> {
    return this.#kinds;
  }

  /** Distinct signers. */
  get signers(): number {
    return this.#keys.size;
  }

  add(block: Block<ExampleHeader>): void {
    const touched = new Set<string>();
    for (const transaction of block.transactions) {
      this.#keys.add(textOf(transaction.publicKey));
      const { kind, keys } = describe(transaction);
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
      for (const key of keys) touched.add(textOf(key));
    }
    if (block.transactions.length > 0) touched.add(textOf(balanceKey(this.#chain.producerAt(block.header.height))));
    for (const key of touched) this.#writes.set(key, (this.#writes.get(key) ?? 0) + 1);
  }
}

function describe(transaction: Transaction): { kind: string; keys: Uint8Array[] } {
  const { publicKey, nonce, type, metadata } = transaction;
  const keys = [balanceKey(publicKey), usedNonceKey(nonce.expirationBlockHeight, publicKey, nonce.partialId)];
  switch (type) {
    case exampleTransactionTypes.basicTransfer:
      keys.push(...transaction.outputs.map((output) => balanceKey(output.publicKey)));
      return { kind: 'transfer', keys };
    case exampleTransactionTypes.updateProfile:
      keys.push(profileKey(publicKey));
      return { kind: 'profile', keys };
    case exampleTransactionTypes.daoCoin: {
      const { operation, profilePublicKey, transferRestriction } = daoCoinMetadataCodec.decode(metadata);
      keys.push(profileKey(profilePublicKey));
      if (operation === daoCoinOperations.updateTransferRestriction) {
        return { kind: `restriction ${nameIn(transferRestrictions, transferRestriction)}`, keys };
      }
      if (operation === daoCoinOperations.mint || operation === daoCoinOperations.burn) {
        keys.push(...balanceKeys(publicKey, profilePublicKey));
      }
      return { kind: `DAO coin ${nameIn(daoCoinOperations, operation)}`, keys };
    }
    case exampleTransactionTypes.daoCoinTransfer: {
      const { profilePublicKey, receiverPublicKey } = daoCoinTransferMetadataCodec.decode(metadata);
      keys.push(...balanceKeys(publicKey, profilePublicKey), ...balanceKeys(receiverPublicKey, profilePublicKey));
      return { kind: 'DAO coin transfer', keys };
    }
    default:
      return { kind: `type ${type}`, keys };
  }
}

function nameIn(numbers: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(numbers).find(([, candidate]) => candidate === number)?.[0] ?? 'unknown';
}

function balanceKeys(holder: Uint8Array, creator: Uint8Array): Uint8Array[] {
  return [balanceEntryKey(holder, creator), balanceByCreatorKey(creator, holder)];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
