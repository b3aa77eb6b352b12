import { ByteReader, ByteWriter } from '@hs/bytes';
import type { HeaderCodec } from '@hs/wire';
import type { ExampleHeader } from './header.js';
import { chainRuleBroken } from './refusal.js';

/** The layouts that this code reads and writes: of a chain with roots in its headers, and of one without. */
export const headerVersions = { withRoots: 1, withoutRoots: 2 } as const;

const fixedBytes = 1 + 32 + 32 + 8 + 8 + 32 + 1 + 33 + 64;

/** Longest encoded header. */
export const maxHeaderBytes: number = fixedBytes + 32;

/**
 * Bytes of a header without its signature: what the block id and the signature are made over.
 *
 * Version (1) | previous hash (32) | transaction merkle root (32) | time in ms (u64 be) | height (u64 be) | state root (32) |
 * 1 and the snapshot root (32), or 0 | producer key (33). Version 2 has no roots, nor the byte that tells of one.
 */
export function unsignedHeaderBytes(header: ExampleHeader): Uint8Array {
  return writeUnsigned(new ByteWriter(maxHeaderBytes), header).finish();
}

/** The unsigned bytes, then the signature (64). Every header has exactly one encoding. */
export const exampleHeaderCodec: HeaderCodec<ExampleHeader> = {
  maxBytes: maxHeaderBytes,
  hasBlockProducerInfo: () => false,
  encode: (header) =>
    writeUnsigned(new ByteWriter(maxHeaderBytes), header)
      .bytes(sized(header.signature, 64, 'signature'))
      .finish(),
  decode: (bytes, offset) => {
    const reader = new ByteReader(bytes, (problem, detail) => malformed(`${problem}: ${detail}`), offset);
    const version = reader.byte();
    if (version !== headerVersions.withRoots && version !== headerVersions.withoutRoots) {
      throw chainRuleBroken('HeaderVersion', `unknown header version ${version}`, { details: { version } });
    }
    const header: ExampleHeader = {
      version,
      previousHash: reader.bytes(32).slice(),
      transactionMerkleRoot: reader.bytes(32).slice(),
      timeMs: safeInteger(reader.u64be(), 'time'),
      height: safeInteger(reader.u64be(), 'height'),
      stateRoot: version === headerVersions.withRoots ? reader.bytes(32).slice() : undefined,
      snapshotRoot: version === headerVersions.withRoots && readPresence(reader) ? reader.bytes(32).slice() : undefined,
      producerPublicKey: reader.bytes(33).slice(),
      signature: reader.bytes(64).slice(),
    };
    return { header, end: reader.offset };
  },
};

function writeUnsigned(writer: ByteWriter, header: ExampleHeader): ByteWriter {
  const { version, stateRoot, snapshotRoot } = header;
  const hasRoots = version === headerVersions.withRoots;
  if (!hasRoots && version !== headerVersions.withoutRoots) throw new RangeError(`unknown header version ${version}`);
  writer
    .byte(header.version)
    .bytes(sized(header.previousHash, 32, 'previous hash'))
    .bytes(sized(header.transactionMerkleRoot, 32, 'transaction merkle root'))
    .u64be(whole(header.timeMs, 'time'))
    .u64be(whole(header.height, 'height'));
  if (hasRoots !== (stateRoot !== undefined) || (!hasRoots && snapshotRoot !== undefined)) {
    throw new RangeError(`a header of version ${version} ${hasRoots ? 'needs a state root' : 'has no roots'}`);
  }
  if (stateRoot !== undefined)
    writer.bytes(sized(stateRoot, 32, 'state root')).byte(snapshotRoot === undefined ? 0 : 1);
  if (snapshotRoot !== undefined) writer.bytes(sized(snapshotRoot, 32, 'snapshot root'));
  return writer.bytes(sized(header.producerPublicKey, 33, 'producer key'));
}

function readPresence(reader: ByteReader): boolean {
  const flag = reader.byte();
  if (flag > 1) throw malformed(`snapshot root flag ${flag}`);
  return flag === 1;
}

function safeInteger(value: bigint, name: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`${name} above 2^53-1`);
  return Number(value);
}

function whole(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected a non-negative integer ${name}`);
  return value;
}

function sized(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes of ${name}, got ${bytes.length}`);
  return bytes;
}

function malformed(detail: string): Error {
  return chainRuleBroken('HeaderMalformed', `malformed header: ${detail}`);
}
