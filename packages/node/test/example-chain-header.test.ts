import { fromHex, toHex } from '@hs/bytes';
import { describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import type { ExampleHeader } from '../src/example-chain/header.js';
import { exampleHeaderCodec, maxHeaderBytes } from '../src/example-chain/header-codec.js';
import { headerHash, headerSigningHash } from '../src/example-chain/header-rules.js';
import { nobleSecp256k1 } from '../src/example-chain/secp256k1-noble.js';
import { openTestChain, producerPrivateKeys, ruleBrokenBy, sealBlock } from './example-chain-setup.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const whole = fc.oneof(fc.nat(), fc.maxSafeNat());
const anyHeader: fc.Arbitrary<ExampleHeader> = fc.record({
  version: fc.constant(1),
  previousHash: bytes(32),
  transactionMerkleRoot: bytes(32),
  timeMs: whole,
  height: whole,
  stateRoot: bytes(32),
  snapshotRoot: fc.option(bytes(32), { nil: undefined }),
  producerPublicKey: bytes(33),
  signature: bytes(64),
});

const sample: ExampleHeader = {
  version: 1,
  previousHash: new Uint8Array(32).fill(0x11),
  transactionMerkleRoot: new Uint8Array(32).fill(0x22),
  timeMs: 1_700_000_000_123,
  height: 300,
  stateRoot: new Uint8Array(32).fill(0x33),
  snapshotRoot: new Uint8Array(32).fill(0x44),
  producerPublicKey: new Uint8Array(33).fill(0x02),
  signature: new Uint8Array(64).fill(0x55),
};
const times = (byte: string, count: number): string => byte.repeat(count);
const sampleStart = `01${times('11', 32)}${times('22', 32)}0000018bcfe5687b000000000000012c${times('33', 32)}`;
const sampleEnd = `${times('02', 33)}${times('55', 64)}`;

describe('header codec', () => {
  test('fixture: a header with a snapshot root', () => {
    const encoded = `${sampleStart}01${times('44', 32)}${sampleEnd}`;
    expect(toHex(exampleHeaderCodec.encode(sample))).toBe(encoded);
    expect(exampleHeaderCodec.decode(fromHex(encoded), 0)).toEqual({ header: sample, end: maxHeaderBytes });
  });

  test('fixture: a header without one', () => {
    const header = { ...sample, snapshotRoot: undefined };
    const encoded = `${sampleStart}00${sampleEnd}`;
    expect(toHex(exampleHeaderCodec.encode(header))).toBe(encoded);
    expect(exampleHeaderCodec.decode(fromHex(encoded), 0)).toEqual({ header, end: maxHeaderBytes - 32 });
  });

  test('fixture: a header of a chain without roots', () => {
    const header = { ...sample, version: 2, stateRoot: undefined, snapshotRoot: undefined };
    const encoded = `02${sampleStart.slice(2, -64)}${sampleEnd}`;
    expect(toHex(exampleHeaderCodec.encode(header))).toBe(encoded);
    expect(exampleHeaderCodec.decode(fromHex(encoded), 0)).toEqual({ header, end: maxHeaderBytes - 65 });
    for (const wrong of [
      { ...header, stateRoot: sample.stateRoot },
      { ...header, snapshotRoot: sample.snapshotRoot },
    ]) {
      expect(() => exampleHeaderCodec.encode(wrong)).toThrow('a header of version 2 has no roots');
    }
    expect(() => exampleHeaderCodec.encode({ ...sample, stateRoot: undefined })).toThrow('needs a state root');
  });

  test('fixture: block id and signing hash', () => {
    expect(toHex(headerHash(sample))).toBe('7c736720039e6ffcf875dd91321777a30fad6f803429d46cff898ba50c965dd8');
    expect(toHex(headerSigningHash(sample, new Uint8Array(32).fill(0x66)))).toBe(
      '80869e692b090022cf563136233f163d81c428b82899334ffaf0702edcf1fb9b',
    );
  });

  test('decode gives back what was encoded, at any offset, as bytes of its own', () => {
    fc.assert(
      fc.property(anyHeader, fc.nat(40), fc.nat(40), (header, before, after) => {
        const encoded = exampleHeaderCodec.encode(header);
        expect(encoded.length).toBeLessThanOrEqual(maxHeaderBytes);
        const inside = new Uint8Array(before + encoded.length + after).fill(0xee);
        inside.set(encoded, before);
        const decoded = exampleHeaderCodec.decode(inside, before);
        inside.fill(0);
        expect(decoded).toEqual({ header, end: before + encoded.length });
      }),
    );
  });

  test('whatever decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(anyHeader, fc.array(fc.tuple(fc.nat(250), fc.nat(255)), { maxLength: 4 }), (header, changes) => {
        const encoded = exampleHeaderCodec.encode(header);
        for (const [index, value] of changes) encoded[index % encoded.length] = value;
        let decoded: ReturnType<typeof exampleHeaderCodec.decode>;
        try {
          decoded = exampleHeaderCodec.decode(encoded, 0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'NODE_CHAIN_RULE' });
          return;
        }
        expect(exampleHeaderCodec.encode(decoded.header)).toEqual(encoded.slice(0, decoded.end));
      }),
      { numRuns: 300 },
    );
  });

  test('every truncation is refused', () => {
    const encoded = exampleHeaderCodec.encode(sample);
    for (let length = 0; length < encoded.length; length++) {
      expect(() => exampleHeaderCodec.decode(encoded.subarray(0, length), 0)).toThrow(/HeaderMalformed/);
    }
  });

  test.each([
    ['an unknown version', 0, 3, 'HeaderVersion'],
    ['a snapshot root flag that is neither 0 nor 1', 113, 2, 'HeaderMalformed'],
    ['a time above 2^53-1', 65, 0xff, 'HeaderMalformed'],
    ['a height above 2^53-1', 73, 0x20, 'HeaderMalformed'],
  ])('%s is refused', async (_, index, value, rule) => {
    const encoded = exampleHeaderCodec.encode(sample);
    encoded[index] = value;
    expect(await ruleBrokenBy(() => exampleHeaderCodec.decode(encoded, 0))).toEqual({ code: 'NODE_CHAIN_RULE', rule });
  });

  test.each([
    ['a negative time', { timeMs: -1 }],
    ['a fractional height', { height: 1.5 }],
    ['a short hash', { previousHash: new Uint8Array(31) }],
    ['a long signature', { signature: new Uint8Array(65) }],
    ['a short snapshot root', { snapshotRoot: new Uint8Array(0) }],
    ['an unknown version', { version: 2 }],
  ])('%s cannot be encoded', (_, change) => {
    expect(() => exampleHeaderCodec.encode({ ...sample, ...change })).toThrow(RangeError);
  });

  test('no header of this chain has block producer information', () => {
    expect(exampleHeaderCodec.hasBlockProducerInfo(sample)).toBe(false);
  });
});

