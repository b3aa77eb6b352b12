interface AssociationStart {
  readonly associationId: Uint8Array | undefined;
  readonly transactorPkid: Uint8Array | undefined;
}

interface AssociationEnd {
  readonly appPkid: Uint8Array | undefined;
  readonly associationType: Uint8Array;
  readonly associationValue: Uint8Array;
  readonly extraData: ReadonlyMap<string, Uint8Array>;
  readonly blockHeight: number;
}

/** What one user says of another. */
export interface UserAssociationEntry extends AssociationStart, AssociationEnd {
  readonly targetUserPkid: Uint8Array | undefined;
}

/** What a user says of a post. */
export interface PostAssociationEntry extends AssociationStart, AssociationEnd {
  readonly postHash: Uint8Array | undefined;
}
