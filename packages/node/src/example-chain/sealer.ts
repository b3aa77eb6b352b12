import { equalBytes } from '@hs/bytes';
import type { Block } from '@hs/wire';
import type { BlockSealer, BlockTemplate } from '../chain/chain.js';
import { NodeError } from '../node-error.js';
import type { ExampleChain } from './example-chain.js';
import type { ExampleHeader } from './header.js';
import { headerVersions } from './header-codec.js';
import { headerSigningHash } from './header-rules.js';
import { defaultSecp256k1 } from './secp256k1-native.js';
import { isPrivateKey } from './secp256k1-noble.js';
import type { Secp256k1 } from './signature.js';

/**
 * Signs blocks of the example chain with a producer's 32-byte private key, which is copied.
 *
 * `seal` looks neither at the clock nor at the parent's place in the chain; it refuses only a height that is another's turn.
 *
 * @throws NODE_CONFIGURATION if the key is not a producer's
 */
export function createSealer(options: {
  readonly privateKey: Uint8Array;
  readonly chain: ExampleChain;
  readonly secp256k1?: Secp256k1;
}): { seal(template: BlockTemplate<ExampleHeader>): Block<ExampleHeader> } & BlockSealer<ExampleHeader> {
  const { chain, secp256k1 = defaultSecp256k1 } = options;
  const privateKey = options.privateKey.slice();
  if (!isPrivateKey(privateKey)) throw new NodeError('NODE_CONFIGURATION', 'the producer key is no private key');
  const publicKey = secp256k1.publicKeyOf(privateKey);
  const turns = chain.spec.producers.length;
  if (
    !Array.from({ length: turns }, (_, turn) => chain.producerAt(turn + 1)).some((key) => equalBytes(key, publicKey))
  ) {
    throw new NodeError('NODE_CONFIGURATION', 'the producer key is not that of a producer of this chain');
  }
  const isInTurn = (height: number): boolean => height > 0 && equalBytes(chain.producerAt(height), publicKey);
  return {
    publicKey,
    isInTurn,
    seal: ({ parent, timeMs, transactions, stateRoot, snapshotRoot }) => {
      const height = parent.height + 1;
      if (!isInTurn(height)) throw new RangeError(`height ${height} is another producer's turn`);
      const hasRoots = chain.hasRootsInHeaders;
      const unsigned: ExampleHeader = {
        version: hasRoots ? headerVersions.withRoots : headerVersions.withoutRoots,
        previousHash: chain.hashHeader(parent),
        transactionMerkleRoot: chain.transactionMerkleRoot(transactions),
        timeMs,
        height,
        stateRoot: hasRoots ? stateRoot : undefined,
        snapshotRoot: hasRoots ? snapshotRoot : undefined,
        producerPublicKey: publicKey,
        signature: new Uint8Array(64),
      };
      const signature = secp256k1.sign(headerSigningHash(unsigned, chain.genesisHash), privateKey);
      return { header: { ...unsigned, signature }, transactions };
    },
  };
}
