import type { ByteReader } from '@hs/bytes';
import type { DaoCoinError } from '../error.js';
import { entryCodec, malformed } from '../internal/entry-encoding.js';
import { readExtraData, writeExtraData } from '../internal/extra-data.js';
import { readSpendingLimit, writeSpendingLimit } from '../internal/spending-limit-encoding.js';
import { publicKeyBytes, requirePublicKeyBytes } from '../public-key.js';
import { requireByte } from '../uint256.js';
import type { EntryCodec } from './entry-codec.js';
import type { ExtraData } from './profile-entry.js';
import type { SpendingLimit, SpendingLimitVersion } from './spending-limit.js';

/** The value under prefix 59: a key that may sign for an owner. */
export interface DerivedKeyEntry {
  readonly ownerPublicKey: Uint8Array;
  readonly derivedPublicKey: Uint8Array;
  /** First height at which the key may sign no more. */
  readonly expirationBlock: bigint;
  /** See `derivedKeyOperations`; one byte. */
  readonly operation: number;
  readonly extraData: ExtraData;
  /** `undefined` in entries older than spending limits. */
  readonly spendingLimit: SpendingLimit | undefined;
  readonly memo: Uint8Array;
}

/** Whether an authorization, or the entry it leaves, allows the key or has revoked it. */
export const derivedKeyOperations = { revoke: 0, authorize: 1 } as const;

const versions: readonly number[] = [0, 1, 3, 4] satisfies SpendingLimitVersion[];

/** Encoder type 12, version 0, 1, 3 or 4. */
export const derivedKeyEntryCodec: EntryCodec<DerivedKeyEntry> = /* @__PURE__ */ entryCodec<DerivedKeyEntry>({
  name: 'DerivedKeyEntry',
  type: 12,
  version: ({ spendingLimitVersion = 4 }) => spendingLimitVersion,
  isVersion: (version) => versions.includes(version),
  write(writer, entry, { spendingLimitVersion = 4 }) {
    requirePublicKeyBytes(entry.ownerPublicKey, 'ownerPublicKey');
    requirePublicKeyBytes(entry.derivedPublicKey, 'derivedPublicKey');
    requireByte(entry.operation, 'operation');
    writer.byteArray(entry.ownerPublicKey).byteArray(entry.derivedPublicKey).uvarint(entry.expirationBlock);
    writer.byte(entry.operation);
    writeExtraData(writer, entry.extraData);
    writer.bool(entry.spendingLimit !== undefined);
    if (entry.spendingLimit !== undefined) writeSpendingLimit(writer, entry.spendingLimit, spendingLimitVersion);
    writer.byteArray(entry.memo);
  },
  read: (reader, version) => ({
    ownerPublicKey: readPublicKey(reader),
    derivedPublicKey: readPublicKey(reader),
    expirationBlock: reader.uvarint(),
    operation: reader.byte(),
    extraData: readExtraData(reader),
    spendingLimit: reader.bool()
      ? readSpendingLimit(reader, { version: version as SpendingLimitVersion, fail })
      : undefined,
    memo: reader.byteArray(),
  }),
});

function readPublicKey(reader: ByteReader): Uint8Array {
  const publicKey = reader.byteArray();
  if (publicKey.length !== publicKeyBytes)
    throw fail(`a key of ${publicKey.length} bytes instead of ${publicKeyBytes}`);
  return publicKey;
}

function fail(problem: string): DaoCoinError {
  return malformed('DerivedKeyEntry', problem);
}
