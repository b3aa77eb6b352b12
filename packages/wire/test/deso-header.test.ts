import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createBlockCodec,
  createMessageCodec,
  type DesoHeader,
  type DesoHeaderV2,
  desoHashV0,
  desoHashV1,
  desoHeaderCodec,
  desoHeaderHash,
  desoHeaderSigningBytes,
  doubleSha256,
  encodeFrame,
  FrameDecoder,
  networks,
} from '../src/index.js';
import { header as anyHeader } from './support/arbitraries.js';
import { bytes, hex, thrownBy } from './support/hex.js';
import { plain } from './support/plain.js';

const hashA = bytes('0a'.repeat(32));
const hashB = bytes('0b'.repeat(32));
const key = new Uint8Array(96).fill(0x0c);
const signature = new Uint8Array(48).fill(0x0d);
const aggregateSignature = { signers: bytes('09'), signature };
const start = { previousBlockHash: hashA, transactionMerkleRoot: hashB };

const version1: DesoHeader = {
  version: 1,
  ...start,
  timestampSeconds: 0x70717273,
  height: 99_999,
  nonce: 123_456n,
  extraNonce: 2n ** 64n - 1n,
};
const withVotes: DesoHeaderV2 = {
  version: 2,
  ...start,
  timestampNanos: -1n,
  height: 300,
  proposerVotingPublicKey: key,
  proposerRandomSeedSignature: signature,
  proposedInView: 128n,
  voteCertificate: { blockHash: hashA, proposedInView: 127n, aggregateSignature },
  proposerVotePartialSignature: signature,
};
const { voteCertificate: votes, ...withoutVotes } = withVotes;
const withTimeout: DesoHeaderV2 = {
  ...withoutVotes,
  timeoutCertificate: {
    timedOutView: 1n,
    highQuorumCertificate: { blockHash: hashB, proposedInView: 2n, aggregateSignature },
    highQuorumCertificateViews: [3n, 300n],
    aggregateSignature,
  },
};

const hashHex = [hex(hashA), hex(hashB)] as const;
const keyHex = `60${'0c'.repeat(96)}`;
const signatureHex = `30${'0d'.repeat(48)}`;
const aggregateHex = `0109${signatureHex}`;
const commonV2 = `00000002${hashHex[0]}${hashHex[1]}01ac02${keyHex}${signatureHex}8001`;

describe('layout', () => {
  test('version 1 has only big-endian integers, and 100 bytes', () => {
    const encoded = hex(desoHeaderCodec.encode(version1));
    expect(encoded).toBe(
      `00000001${hashHex[0]}${hashHex[1]}` +
        `0000000070717273${'000000000001869f'}${'000000000001e240'}${'f'.repeat(16)}`,
    );
    expect(encoded).toHaveLength(200);
  });

  test('version 2 has a length before the certificate that is there, and a zero for the one that is not', () => {
    const certificate = `${hashHex[0]}7f${aggregateHex}`;
    const length = (certificate.length / 2).toString(16);
    expect(hex(desoHeaderCodec.encode(withVotes))).toBe(`${commonV2}${length}${certificate}00${signatureHex}`);
  });

  test('a timeout certificate holds a certificate without a length', () => {
    const certificate = `01${hashHex[1]}02${aggregateHex}0203ac02${aggregateHex}`;
    expect(certificate.length / 2).toBe(140);
    expect(hex(desoHeaderCodec.encode(withTimeout))).toBe(`${commonV2}00${'8c01'}${certificate}${signatureHex}`);
  });

  test('exactly one certificate is there, both ways', () => {
    const { timeoutCertificate } = withTimeout as { timeoutCertificate: object };
    for (const wrong of [withoutVotes, { ...withVotes, timeoutCertificate }]) {
      expect(thrownBy(() => desoHeaderCodec.encode(wrong as DesoHeader)).name).toBe('RangeError');
    }
    const none = bytes(`${commonV2}0000${signatureHex}`);
    expect(thrownBy(() => desoHeaderCodec.decode(none, 0)).code).toBe('WIRE_INVALID_VALUE');
  });

  test('a version above 2 is refused', () => {
    const unknown = bytes(`00000003${'00'.repeat(96)}`);
    expect(thrownBy(() => desoHeaderCodec.decode(unknown, 0)).code).toBe('WIRE_INVALID_VALUE');
    expect(thrownBy(() => desoHeaderCodec.encode({ ...version1, version: 3 } as never)).name).toBe('RangeError');
  });

  test.each(['timestamp', 'height'])('a version 1 %s above 2^32-1 is refused', (field) => {
    const wide = desoHeaderCodec.encode(version1);
    wide[field === 'timestamp' ? 71 : 79] = 1;
    expect(thrownBy(() => desoHeaderCodec.decode(wide, 0)).code).toBe('WIRE_LIMIT_EXCEEDED');
  });
});

