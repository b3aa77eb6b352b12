import type { Transaction, TransactionInput, TransactionNonce, TransactionOutput } from '../transaction.js';
import { extraDataField } from './extra-data-field.js';
import { type Field, list, refined, struct } from './field.js';
import { byteString, fixedBytes, hash, uint32, uint64 } from './primitives.js';

type Body = Omit<Transaction, 'version' | 'feeNanos' | 'nonce'>;
type Tail = Pick<Transaction, 'version' | 'feeNanos' | 'nonce'>;

/** A transaction from here to the end of its bytes: the tail is there if anything follows the signature. */
export function transactionField(maxBytes: number): Field<Transaction> {
  const body = bodyField(maxBytes);
  return {
    minBytes: body.minBytes,
    maxBytes,
    write(writer, transaction) {
      body.write(writer, transaction);
      if (transaction.version === 0) requireNoTail(transaction);
      else tailField.write(writer, transaction);
    },
    read(reader) {
      const fields = body.read(reader);
      return { ...fields, ...(reader.remaining === 0 ? noTail() : tailField.read(reader)) };
    },
  };
}

/** A version 0 transaction, which ends by itself. */
export function untailedTransactionField(maxBytes: number): Field<Transaction> {
  const body = bodyField(maxBytes);
  return {
    minBytes: body.minBytes,
    maxBytes,
    write(writer, transaction) {
      requireNoTail(transaction);
      body.write(writer, transaction);
    },
    read: (reader) => ({ ...body.read(reader), ...noTail() }),
  };
}

function bodyField(maxBytes: number): Field<Body> {
  return struct<Body>({
    inputs: list(struct<TransactionInput>({ transactionId: hash, index: uint32 }), maxBytes),
    outputs: list(struct<TransactionOutput>({ publicKey: fixedBytes(33), amountNanos: uint64 }), maxBytes),
    type: uint32,
    metadata: byteString(maxBytes),
    publicKey: byteString(maxBytes),
    extraData: extraDataField(maxBytes),
    signature: refined(
      byteString(maxBytes),
      ([first]) => first === undefined || (first >= 0x30 && first <= 0x34),
      'expected a DER signature, its first byte from 0x30 to 0x34',
    ),
  });
}

const tailField: Field<Tail> = /* @__PURE__ */ struct<Tail>({
  version: /* @__PURE__ */ refined(
    uint32,
    (version) => version !== 0,
    'a version 0 transaction ends with its signature',
  ),
  feeNanos: uint64,
  nonce: /* @__PURE__ */ struct<TransactionNonce>({ expirationBlockHeight: uint64, partialId: uint64 }),
});

function noTail(): Tail {
  return { version: 0, feeNanos: 0n, nonce: { expirationBlockHeight: 0n, partialId: 0n } };
}

function requireNoTail({ version, feeNanos, nonce }: Tail): void {
  if (version !== 0) throw new RangeError('expected a version 0 transaction');
  if (feeNanos !== 0n || nonce.expirationBlockHeight !== 0n || nonce.partialId !== 0n) {
    throw new RangeError('a version 0 transaction has no room for a fee and a nonce');
  }
}
