import { packRecords, StateChecksum } from '@hs/ellipticsum';
import type { Chain, ChainParameters, SnapshotChoice } from '@hs/node';
import { type Transaction, transactionCodec } from '@hs/wire';
import { verifyVotes } from './committee.js';
import { contentsHash } from './contents.js';
import { sha256 } from './keys.js';
import { headerId, type NameHeader, nameHeaderCodec } from './name-header.js';
import { apply, checkSequence } from './name-rules.js';
import { encodeNameEntry, nameKey, ownedNameKey, statePrefixes } from './name-state.js';
import { checkTransaction } from './name-transactions.js';
import { refused, ruleBroken } from './refusal.js';

/** Domain separation tag of this chain's checksums: they cannot be taken for those of another chain. */
export const checksumDomain = 'name-registry:v1';

/** What makes one name registry another than the next. */
export interface NameChainSpec {
  /** Public keys of the members. */
  readonly committee: readonly Uint8Array[];
  readonly genesisTimeMs: number;
  /** Names that have an owner from the start. */
  readonly reserved: { readonly owner: Uint8Array; readonly names: readonly string[] };
}

const parameters: ChainParameters = {
  statePrefixes: Object.values(statePrefixes),
  snapshotPeriod: 20,
  snapshotLag: 2,
  retainedEpochs: 3,
  maxRangeRecords: 4096,
  maxRangeBytes: 4 * 1024 * 1024,
  maxKeyBytes: 128,
  maxValueBytes: 2048,
  maxBlockBytes: 1_000_000,
};
/** Room in a block for the header and a length before each part. */
const maxContentsBytes = parameters.maxBlockBytes - nameHeaderCodec.maxBytes - 16;
const maxClockSkewMs = 10_000;

/** A registry of names whose blocks a committee votes for: all that a chain has to say to a node. */
export function createNameChain(spec: NameChainSpec): Chain<NameHeader> {
  const genesisRecords = recordsOfGenesis(spec);
  const checksum = new StateChecksum({ domain: checksumDomain });
  for (const [key, value] of genesisRecords) checksum.addRecord(key, value);
  const committee = spec.committee.map((publicKey) => Buffer.from(publicKey).toString('hex'));
  const genesisHeader: NameHeader = {
    height: 0,
    timeMs: spec.genesisTimeMs,
    parentId: new Uint8Array(32),
    // Whoever has other members or parameters has another genesis block, and finds no peer.
    contentsHash: sha256('name-registry genesis', JSON.stringify([committee, parameters, checksumDomain])),
    stateRoot: checksum.root(),
    snapshotRoot: undefined,
    votes: [],
  };
  const genesisHash = headerId(genesisHeader);
  const snapshotCarriedBy = (height: number): number | undefined => {
    const snapshot = height - parameters.snapshotLag;
    return snapshot >= 0 && snapshot % parameters.snapshotPeriod === 0 ? snapshot : undefined;
  };

  return {
    name: 'name registry',
    network: 77,
    parameters,
    genesisHash,
    genesisHeader,
    headerCodec: nameHeaderCodec,
    genesisRecords: () => [packRecords(genesisRecords)],
    hashHeader: headerId,

    describeHeader: ({ height, parentId, timeMs, stateRoot, snapshotRoot }) => {
      return { height, previousHash: parentId, timeMs, stateRoot, snapshotRoot, producerKey: new Uint8Array(0) };
    },

    verifyHeader(header, parent, { nowMs }) {
      if (header.height !== parent.height + 1 || !isEqual(header.parentId, headerId(parent))) {
        throw ruleBroken('HeaderLink', `header ${header.height} does not follow its parent`);
      }
      if (header.timeMs <= parent.timeMs) {
        throw ruleBroken('HeaderTime', `header ${header.height} is not later than its parent`);
      }
      if (header.timeMs > nowMs + maxClockSkewMs) {
        throw ruleBroken('HeaderInFuture', `header ${header.height} is of the future`, { isTemporary: true });
      }
      if ((header.snapshotRoot !== undefined) !== (snapshotCarriedBy(header.height) !== undefined)) {
        throw ruleBroken('HeaderSnapshotRoot', `header ${header.height} lacks a snapshot root, or has one too many`);
      }
      verifyVotes(header, spec.committee);
    },

    verifyBlock({ header, transactions }) {
      if (!isEqual(header.contentsHash, contentsHash(transactions))) {
        throw ruleBroken('BlockContents', 'the transactions are not those of the header');
      }
      if (transactions.reduce((sum, transaction) => sum + bytesInBlock(transaction), 0) > maxContentsBytes) {
        throw ruleBroken('BlockTooLarge', 'the block is too large');
      }
    },

    async executeBlock({ height, transactions }, view) {
      for (const [index, transaction] of transactions.entries()) {
        try {
          await apply(transaction, checkTransaction(transaction, genesisHash), { view, height });
        } catch (error) {
          throw inBlock(error, index);
        }
      }
    },

    async assembleBlock({ height, transactions }, view) {
      const applied: Transaction[] = [];
      let bytesLeft = maxContentsBytes;
      for (const transaction of transactions) {
        const bytes = bytesInBlock(transaction);
        if (bytes > bytesLeft) continue;
        try {
          const fork = view.fork();
          await apply(transaction, checkTransaction(transaction, genesisHash), { view: fork, height });
          fork.merge();
        } catch (error) {
          if (!isRefusal(error)) throw error;
          continue;
        }
        bytesLeft -= bytes;
        applied.push(transaction);
      }
      return applied;
    },

    async admitTransaction(transaction, view, nextHeight, pending = []) {
      if (bytesInBlock(transaction) > maxContentsBytes) throw refused('TooLarge', 'no block has room for it');
      checkTransaction(transaction, genesisHash);
      await checkSequence(transaction, view, { height: nextHeight, waiting: pending.length });
    },

    snapshotCarriedBy,

    // A quorum vouches for every header by itself, so the newest root in the chain will do.
    async chooseSnapshot(headers): Promise<SnapshotChoice | undefined> {
      const { snapshotPeriod, snapshotLag } = parameters;
      const height = Math.floor((headers.tipHeight - snapshotLag) / snapshotPeriod) * snapshotPeriod;
      if (height < 0) return undefined;
      const { snapshotRoot } = await headers.headerAt(height + snapshotLag);
      const { stateRoot } = await headers.headerAt(height);
      return snapshotRoot === undefined ? undefined : { height, snapshotRoot, stateRoot };
    },
  };
}

/** Records in key order, as the store wants them. */
function recordsOfGenesis({ reserved: { owner, names } }: NameChainSpec): [key: Uint8Array, value: Uint8Array][] {
  const text = new TextEncoder().encode('reserved');
  const records = names.flatMap((name): [Uint8Array, Uint8Array][] => [
    [nameKey(name), encodeNameEntry({ owner, text })],
    [ownedNameKey(owner, name), new Uint8Array(0)],
  ]);
  return records.sort(([left], [right]) => Buffer.compare(left, right));
}

/** A transaction with the longest length that can stand before it. */
function bytesInBlock(transaction: Transaction): number {
  return 5 + transactionCodec.encode(transaction).length;
}

function isRefusal(error: unknown): error is Error & { readonly details: { readonly rule: string } } {
  return (error as { code?: unknown } | undefined)?.code === 'NODE_TRANSACTION_REFUSED';
}

function inBlock(error: unknown, index: number): unknown {
  return isRefusal(error) ? ruleBroken(error.details.rule, `transaction ${index}: ${error.message}`) : error;
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
