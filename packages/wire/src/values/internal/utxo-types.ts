import { struct } from '../../internal/field.js';
import { fixedBytes, uint32, uint64 } from '../../internal/primitives.js';
import type { UtxoEntry, UtxoKey } from '../utxo-entries.js';
import type { EntryType } from './entry-context.js';
import { byte } from './entry-field.js';

export const utxoKey: EntryType<UtxoKey> = {
  name: 'UtxoKey',
  encoderType: 23,
  migrations: [],
  fields: () => struct<UtxoKey>({ transactionId: fixedBytes(32), index: uint32 }),
};

export const utxoEntry: EntryType<UtxoEntry> = {
  name: 'UtxoEntry',
  encoderType: 0,
  migrations: [],
  fields: (context) =>
    struct<UtxoEntry>({
      amountNanos: uint64,
      publicKey: context.bytes,
      blockHeight: uint32,
      utxoType: byte,
      utxoKey: context.nested(utxoKey),
    }),
};
