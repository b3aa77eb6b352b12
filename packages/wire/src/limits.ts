/** Most of everything that one message may hold. Every limit is checked before anything is made of the number it limits. */
export interface Limits {
  /** Bytes of the user agent in a version message. */
  readonly maxUserAgentBytes: number;
  /** Hashes in the locator of a get-headers message. */
  readonly maxLocatorHashes: number;
  /** Headers in a header bundle: 2,000 up to protocol version 1 of the Go node, 200,000 from version 2. */
  readonly maxHeaders: number;
  /** Hashes in a get-blocks or get-transactions message. */
  readonly maxHashes: number;
  /** Items of an inv message. */
  readonly maxInventoryItems: number;
  /** Addresses of an addr message. */
  readonly maxAddresses: number;
  /** Bytes of a block, and so of a block message. */
  readonly maxBlockBytes: number;
  /** Bytes of a transaction, and so of a transaction message. */
  readonly maxTransactionBytes: number;
  /** Bytes of a header bundle, a block bundle or a transaction bundle. */
  readonly maxBundleBytes: number;
  /** Items of all lists of one message together, nested lists included; bounds the objects that a message turns into. */
  readonly maxItems: number;
  /** Bytes of the payload of a snapshot-data message. The default is 256 MiB in the Go layout: Go's chunks have 100 MiB and more. */
  readonly maxSnapshotDataBytes: number;
  /** Records of a snapshot-data message; each takes 16 bytes of offsets. */
  readonly maxRecords: number;
  /** Bytes of the key of a record, and of the keys that bound a request. */
  readonly maxKeyBytes: number;
  /** Page hashes of a page-list message. */
  readonly maxPageHashes: number;
  /** Bytes of a manifest page. */
  readonly maxPageBytes: number;
  /** Snapshots in a state-checksums message. */
  readonly maxSnapshots: number;
}

const mebibyte = 1024 * 1024;

/** The limits that hold where the caller names no other. */
export const defaultLimits: Limits = /* @__PURE__ */ Object.freeze<Limits>({
  maxUserAgentBytes: 256,
  maxLocatorHashes: 1_000,
  maxHeaders: 2_000,
  maxHashes: 25_000,
  maxInventoryItems: 50_000,
  maxAddresses: 1_000,
  maxBlockBytes: 16_000_000,
  maxTransactionBytes: 16_000_000,
  maxBundleBytes: 64 * mebibyte,
  maxItems: 300_000,
  maxSnapshotDataBytes: 32 * mebibyte,
  maxRecords: 4 * mebibyte,
  maxKeyBytes: 65_536,
  maxPageHashes: 65_536,
  maxPageBytes: 4 * mebibyte,
  maxSnapshots: 64,
});

/**
 * Limits with room for what a Go node sends by itself after a handshake that gave `protocolVersion`, to pass as `limits`.
 *
 * From version 2 on that is up to 200,000 headers in one bundle, of some 400 bytes each; a block bundle has only the blocks that were asked for.
 */
export function goNodeLimits(protocolVersion: number): Partial<Limits> {
  if (protocolVersion < 2) return {};
  return { maxHeaders: 200_000, maxItems: 2_000_000, maxBundleBytes: 256 * mebibyte };
}

/** `limits` with the default for each one it leaves out. @throws RangeError if one is not an integer from 1 to 2^32 - 1 */
export function withDefaultLimits(limits: Partial<Limits> = {}, layout: 'go' | 'extended' = 'extended'): Limits {
  for (const [name, limit] of Object.entries(limits)) {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0xffff_ffff) {
      throw new RangeError(`${name} must be an integer from 1 to 2^32 - 1`);
    }
  }
  const layoutDefaults = layout === 'go' ? { maxSnapshotDataBytes: 256 * mebibyte } : {};
  return { ...defaultLimits, ...layoutDefaults, ...limits };
}
