import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, toHex } from '@hs/bytes';
import { type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import type { TransactionOptions } from '../../example-chain/wallet.js';
import { hasCode, NodeError } from '../../node-error.js';
import type { TransactionClient } from '../transaction-client.js';
import type { AirdropJournal, SignedStep, Step } from './journal.js';

/** Transactions that are on their way at a time. */
const maxWaiting = 100;
const pollIntervalMs = 500;
/** How often a transaction is handed in again before it is tried out, which says why nobody takes it. */
const patience = 3;
/** Refusals that pass, or that mean that the transaction is in a block already: looking for it tells. */
const passingRules: ReadonlySet<unknown> = new Set([
  'PoolFull',
  'PoolKeyFull',
  'PoolNonceTaken',
  'PoolSuperseded',
  'RuleErrorReusedNonce',
]);

/** A step that is to be done, and how its transaction is made. */
export interface PlannedStep {
  readonly step: Step;
  make(options: TransactionOptions): Transaction;
}

/**
 * Brings each step into a block, once, in whatever order the blocks take them. What an earlier run has signed is looked for
 * first; a new transaction is made only where the earlier one has expired and is certainly in no block.
 *
 * @throws NODE_TRANSACTION_REFUSED, NODE_UNREACHABLE; what was written down until then stays
 */
export async function runSteps(
  steps: readonly PlannedStep[],
  context: {
    readonly client: TransactionClient;
    readonly journal: AirdropJournal;
    readonly signal: AbortSignal;
    readonly onIncluded: () => void;
  },
): Promise<void> {
  const { client, journal, signal, onIncluded } = context;
  const queue = steps.filter(({ step }) => journal.includedIn(step) === undefined);
  /** Transactions that can be in no block any more. */
  const expired = new Set<string>();
  const waiting = new Map<PlannedStep, { readonly signed: SignedStep; missed: number }>();
  while (queue.length + waiting.size > 0) {
    signal.throwIfAborted();
    const batch = queue.splice(0, maxWaiting - waiting.size);
    await signFresh(batch, { ...context, expired });
    for (const planned of batch) {
      const signed = journal.signedFor(planned.step) as SignedStep;
      waiting.set(planned, { signed, missed: 0 });
    }
    // The height is asked for before the transactions are: what is not found then is in no block up to it.
    const height = await client.height();
    const included = new Map<Step, number>();
    for (const [planned, entry] of waiting) {
      const { signed } = entry;
      const found = await client.find(signed.id);
      if (typeof found === 'object') {
        included.set(planned.step, found.height);
        waiting.delete(planned);
      } else if (height >= signed.expires) {
        await requireBlocksSince(client, signed);
        expired.add(signed.id);
        waiting.delete(planned);
        queue.push(planned);
      } else if (found === undefined) {
        const transaction = transactionCodec.decode(fromHex(signed.encoded));
        if (++entry.missed > patience) await client.tryOut(transaction);
        await handIn(client, transaction);
      }
    }
    journal.addIncluded(included);
    for (const _ of included) onIncluded();
    if (waiting.size > 0) await sleep(pollIntervalMs, undefined, { signal });
  }
}

/** Signs what has no transaction yet, or an expired one. All of it is on the disk before any of it is sent. */
async function signFresh(
  batch: readonly PlannedStep[],
  context: {
    readonly client: TransactionClient;
    readonly journal: AirdropJournal;
    readonly expired: ReadonlySet<string>;
  },
): Promise<void> {
  const { client, journal, expired } = context;
  const fresh = batch.filter(({ step }) => {
    const signed = journal.signedFor(step);
    return signed === undefined || expired.has(signed.id);
  });
  if (fresh.length === 0) return;
  const height = await client.height();
  const signed = new Map<Step, SignedStep>();
  for (const [index, { step, make }] of fresh.entries()) {
    const options = client.nonceAfter(height);
    const transaction = make(options);
    // Most reasons for which one is refused hold for all of them.
    if (index === 0) await client.tryOut(transaction);
    const id = toHex(transactionHash(transaction));
    const expires = Number(options.nonce.expirationBlockHeight);
    signed.set(step, { id, encoded: toHex(transactionCodec.encode(transaction)), height, expires });
  }
  journal.addSigned(signed);
}

async function handIn(client: TransactionClient, transaction: Transaction): Promise<void> {
  try {
    await client.submit(transaction);
  } catch (error) {
    if (!hasCode(error, 'NODE_TRANSACTION_REFUSED')) throw error;
    if (!passingRules.has((error as NodeError).details['rule'])) throw error;
  }
}

/** A node that lacks a block cannot say that a transaction is in none. @throws NODE_UNREACHABLE */
async function requireBlocksSince({ node }: TransactionClient, { id, height }: SignedStep): Promise<void> {
  const block = (await node.find(`/v1/blocks/${height + 1}`)) as { readonly transactions?: number } | undefined;
  if (block?.transactions !== undefined) return;
  const message =
    `the node at ${node.url} lacks block ${height + 1}, so it cannot tell whether transaction ${id} was included: ` +
    'ask a node that has all blocks since then, with --url';
  throw new NodeError('NODE_UNREACHABLE', message, { details: { url: node.url, id, height: height + 1 } });
}
