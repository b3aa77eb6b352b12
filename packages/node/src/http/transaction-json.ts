import { toHex } from '@hs/bytes';
import { type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import { amountSchema, arrayOf, countSchema, hexSchema, type JsonSchema, objectSchema } from './json-schema.js';

/** A transaction as JSON: its fields, and all of it encoded. */
export const transactionSchema: JsonSchema = objectSchema({
  id: hexSchema(32),
  type: countSchema,
  publicKey: hexSchema(),
  inputs: arrayOf(objectSchema({ transactionId: hexSchema(32), index: countSchema })),
  outputs: arrayOf(objectSchema({ publicKey: hexSchema(33), amountNanos: amountSchema })),
  feeNanos: amountSchema,
  nonce: objectSchema({ expirationBlockHeight: amountSchema, partialId: amountSchema }),
  metadata: hexSchema(),
  extraData: { type: 'object', additionalProperties: hexSchema() },
  encoded: hexSchema(),
});

export function describeTransaction(transaction: Transaction): Record<string, unknown> {
  const { type, publicKey, inputs, outputs, feeNanos, nonce, metadata, extraData } = transaction;
  return {
    id: transactionHash(transaction),
    type,
    publicKey,
    inputs: inputs.map(({ transactionId, index }) => ({ transactionId, index })),
    outputs: outputs.map((output) => ({ publicKey: output.publicKey, amountNanos: output.amountNanos })),
    feeNanos,
    nonce,
    metadata,
    extraData: Object.fromEntries([...extraData].map(([key, value]) => [key, toHex(value)])),
    encoded: transactionCodec.encode(transaction),
  };
}
