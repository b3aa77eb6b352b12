import { concatBytes, equalBytes } from '@hs/bytes';
import { doubleSha256, hasLowS } from '@hs/wire';
import type { ChainParameters } from '../chain/chain.js';
import type { ExampleHeader } from './header.js';
import { unsignedHeaderBytes } from './header-codec.js';
import { chainRuleBroken } from './refusal.js';
import type { VerifySignature } from './signature.js';

const signatureDomain = new TextEncoder().encode('HS:block-header:v1');

/** What the header rules depend on beside the header and its parent. */
export interface HeaderRules {
  readonly parameters: ChainParameters;
  /** The layout that all headers of the chain have. */
  readonly headerVersion: number;
  readonly hasRoots: boolean;
  readonly genesisHash: Uint8Array;
  readonly maxFutureTimeMs: number;
  readonly verifySignature: VerifySignature;
  producerAt(height: number): Uint8Array;
}

/** The block id: double SHA-256 of the header without its signature. */
export function headerHash(header: ExampleHeader): Uint8Array {
  return doubleSha256(unsignedHeaderBytes(header));
}

/** What a producer signs: double SHA-256 of a domain, the genesis hash and the header without its signature. */
export function headerSigningHash(header: ExampleHeader, genesisHash: Uint8Array): Uint8Array {
  return doubleSha256(concatBytes(signatureDomain, genesisHash, unsignedHeaderBytes(header)));
}

/** The snapshot whose root the header at `height` carries. */
export function snapshotCarriedBy(height: number, parameters: ChainParameters): number | undefined {
  const snapshot = height - parameters.snapshotLag;
  return snapshot >= 0 && snapshot % parameters.snapshotPeriod === 0 ? snapshot : undefined;
}

/** Checks a header against its parent, cheap rules first. @throws NODE_CHAIN_RULE */
export function verifyExampleHeader(
  header: ExampleHeader,
  parent: ExampleHeader,
  { nowMs, rules }: { readonly nowMs: number; readonly rules: HeaderRules },
): void {
  const { height } = header;
  const fail = (rule: string, message: string): Error => chainRuleBroken(rule, message, { details: { height } });
  if (header.version !== rules.headerVersion)
    throw fail('HeaderVersion', `not the version of this chain's headers: ${header.version}`);
  if (height !== parent.height + 1) throw fail('HeaderHeight', `height ${height} after ${parent.height}`);
  if (!equalBytes(header.previousHash, headerHash(parent))) {
    throw fail('HeaderPreviousHash', 'the previous hash is not that of the parent');
  }
  if (header.timeMs <= parent.timeMs) throw fail('HeaderTimeNotAfterParent', "the time is not after the parent's");
  if (header.timeMs > nowMs + rules.maxFutureTimeMs) {
    const message = `the time is ${header.timeMs - nowMs} ms ahead of this node's clock`;
    throw chainRuleBroken('HeaderTimeInFuture', message, { details: { height, isTemporary: true } });
  }
  const isRootDue = rules.hasRoots && snapshotCarriedBy(height, rules.parameters) !== undefined;
  if (isRootDue && header.snapshotRoot === undefined) {
    throw fail('HeaderSnapshotRootMissing', 'this height must carry a snapshot root');
  }
  if (!isRootDue && header.snapshotRoot !== undefined) {
    throw fail('HeaderSnapshotRootUnexpected', 'this height must not carry a snapshot root');
  }
  if (!equalBytes(header.producerPublicKey, rules.producerAt(height))) {
    throw fail('HeaderProducerNotInTurn', 'the producer is not the one whose turn it is');
  }
  if (!hasLowS(header.signature)) throw fail('HeaderSignatureHighS', 'the signature has a high S');
  const hash = headerSigningHash(header, rules.genesisHash);
  if (!rules.verifySignature(hash, header.signature, header.producerPublicKey)) {
    throw fail('HeaderSignatureInvalid', "the signature is not the producer's");
  }
}