describe('block id', () => {
  test('does not cover the signature', () => {
    expect(headerHash({ ...sample, signature: new Uint8Array(64) })).toEqual(headerHash(sample));
  });

  test('covers everything else', () => {
    const changes: readonly Partial<ExampleHeader>[] = [
      { previousHash: new Uint8Array(32) },
      { transactionMerkleRoot: new Uint8Array(32) },
      { timeMs: 1 },
      { height: 1 },
      { stateRoot: new Uint8Array(32) },
      { snapshotRoot: undefined },
      { snapshotRoot: new Uint8Array(32) },
      { producerPublicKey: new Uint8Array(33) },
    ];
    const ids = changes.map((change) => toHex(headerHash({ ...sample, ...change })));
    expect(new Set([...ids, toHex(headerHash(sample))]).size).toBe(changes.length + 1);
  });
});

describe('header rules', () => {
  const resign = (header: ExampleHeader, genesisHash: Uint8Array, key = producerPrivateKeys[0]): ExampleHeader => ({
    ...header,
    signature: nobleSecp256k1.sign(headerSigningHash(header, genesisHash), key ?? new Uint8Array(32)),
  });

  async function openWithHeader(): Promise<{
    readonly verify: (change: Partial<ExampleHeader>, options?: { isResigned?: boolean; nowMs?: number }) => void;
    readonly header: ExampleHeader;
    readonly genesisHash: Uint8Array;
    readonly genesisHeader: ExampleHeader;
  }> {
    const { chain } = await openTestChain();
    const { genesisHash, genesisHeader } = chain;
    const { header } = sealBlock(chain, genesisHeader);
    return {
      header,
      genesisHash,
      genesisHeader,
      verify: (change, { isResigned = true, nowMs = header.timeMs } = {}) => {
        const changed = { ...header, ...change };
        chain.verifyHeader(isResigned ? resign(changed, genesisHash) : changed, genesisHeader, { nowMs });
      },
    };
  }

  test('a sealed header keeps them all', async () => {
    const { verify } = await openWithHeader();
    expect(() => verify({}, { isResigned: false })).not.toThrow();
  });

  test.each<[string, Partial<ExampleHeader>, string]>([
    ['another version', { version: 2 }, 'HeaderVersion'],
    ['the height of the parent', { height: 0 }, 'HeaderHeight'],
    ['a height left out', { height: 2 }, 'HeaderHeight'],
    ['another previous hash', { previousHash: new Uint8Array(32) }, 'HeaderPreviousHash'],
    ['the time of the parent', { timeMs: 1_700_000_000_000 }, 'HeaderTimeNotAfterParent'],
    ['a time before the parent', { timeMs: 1_699_999_999_999 }, 'HeaderTimeNotAfterParent'],
    ['a snapshot root that is not due', { snapshotRoot: new Uint8Array(32) }, 'HeaderSnapshotRootUnexpected'],
    [
      'a producer that is not in turn',
      { producerPublicKey: nobleSecp256k1.publicKeyOf(producerPrivateKeys[1] ?? new Uint8Array()) },
      'HeaderProducerNotInTurn',
    ],
  ])('%s is refused', async (_, change, rule) => {
    const { header, genesisHeader } = await openWithHeader();
    const { chain } = await openTestChain();
    const changed = { ...header, ...change };
    expect(await ruleBrokenBy(() => chain.verifyHeader(changed, genesisHeader, { nowMs: header.timeMs }))).toEqual({
      code: 'NODE_CHAIN_RULE',
      rule,
    });
  });

  test('on a chain without roots headers have none, and one with roots is refused', async () => {
    const { chain } = await openTestChain({ hasRootsInHeaders: false });
    let parent = chain.genesisHeader;
    expect(chain.describeHeader(parent).stateRoot).toBeUndefined();
    for (let height = 1; height <= 12; height++) {
      const { header } = sealBlock(chain, parent);
      expect(header).toMatchObject({ version: 2, stateRoot: undefined, snapshotRoot: undefined });
      chain.verifyHeader(header, parent, { nowMs: header.timeMs });
      expect(chain.snapshotCarriedBy(height)).toBeUndefined();
      parent = header;
    }
    const reader = { tipHeight: 12, headerAt: async () => parent };
    expect(await chain.chooseSnapshot(reader)).toBeUndefined();
    const { header } = sealBlock(chain, chain.genesisHeader);
    const rooted = { ...header, version: 1, stateRoot: new Uint8Array(32) };
    const verify = (): void => chain.verifyHeader(rooted, chain.genesisHeader, { nowMs: header.timeMs });
    expect((await ruleBrokenBy(verify)).rule).toBe('HeaderVersion');
  });

  test('a time up to the limit ahead of the clock is accepted, a millisecond more is not', async () => {
    const { verify, header } = await openWithHeader();
    const limit = 10_000;
    expect(() => verify({}, { nowMs: header.timeMs - limit })).not.toThrow();
    expect((await ruleBrokenBy(() => verify({}, { nowMs: header.timeMs - limit - 1 }))).rule).toBe(
      'HeaderTimeInFuture',
    );
  });

  test('a signature by another key is refused', async () => {
    const { chain } = await openTestChain();
    const { header } = sealBlock(chain, chain.genesisHeader);
    const forged = resign(header, chain.genesisHash, producerPrivateKeys[1]);
    const verify = (): void => chain.verifyHeader(forged, chain.genesisHeader, { nowMs: header.timeMs });
    expect((await ruleBrokenBy(verify)).rule).toBe('HeaderSignatureInvalid');
  });

  test('a signature for a chain with another genesis is refused', async () => {
    const { chain } = await openTestChain();
    const { header } = sealBlock(chain, chain.genesisHeader);
    const foreign = resign(header, new Uint8Array(32));
    const verify = (): void => chain.verifyHeader(foreign, chain.genesisHeader, { nowMs: header.timeMs });
    expect((await ruleBrokenBy(verify)).rule).toBe('HeaderSignatureInvalid');
  });

  test('the signature covers every field of the header', async () => {
    const { verify } = await openWithHeader();
    for (const change of [
      { stateRoot: new Uint8Array(32) },
      { transactionMerkleRoot: new Uint8Array(32).fill(1) },
      { timeMs: 1_700_000_000_001 },
    ]) {
      expect((await ruleBrokenBy(() => verify(change, { isResigned: false }))).rule).toBe('HeaderSignatureInvalid');
      expect(() => verify(change)).not.toThrow();
    }
  });

  test('the high-S twin of a right signature is refused', async () => {
    const { verify, header } = await openWithHeader();
    const { r, s } = secp256k1.Signature.fromBytes(header.signature, 'compact');
    const signature = new secp256k1.Signature(r, secp256k1.Point.CURVE().n - s).toBytes('compact');
    expect((await ruleBrokenBy(() => verify({ signature }, { isResigned: false }))).rule).toBe('HeaderSignatureHighS');
  });

  test('snapshot roots stand exactly at the lag after each snapshot height', async () => {
    const { chain } = await openTestChain();
    const carried = Array.from({ length: 33 }, (_, height) => [height, chain.snapshotCarriedBy(height)]).filter(
      ([, snapshot]) => snapshot !== undefined,
    );
    expect(carried).toEqual([
      [2, 0],
      [12, 10],
      [22, 20],
      [32, 30],
    ]);
  });

  test('a header without the snapshot root that is due is refused', async () => {
    const { chain } = await openTestChain();
    const first = sealBlock(chain, chain.genesisHeader).header;
    const { header } = sealBlock(chain, first);
    expect(header.snapshotRoot).toBeDefined();
    expect(() => chain.verifyHeader(header, first, { nowMs: header.timeMs })).not.toThrow();
    const bare = resign({ ...header, snapshotRoot: undefined }, chain.genesisHash, producerPrivateKeys[1]);
    const verify = (): void => chain.verifyHeader(bare, first, { nowMs: header.timeMs });
    expect((await ruleBrokenBy(verify)).rule).toBe('HeaderSnapshotRootMissing');
  });

  test('producers take turns by height', async () => {
    const { chain } = await openTestChain();
    let parent = chain.genesisHeader;
    const producers: string[] = [];
    for (let height = 1; height <= 7; height++) {
      const { header } = sealBlock(chain, parent);
      chain.verifyHeader(header, parent, { nowMs: header.timeMs });
      producers.push(toHex(chain.describeHeader(header).producerKey));
      parent = header;
    }
    const [a, b, c] = chain.spec.producers;
    expect(producers).toEqual([a, b, c, a, b, c, a]);
  });
});
