import { equalBytes, fromHex } from '@hs/bytes';
import { pkidOf } from '@hs/dao-coin';
import type { Transaction } from '@hs/wire';
import type { BlockContents, Chain, ExecutionView, Payer } from '../chain/chain.js';
import { hasCode } from '../node-error.js';
import { balanceOfPublicKey, credit } from './balance.js';
import {
  blockRefusal,
  bytesInBlock,
  maxBlockOverheadBytes,
  transactionMerkleRoot,
  verifyExampleBlock,
} from './block-rules.js';
import { chainCommitment } from './chain-commitment.js';
import { type ChainSpec, parseChainSpec, producerKeys } from './chain-spec.js';
import { genesisRecords } from './genesis-records.js';
import type { ExampleHeader } from './header.js';
import { exampleHeaderCodec, headerVersions } from './header-codec.js';
import { type HeaderRules, headerHash, snapshotCarriedBy, verifyExampleHeader } from './header-rules.js';
import { checkNonceUnused, checkNonceWindow, deleteExpiredNonces } from './nonce.js';
import { chainRuleBroken, transactionRefusal } from './refusal.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import type { VerifySignature } from './signature.js';
import { chooseVouchedSnapshot } from './snapshot-choice.js';
import { spendOf } from './transaction-check.js';
import { TransactionChecker } from './transaction-checker.js';
import { applyTransaction, daoCoinForkRule, type ExecutionContext } from './transaction-execution.js';
import { exampleTransactionTypes } from './transaction-types.js';

/** What {@link createExampleChain} may be given beside the spec. */
export interface ExampleChainOptions {
  /** Default: libsecp256k1 if its native module loads, else noble. */
  readonly verifySignature?: VerifySignature;
}

/** The example chain: what every chain has, and what its producers need. */
export interface ExampleChain extends Chain<ExampleHeader> {
  readonly spec: ChainSpec;
  readonly hasRootsInHeaders: boolean;
  /** Whose turn a height is. */
  producerAt(height: number): Uint8Array;
  /** Merkle root over the transactions' ids; 32 zero bytes without any. */
  transactionMerkleRoot(transactions: readonly Transaction[]): Uint8Array;
}

/**
 * The example chain of a spec: proof of authority by producers in turn, final at once; transfers, profiles, DAO coins, derived keys
 * and atomic transactions.
 *
 * The genesis block has no transactions; where others have their merkle root it has `chainCommitment` of the spec.
 *
 * @throws NODE_CONFIGURATION if the spec is not valid
 */
