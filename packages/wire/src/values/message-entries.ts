/** A private message. */
export interface MessageEntry {
  readonly senderPublicKey: Uint8Array | undefined;
  readonly recipientPublicKey: Uint8Array | undefined;
  readonly encryptedText: Uint8Array;
  readonly timestampNanos: bigint;
  /** Up to 255. */
  readonly version: number;
  readonly senderMessagingPublicKey: Uint8Array | undefined;
  readonly senderMessagingGroupKeyName: Uint8Array | undefined;
  readonly recipientMessagingPublicKey: Uint8Array | undefined;
  readonly recipientMessagingGroupKeyName: Uint8Array | undefined;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** A member of a messaging group. */
export interface MessagingGroupMember {
  readonly publicKey: Uint8Array | undefined;
  readonly keyName: Uint8Array | undefined;
  readonly encryptedKey: Uint8Array;
}

/** A messaging group of the protocol before access groups. */
export interface MessagingGroupEntry {
  readonly ownerPublicKey: Uint8Array | undefined;
  readonly messagingPublicKey: Uint8Array | undefined;
  readonly keyName: Uint8Array | undefined;
  /** Written in the order of public key, key name and encrypted key. */
  readonly members: readonly MessagingGroupMember[];
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** A message to an access group or between two of them. */
export interface NewMessageEntry {
  readonly senderOwnerPublicKey: Uint8Array | undefined;
  readonly senderKeyName: Uint8Array | undefined;
  readonly senderGroupPublicKey: Uint8Array | undefined;
  readonly recipientOwnerPublicKey: Uint8Array | undefined;
  readonly recipientKeyName: Uint8Array | undefined;
  readonly recipientGroupPublicKey: Uint8Array | undefined;
  readonly encryptedText: Uint8Array;
  readonly timestampNanos: bigint;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** An access group. */
export interface AccessGroupEntry {
  readonly ownerPublicKey: Uint8Array | undefined;
  readonly keyName: Uint8Array | undefined;
  readonly groupPublicKey: Uint8Array | undefined;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** A member of an access group. */
export interface AccessGroupMemberEntry {
  readonly publicKey: Uint8Array | undefined;
  readonly keyName: Uint8Array | undefined;
  readonly encryptedKey: Uint8Array;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
}

/** Says by its existence alone what its key says. */
export type EmptyEntry = Readonly<Record<never, never>>;
