import { compareBytes } from '@hs/bytes';
import { constant, type Field, struct } from '../../internal/field.js';
import { integer, uint64 } from '../../internal/primitives.js';
import type {
  AccessGroupEntry,
  AccessGroupMemberEntry,
  EmptyEntry,
  MessageEntry,
  MessagingGroupEntry,
  MessagingGroupMember,
  NewMessageEntry,
} from '../message-entries.js';
import type { EntryContext, EntryType } from './entry-context.js';
import { groupKeyName, publicKey } from './identifier-types.js';

export const messageEntry: EntryType<MessageEntry> = {
  name: 'MessageEntry',
  encoderType: 3,
  migrations: [],
  fields: (context) =>
    struct<MessageEntry>({
      senderPublicKey: context.nested(publicKey),
      recipientPublicKey: context.nested(publicKey),
      encryptedText: context.bytes,
      timestampNanos: uint64,
      version: integer(255),
      senderMessagingPublicKey: context.nested(publicKey),
      senderMessagingGroupKeyName: context.nested(groupKeyName),
      recipientMessagingPublicKey: context.nested(publicKey),
      recipientMessagingGroupKeyName: context.nested(groupKeyName),
      extraData: context.extraData,
    }),
};

export const messagingGroupMember: EntryType<MessagingGroupMember> = {
  name: 'MessagingGroupMember',
  encoderType: 6,
  migrations: [],
  fields: (context) =>
    struct<MessagingGroupMember>({
      publicKey: context.nested(publicKey),
      keyName: context.nested(groupKeyName),
      encryptedKey: context.bytes,
    }),
};

export const messagingGroupEntry: EntryType<MessagingGroupEntry> = {
  name: 'MessagingGroupEntry',
  encoderType: 5,
  migrations: [],
  fields: (context) =>
    struct<MessagingGroupEntry>({
      ownerPublicKey: context.nested(publicKey),
      messagingPublicKey: context.nested(publicKey),
      keyName: context.nested(groupKeyName),
      members: sortedMembers(context),
      extraData: context.extraData,
    }),
};

export const newMessageEntry: EntryType<NewMessageEntry> = {
  name: 'NewMessageEntry',
  encoderType: 35,
  migrations: [],
  fields: (context) =>
    struct<NewMessageEntry>({
      senderOwnerPublicKey: context.nested(publicKey),
      senderKeyName: context.nested(groupKeyName),
      senderGroupPublicKey: context.nested(publicKey),
      recipientOwnerPublicKey: context.nested(publicKey),
      recipientKeyName: context.nested(groupKeyName),
      recipientGroupPublicKey: context.nested(publicKey),
      encryptedText: context.bytes,
      timestampNanos: uint64,
      extraData: context.extraData,
    }),
};

export const accessGroupEntry: EntryType<AccessGroupEntry> = {
  name: 'AccessGroupEntry',
  encoderType: 32,
  migrations: [],
  fields: (context) =>
    struct<AccessGroupEntry>({
      ownerPublicKey: context.nested(publicKey),
      keyName: context.nested(groupKeyName),
      groupPublicKey: context.nested(publicKey),
      extraData: context.extraData,
    }),
};

export const accessGroupMemberEntry: EntryType<AccessGroupMemberEntry> = {
  name: 'AccessGroupMemberEntry',
  encoderType: 33,
  migrations: [],
  fields: (context) =>
    struct<AccessGroupMemberEntry>({
      publicKey: context.nested(publicKey),
      keyName: context.nested(groupKeyName),
      encryptedKey: context.bytes,
      extraData: context.extraData,
    }),
};

export const accessGroupMemberEnumerationEntry: EntryType<EmptyEntry> = {
  name: 'AccessGroupMemberEnumerationEntry',
  encoderType: 36,
  migrations: [],
  fields: () => constant({}),
};

export const dmThreadEntry: EntryType<EmptyEntry> = {
  name: 'DmThreadEntry',
  encoderType: 37,
  migrations: [],
  fields: () => constant({}),
};

/**
 * The Go node orders members by the text that is their public key in base58check, the key name and the encrypted key. Keys that have
 * the same length and network prefix order as text as they do as bytes.
 */
function sortedMembers(context: EntryContext): Field<readonly MessagingGroupMember[]> {
  const members = context.list(context.required(messagingGroupMember));
  return {
    ...members,
    write: (writer, values) => members.write(writer, [...values].sort(compareMembers)),
  };
}

function compareMembers(a: MessagingGroupMember, b: MessagingGroupMember): number {
  return (
    compareBytes(a.publicKey ?? noBytes, b.publicKey ?? noBytes) ||
    compareBytes(a.keyName ?? noBytes, b.keyName ?? noBytes) ||
    compareBytes(a.encryptedKey, b.encryptedKey)
  );
}

const noBytes = /* @__PURE__ */ new Uint8Array(0);
