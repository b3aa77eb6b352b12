import type {
  AggregateSignature,
  DesoHeader,
  DesoHeaderV0,
  DesoHeaderV1,
  DesoHeaderV2,
  QuorumCertificate,
  TimeoutCertificate,
} from '../deso-header.js';
import { type Field, list, optional, refined, struct } from './field.js';
import { byteString, hash, int64, nonEmptyBytes, uint32, uint64 } from './primitives.js';

/** More than any BLS key, signature or list of signers takes. */
export const maxOpaqueBytes = 4_096;

const uint32be: Field<number> = {
  minBytes: 4,
  maxBytes: 4,
  write(writer, value) {
    requireUint32(value);
    writer.u32be(value);
  },
  read: (reader) => reader.u32be(),
};

const uint32le: Field<number> = {
  minBytes: 4,
  maxBytes: 4,
  write(writer, value) {
    requireUint32(value);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    writer.bytes(bytes);
  },
  read(reader) {
    const bytes = reader.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  },
};

const uint64be: Field<bigint> = {
  minBytes: 8,
  maxBytes: 8,
  write(writer, value) {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError('expected an unsigned 64-bit integer');
    writer.u64be(value);
  },
  read: (reader) => reader.u64be(),
};

/** Eight bytes that hold a number below 2^32. */
const wideUint32be: Field<number> = {
  minBytes: 8,
  maxBytes: 8,
  write(writer, value) {
    requireUint32(value);
    writer.u64be(value);
  },
  read(reader) {
    const value = reader.u64be();
    if (value > 0xffff_ffffn) throw reader.error('WIRE_LIMIT_EXCEEDED', `${value} is above 2^32-1`);
    return Number(value);
  },
};

function requireUint32(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError('expected 32 unsigned bits');
}

/** The version, once it is known which one must be there. */
function versionIs<V extends number>(version: V): Field<V> {
  return refined(uint32be as Field<V>, (value) => value === version, `expected header version ${version}`);
}

const aggregateSignature: Field<AggregateSignature> = /* @__PURE__ */ struct<AggregateSignature>({
  signers: /* @__PURE__ */ byteString(maxOpaqueBytes),
  signature: /* @__PURE__ */ byteString(maxOpaqueBytes),
});

export const quorumCertificate: Field<QuorumCertificate> = /* @__PURE__ */ struct<QuorumCertificate>({
  blockHash: hash,
  proposedInView: uint64,
  aggregateSignature,
});

const timeoutCertificate: Field<TimeoutCertificate> = /* @__PURE__ */ struct<TimeoutCertificate>({
  timedOutView: uint64,
  highQuorumCertificate: quorumCertificate,
  highQuorumCertificateViews: /* @__PURE__ */ list(uint64, maxOpaqueBytes),
  aggregateSignature,
});

type Certificates = Pick<DesoHeaderV2, 'voteCertificate' | 'timeoutCertificate'>;
type Nullable<T> = { readonly [K in keyof T]-?: T[K] | undefined };

const certificates: Field<Certificates> = /* @__PURE__ */ ((): Field<Certificates> => {
  const both = refined(
    struct<Nullable<Certificates>>({
      voteCertificate: optional(quorumCertificate),
      timeoutCertificate: optional(timeoutCertificate),
    }),
    (value) => (value.voteCertificate === undefined) !== (value.timeoutCertificate === undefined),
    'expected exactly one of the two certificates',
  );
  return {
    ...both,
    write: (writer, { voteCertificate, timeoutCertificate: timeout }) =>
      both.write(writer, { voteCertificate, timeoutCertificate: timeout }),
    read(reader) {
      const { voteCertificate, timeoutCertificate: timeout } = both.read(reader);
      return {
        ...(voteCertificate === undefined ? {} : { voteCertificate }),
        ...(timeout === undefined ? {} : { timeoutCertificate: timeout }),
      };
    },
  };
})();

const version0: Field<DesoHeaderV0> = /* @__PURE__ */ struct<DesoHeaderV0>({
  version: /* @__PURE__ */ versionIs(0),
  previousBlockHash: hash,
  transactionMerkleRoot: hash,
  timestampSeconds: uint32le,
  height: uint32le,
  nonce: uint32le,
});

const version1: Field<DesoHeaderV1> = /* @__PURE__ */ struct<DesoHeaderV1>({
  version: /* @__PURE__ */ versionIs(1),
  previousBlockHash: hash,
  transactionMerkleRoot: hash,
  timestampSeconds: wideUint32be,
  height: wideUint32be,
  nonce: uint64be,
  extraNonce: uint64be,
});

type BeforeCertificates = Omit<DesoHeaderV2, keyof Certificates | 'proposerVotePartialSignature'>;

const version2Start: Field<BeforeCertificates> = /* @__PURE__ */ struct<BeforeCertificates>({
  version: /* @__PURE__ */ versionIs(2),
  previousBlockHash: hash,
  transactionMerkleRoot: hash,
  timestampNanos: int64,
  height: uint32,
  proposerVotingPublicKey: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
  proposerRandomSeedSignature: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
  proposedInView: uint64,
});

const partialSignature: Field<Uint8Array> = /* @__PURE__ */ byteString(maxOpaqueBytes);

const version2: Field<DesoHeaderV2> = {
  minBytes: 80,
  maxBytes: 65_536,
  write(writer, header) {
    version2Start.write(writer, header);
    certificates.write(writer, header);
    partialSignature.write(writer, header.proposerVotePartialSignature);
  },
  read: (reader) => ({
    ...version2Start.read(reader),
    ...certificates.read(reader),
    proposerVotePartialSignature: partialSignature.read(reader),
  }),
};

/** Any of the three layouts. */
export const desoHeaderFields: Field<DesoHeader> = {
  minBytes: 80,
  maxBytes: 65_536,
  write(writer, header) {
    if (header.version === 0) return version0.write(writer, header);
    if (header.version === 1) return version1.write(writer, header);
    if (header.version === 2) return version2.write(writer, header);
    throw new RangeError('unknown header version');
  },
  read(reader) {
    const { payload, offset } = reader;
    const version = reader.remaining < 4 ? 0 : new DataView(payload.buffer, payload.byteOffset + offset).getUint32(0);
    if (version === 0) return version0.read(reader);
    if (version === 1) return version1.read(reader);
    if (version === 2) return version2.read(reader);
    throw reader.error('WIRE_INVALID_VALUE', `unknown header version ${version}`);
  },
};
