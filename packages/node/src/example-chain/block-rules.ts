import { equalBytes, toHex, uvarintLength } from '@hs/bytes';
import { type Block, merkleRoot } from '@hs/wire';
import { hasCode } from '../node-error.js';
import type { ExampleHeader } from './header.js';
import { exampleHeaderCodec, maxHeaderBytes } from './header-codec.js';
import { chainRuleBroken } from './refusal.js';
import type { CheckedTransaction } from './transaction-check.js';
import type { TransactionChecker } from './transaction-checker.js';

/** Most bytes of a block that are not transactions with their lengths. */
export const maxBlockOverheadBytes: number = uvarintLength(maxHeaderBytes) + maxHeaderBytes + 5;

const noTransactions = new Uint8Array(32);

/** Merkle root over transaction ids; 32 zero bytes without any. */
export function transactionMerkleRoot(ids: readonly Uint8Array[]): Uint8Array {
  return ids.length === 0 ? noTransactions.slice() : merkleRoot(ids);
}

/** What a transaction adds to a block. */
export function bytesInBlock(transactionBytes: number): number {
  return uvarintLength(transactionBytes) + transactionBytes;
}

/** Checks what needs no state: size, transactions, signatures, no transaction twice, merkle root. @throws NODE_CHAIN_RULE */
export function verifyExampleBlock(
  block: Block<ExampleHeader>,
  { checker, maxBlockBytes }: { readonly checker: TransactionChecker; readonly maxBlockBytes: number },
): void {
  const { header, transactions } = block;
  if (block.blockProducerInfo !== undefined) {
    throw chainRuleBroken('BlockProducerInfo', 'blocks of this chain name their producer in the header');
  }
  const headerBytes = exampleHeaderCodec.encode(header).length;
  let bytes = bytesInBlock(headerBytes) + uvarintLength(transactions.length);
  const checked: CheckedTransaction[] = [];
  const ids = new Set<string>();
  for (const [index, transaction] of transactions.entries()) {
    const entry = namingTransaction(index, () => checker.check(transaction));
    bytes += bytesInBlock(entry.bytes);
    if (bytes > maxBlockBytes) {
      throw chainRuleBroken('BlockTooLarge', `the block has more than ${maxBlockBytes} bytes`);
    }
    // An odd row of the merkle tree repeats its last node, so a list with a repeated end can have the same root.
    ids.add(toHex(entry.id));
    if (ids.size <= index) {
      throw chainRuleBroken('BlockRepeatsTransaction', 'a transaction comes twice', { details: { index } });
    }
    checked.push(entry);
  }
  if (!equalBytes(header.transactionMerkleRoot, transactionMerkleRoot(checked.map(({ id }) => id)))) {
    throw chainRuleBroken('BlockMerkleRoot', "the transactions do not hash to the header's merkle root");
  }
  for (const [index, entry] of checked.entries()) namingTransaction(index, () => checker.checkSignature(entry));
}

/** Runs a check of a block's transaction; a refusal becomes a broken rule of the block. */
export function namingTransaction<T>(index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw blockRefusal(error, index);
  }
}

/** The error for a block one of whose transactions was refused with `error`; other errors as they are. */
export function blockRefusal(error: unknown, index: number): unknown {
  if (!hasCode(error, 'NODE_TRANSACTION_REFUSED')) return error;
  const { message, details } = error as { message: string; details: Readonly<Record<string, unknown>> };
  return chainRuleBroken(String(details['rule']), `transaction ${index}: ${message}`, {
    cause: error,
    details: { ...details, transactionIndex: index },
  });
}
