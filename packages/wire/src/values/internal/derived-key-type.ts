import { struct } from '../../internal/field.js';
import { uint64 } from '../../internal/primitives.js';
import type { DerivedKeyEntry } from '../derived-key-entry.js';
import type { EntryType } from './entry-context.js';
import { byte, key33, optional } from './entry-field.js';
import { spendingLimitFields } from './spending-limit-fields.js';

export const derivedKeyEntry: EntryType<DerivedKeyEntry> = {
  name: 'DerivedKeyEntry',
  encoderType: 12,
  migrations: ['unlimitedDerivedKeys', 'associationsAndAccessGroups', 'balanceModel', 'proofOfStake1StateSetup'],
  fields: (context) =>
    struct<DerivedKeyEntry>({
      ownerPublicKey: key33,
      derivedPublicKey: key33,
      expirationBlock: uint64,
      operationType: byte,
      extraData: context.extraData,
      spendingLimit: optional(spendingLimitFields(context)),
      memo: context.bytes,
    }),
};