export function createExampleChain(spec: ChainSpec, options: ExampleChainOptions = {}): ExampleChain {
  const checkedSpec = parseChainSpec(spec);
  const { parameters, nonceWindowBlocks, daoCoinForkHeight, maxFutureTimeMs } = checkedSpec;
  const verifySignature = options.verifySignature ?? defaultSecp256k1.verify;
  const producers = producerKeys(checkedSpec);
  const maxBlockContents = parameters.maxBlockBytes - maxBlockOverheadBytes;
  const checker = new TransactionChecker({
    verifySignature,
    minFeeNanosPerKb: BigInt(checkedSpec.minFeeNanosPerKb),
    maxTransactionBytes: maxBlockContents - 5,
  });
  const genesisHeader = headerOfGenesis(checkedSpec);
  const genesisHash = headerHash(genesisHeader);
  const producerAt = (height: number): Uint8Array => producers[(height - 1) % producers.length] as Uint8Array;
  const hasRoots = checkedSpec.hasRootsInHeaders !== false;
  const { version: headerVersion } = genesisHeader;
  const rules: HeaderRules = {
    ...{ parameters, headerVersion, hasRoots, genesisHash, maxFutureTimeMs, verifySignature, producerAt },
  };
  const contextOf = (height: number): ExecutionContext => ({
    height,
    nonceWindowBlocks,
    daoCoinForkHeight,
    verifySignature,
  });

  /** All of a block but its choice of transactions; `run` gives the fees of those it applied. */
  async function executeAround(
    block: BlockContents,
    view: ExecutionView,
    run: (context: ExecutionContext) => Promise<bigint>,
  ): Promise<void> {
    await deleteExpiredNonces(view, block.height);
    await credit(view, block.producer, await run(contextOf(block.height)));
  }

  /** Whose transaction the pool takes it for: atomic ones for the first of them, since the wrapper has neither key nor nonce. */
  function payerOf(transaction: Transaction): Payer {
    if (transaction.type !== exampleTransactionTypes.atomic) return transaction;
    try {
      const { action } = checker.check(transaction);
      return (action.kind === 'atomic' ? action.parts[0]?.transaction : undefined) ?? transaction;
    } catch (error) {
      // Admission will say what is wrong with it.
      if (hasCode(error, 'NODE_TRANSACTION_REFUSED')) return transaction;
      throw error;
    }
  }

  return {
    name: checkedSpec.name,
    network: checkedSpec.network,
    spec: checkedSpec,
    parameters,
    hasRootsInHeaders: hasRoots,
    genesisHash,
    genesisHeader,
    headerCodec: exampleHeaderCodec,
    genesisRecords: () => genesisRecords(checkedSpec),
    hashHeader: headerHash,
    describeHeader: ({ height, previousHash, timeMs, stateRoot, snapshotRoot, producerPublicKey }) => ({
      height,
      previousHash,
      timeMs,
      stateRoot,
      snapshotRoot,
      producerKey: producerPublicKey,
    }),
    verifyHeader: (header, parent, { nowMs }) => verifyExampleHeader(header, parent, { nowMs, rules }),

    verifyBlock: (block) => {
      if (block.header.height > 0) {
        verifyExampleBlock(block, { checker, maxBlockBytes: parameters.maxBlockBytes });
      } else if (block.transactions.length > 0 || !equalBytes(headerHash(block.header), genesisHash)) {
        throw chainRuleBroken('BlockGenesis', 'a block of height 0 is not the genesis block');
      }
    },

    executeBlock: (block, view) =>
      executeAround(block, view, async (context) => {
        let feesNanos = 0n;
        for (const [index, transaction] of block.transactions.entries()) {
          try {
            await applyTransaction(view, checker.check(transaction), context);
          } catch (error) {
            throw blockRefusal(error, index);
          }
          feesNanos += transaction.feeNanos;
        }
        return feesNanos;
      }),

    assembleBlock: async (candidate, view) => {
      const applied: Transaction[] = [];
      await executeAround(candidate, view, async (context) => {
        let feesNanos = 0n;
        let bytesLeft = maxBlockContents;
        for (const transaction of candidate.transactions) {
          try {
            const checked = checker.check(transaction);
            const bytes = bytesInBlock(checked.bytes);
            if (bytes > bytesLeft) continue;
            checker.checkSignature(checked);
            const fork = view.fork();
            await applyTransaction(fork, checked, context);
            fork.merge();
            bytesLeft -= bytes;
          } catch (error) {
            if (hasCode(error, 'NODE_TRANSACTION_REFUSED')) continue;
            throw error;
          }
          feesNanos += transaction.feeNanos;
          applied.push(transaction);
        }
        return feesNanos;
      });
      return applied;
    },

    payerOf,

    admitTransaction: async (transaction, view, nextHeight, pending = []) => {
      const checked = checker.check(transaction);
      const { nonce, publicKey } = payerOf(transaction);
      const { kind } = checked.action;
      if ((kind === 'dao-coin' || kind === 'dao-coin-transfer') && nextHeight < daoCoinForkHeight) {
        throw transactionRefusal(daoCoinForkRule, `DAO coins start at height ${daoCoinForkHeight}`);
      }
      checkNonceWindow(nonce, nextHeight, nonceWindowBlocks);
      checker.checkSignature(checked);
      await checkNonceUnused(view, nonce, await pkidOf(view, publicKey));
      // What others sign in somebody's name takes up that key's room in the pool, so it is tried whole.
      if (kind === 'atomic' || kind === 'authorize-derived-key' || checked.derivedPublicKey !== undefined) {
        await applyTransaction(view.fork(), checked, contextOf(nextHeight));
      }
      let spendNanos = spendOf(checked, publicKey);
      for (const waiting of pending) spendNanos += spendOf(checker.check(waiting), publicKey);
      const balance = await balanceOfPublicKey(view, publicKey);
      if (balance < spendNanos) {
        throw transactionRefusal(
          'RuleErrorInsufficientBalance',
          'the signer has less than waiting transactions spend',
          {
            details: { balanceNanos: String(balance), spendNanos: String(spendNanos) },
          },
        );
      }
    },

    snapshotCarriedBy: (height) => (hasRoots ? snapshotCarriedBy(height, parameters) : undefined),
    chooseSnapshot: async (headers) =>
      hasRoots ? chooseVouchedSnapshot(headers, { parameters, producers: producers.length }) : undefined,
    producerAt,
    transactionMerkleRoot: (transactions) =>
      transactionMerkleRoot(transactions.map((entry) => checker.check(entry).id)),
  };
}

function headerOfGenesis(spec: ChainSpec): ExampleHeader {
  const hasRoots = spec.hasRootsInHeaders !== false;
  return {
    version: hasRoots ? headerVersions.withRoots : headerVersions.withoutRoots,
    previousHash: new Uint8Array(32),
    transactionMerkleRoot: chainCommitment(spec),
    timeMs: spec.genesisTimeMs,
    height: 0,
    stateRoot: hasRoots ? fromHex(spec.genesisStateRoot) : undefined,
    snapshotRoot: undefined,
    producerPublicKey: new Uint8Array(33),
    signature: new Uint8Array(64),
  };
}
