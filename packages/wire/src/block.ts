import type { Codec } from './codec.js';
import type { HeaderCodec } from './header-codec.js';
import { blockField } from './internal/block-field.js';
import { codecOf } from './internal/field.js';
import { type Limits, withDefaultLimits } from './limits.js';
import type { Transaction } from './transaction.js';

/** Who made a block, where the header does not say it. */
export interface BlockProducerInfo {
  readonly publicKey: Uint8Array;
  /** ASN.1 DER, or empty. */
  readonly signature: Uint8Array;
}

/** A header and its transactions. */
export interface Block<H> {
  readonly header: H;
  readonly transactions: readonly Transaction[];
  /** Present only under headers for which the header codec says that there is room for it. */
  readonly blockProducerInfo?: BlockProducerInfo;
}

/** Codec of a block whose headers are laid out by `header`: the payload of a block message. */
export function createBlockCodec<H>(header: HeaderCodec<H>, limits?: Partial<Limits>): Codec<Block<H>> {
  const allLimits = withDefaultLimits(limits);
  return codecOf(blockField(header, allLimits), 'block', allLimits.maxItems);
}
