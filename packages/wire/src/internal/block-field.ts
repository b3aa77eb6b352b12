import type { Block, BlockProducerInfo } from '../block.js';
import type { HeaderCodec } from '../header-codec.js';
import type { Limits } from '../limits.js';
import { type Field, list, optional, sized, struct } from './field.js';
import { headerField } from './header-field.js';
import { byteString } from './primitives.js';
import { transactionField } from './transaction-field.js';

const optionalProducer: Field<BlockProducerInfo | undefined> = /* @__PURE__ */ optional(
  /* @__PURE__ */ struct<BlockProducerInfo>({
    publicKey: /* @__PURE__ */ byteString(255),
    signature: /* @__PURE__ */ byteString(255),
  }),
);

/** Header and transactions, each after its length; then the producer, if the header has room for one, after a length that is 0 for none. */
export function blockField<H>(codec: HeaderCodec<H>, limits: Limits): Field<Block<H>> {
  const header = sized(headerField(codec));
  const transactions = list(sized(transactionField(limits.maxTransactionBytes)), limits.maxBlockBytes);
  return {
    minBytes: header.minBytes + transactions.minBytes,
    maxBytes: limits.maxBlockBytes,
    write(writer, block) {
      header.write(writer, block.header);
      transactions.write(writer, block.transactions);
      if (codec.hasBlockProducerInfo(block.header)) optionalProducer.write(writer, block.blockProducerInfo);
      else if (block.blockProducerInfo !== undefined) throw new RangeError('the header has no room for a producer');
    },
    read(reader) {
      const block: Block<H> = { header: header.read(reader), transactions: transactions.read(reader) };
      if (!codec.hasBlockProducerInfo(block.header)) return block;
      const blockProducerInfo = optionalProducer.read(reader);
      return blockProducerInfo === undefined ? block : { ...block, blockProducerInfo };
    },
  };
}