describe('a header alone in a frame', () => {
  const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'go' });

  test.each([
    ['version 1', version1],
    ['votes', withVotes],
    ['a timeout', withTimeout],
  ])('of %s comes back', (_, header) => {
    const message = { type: 'header', header } as const;
    const stream = encodeFrame(codec.encode(message), { network: networks.mainnet });
    expect(stream[1]).toBe(3);
    const [frame] = new FrameDecoder({ network: networks.mainnet }).push(stream);
    expect(plain(codec.decode(frame as NonNullable<typeof frame>))).toEqual(plain(message));
  });
});

describe('hashes', () => {
  test('the vote of the proposer is left out of what is hashed: a zero stands for it', () => {
    for (const header of [withVotes, withTimeout]) {
      const signed = desoHeaderCodec.encode(header);
      const signing = desoHeaderSigningBytes(header);
      expect(signed.length).toBe(signing.length + signature.length);
      expect(hex(signing)).toBe(`${hex(signed.subarray(0, -49))}00`);
      expect(hex(desoHeaderHash(header))).toBe(hex(doubleSha256(signing)));
      const unsigned = { ...header, proposerVotePartialSignature: new Uint8Array(0) };
      expect(hex(desoHeaderHash(unsigned))).toBe(hex(desoHeaderHash(header)));
    }
  });

  test('each version has its own', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const encoded = desoHeaderCodec.encode(header);
        const expected = [desoHashV0, desoHashV1, () => doubleSha256(desoHeaderSigningBytes(header as DesoHeaderV2))];
        expect(hex(desoHeaderHash(header))).toBe(hex((expected[header.version] as typeof desoHashV1)(encoded)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the producer of a block', () => {
  const codec = createBlockCodec(desoHeaderCodec);
  const blockProducerInfo = { publicKey: new Uint8Array(33).fill(2), signature: bytes('3001') };
  const version0: DesoHeader = { version: 0, ...start, timestampSeconds: 1, height: 2, nonce: 3 };

  test.each([
    ['version 1', version1],
    ['version 2', withVotes],
  ])('ends a block of %s, or a zero does', (_, header) => {
    const block = { header, transactions: [] };
    const [without, withInfo] = [codec.encode(block), codec.encode({ ...block, blockProducerInfo })].map(hex);
    expect(without?.endsWith('00' + '00')).toBe(true);
    expect(withInfo).toBe(`${without?.slice(0, -2)}25${'21'}${'02'.repeat(33)}${'023001'}`);
    expect(plain(codec.decode(bytes(withInfo as string)))).toEqual(plain({ ...block, blockProducerInfo }));
    expect(plain(codec.decode(bytes(without as string)))).toEqual(plain(block));
  });

  test('has no place in a block of version 0', () => {
    const block = { header: version0, transactions: [] };
    expect(hex(codec.encode(block)).endsWith(`${hex(desoHeaderCodec.encode(version0))}00`)).toBe(true);
    expect(thrownBy(() => codec.encode({ ...block, blockProducerInfo })).name).toBe('RangeError');
  });
});
