import { struct } from '../../internal/field.js';
import { uint32 } from '../../internal/primitives.js';
import type { PostAssociationEntry, UserAssociationEntry } from '../association-entries.js';
import type { EntryType } from './entry-context.js';
import { blockHash, pkid } from './identifier-types.js';

export const userAssociationEntry: EntryType<UserAssociationEntry> = {
  name: 'UserAssociationEntry',
  encoderType: 30,
  migrations: [],
  fields: (context) =>
    struct<UserAssociationEntry>({
      associationId: context.nested(blockHash),
      transactorPkid: context.nested(pkid),
      targetUserPkid: context.nested(pkid),
      appPkid: context.nested(pkid),
      associationType: context.bytes,
      associationValue: context.bytes,
      extraData: context.extraData,
      blockHeight: uint32,
    }),
};

export const postAssociationEntry: EntryType<PostAssociationEntry> = {
  name: 'PostAssociationEntry',
  encoderType: 31,
  migrations: [],
  fields: (context) =>
    struct<PostAssociationEntry>({
      associationId: context.nested(blockHash),
      transactorPkid: context.nested(pkid),
      postHash: context.nested(blockHash),
      appPkid: context.nested(pkid),
      associationType: context.bytes,
      associationValue: context.bytes,
      extraData: context.extraData,
      blockHeight: uint32,
    }),
};
