import type { Field } from '../../internal/field.js';
import type { EntryType } from './entry-context.js';
import { bytes32, key33 } from './entry-field.js';

/** 32 bytes. */
export const blockHash: EntryType<Uint8Array> = bare('BlockHash', 27, bytes32);

/** 33 bytes: at first the public key of the account, which keeps its PKID when identities are swapped. */
export const pkid: EntryType<Uint8Array> = bare('PKID', 25, key33);

/** 33 bytes: compressed secp256k1 point. */
export const publicKey: EntryType<Uint8Array> = bare('PublicKey', 26, key33);

/** 32 bytes: a name, filled up with zeros. */
export const groupKeyName: EntryType<Uint8Array> = bare('GroupKeyName', 4, bytes32);

function bare(name: string, encoderType: number, field: Field<Uint8Array>): EntryType<Uint8Array> {
  return { name, encoderType, migrations: [], fields: () => field };
}
