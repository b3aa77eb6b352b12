import { describe, expect, test } from '@jest/globals';
import { createEntryCodecs, type EntryCodec, type EntryName, encoderParams } from '../src/index.js';
import { samples } from './support/entry-samples.js';
import { spell } from './support/go-layout.js';
import { bytes, hex } from './support/hex.js';
import { plain } from './support/plain.js';

const codecs = createEntryCodecs({ params: encoderParams.mainnet });
const codecOf = (name: EntryName) => codecs[name] as EntryCodec<unknown>;
const height = 400_000;

test('every encoder type has a sample', () => {
  expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(Object.keys(codecs)));
});

describe.each(samples.map((sample, index) => [`${index} ${sample.name}`, sample] as const))('%s', (_title, sample) => {
  const codec = codecOf(sample.name);

  test.each(['stored', 'checksum'] as const)('has the bytes of the Go node in the %s form', (form) => {
    expect(hex(codec.encode(sample.value, { height, form }))).toBe(spell(sample.parts, form));
  });

  test('reads the same from both forms, and writes it again as it was', () => {
    const fromStored = codec.decode(bytes(spell(sample.parts, 'stored')));
    const fromChecksum = codec.decode(bytes(spell(sample.parts, 'checksum')), { form: 'checksum', height });
    expect(plain(fromChecksum)).toEqual(plain(fromStored));
    expect(hex(codec.encode(fromStored, { height }))).toBe(spell(sample.parts, 'stored'));
  });
});

test('an entry that is not there is one zero byte in both forms', () => {
  for (const codec of Object.values(codecs) as EntryCodec<unknown>[]) {
    expect(hex(codec.encode(undefined, { height }))).toBe('00');
    expect(hex(codec.encode(undefined, { height, form: 'checksum' }))).toBe('00');
    expect(codec.decode(bytes('00'))).toBeUndefined();
    expect(codec.decode(bytes('00'), { form: 'checksum', height })).toBeUndefined();
  }
});

/** An entry with nothing in it: zeros, empty lists, and no nested entry where there need not be one. */
function emptied(value: unknown, isPossible: (value: unknown) => boolean): unknown {
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return false;
  if (typeof value === 'number') return 0;
  if (typeof value === 'bigint') return 0n;
  if (value instanceof Map) return new Map();
  if (Array.isArray(value)) return [];
  if (ArrayBuffer.isView(value)) {
    const candidates = [undefined, new Uint8Array(0), new Uint8Array(value.byteLength)];
    return candidates.find((candidate) => isPossible(candidate));
  }
  let entry = value as Record<string, unknown>;
  for (const name of Object.keys(entry)) {
    const changed = (field: unknown) => ({ ...entry, [name]: field });
    entry = changed(emptied(entry[name], (field) => isPossible(changed(field))));
  }
  return entry;
}

test.each(samples.map((sample, index) => [`${index} ${sample.name}`, sample] as const))(
  'empty: %s',
  (_title, { name, value }) => {
    const codec = codecOf(name);
    const isPossible = (candidate: unknown): boolean => {
      try {
        return candidate !== undefined && codec.encode(candidate, { height }).length > 1;
      } catch {
        return false;
      }
    };
    const empty = emptied(value, isPossible);
    for (const at of [0, 200_000, height]) {
      for (const form of ['stored', 'checksum'] as const) {
        const encoded = codec.encode(empty, { height: at, form });
        expect(plain(codec.decode(encoded, { form, height: at }))).toEqual(plain(empty));
        expect(codec.encode(codec.decode(encoded, { form, height: at }), { height: at, form })).toEqual(encoded);
      }
    }
  },
);

test('a balance entry has the bytes that were computed outside this code', () => {
  const pkid = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20';
  const balance = { holderPkid: bytes(pkid), creatorPkid: bytes(pkid), balance: 100n, hasPurchased: false };
  expect(hex(codecs.BalanceEntry.encode(balance, { height: 0 }))).toBe(
    `0111000119 0021${pkid} 01190021${pkid} 010164 00`.replaceAll(' ', ''),
  );
  expect(hex(codecs.BalanceEntry.encode(balance, { height: 0, form: 'checksum' }))).toBe(
    `01 0121${pkid} 0121${pkid} 010164 00`.replaceAll(' ', ''),
  );
});

test('the first output of the genesis block has the bytes that were computed outside this code', () => {
  const publicKey = '03a875a53d27077e4c0016c83a3332d3f4696018a486d412f08a320604f1423993';
  const utxo = {
    amountNanos: 177_204_235_393_800n,
    publicKey: bytes(publicKey),
    blockHeight: 0,
    utxoType: 0,
    utxoKey: { transactionId: new Uint8Array(32), index: 0 },
  };
  const stored = `010000 88b6839ca9a528 21${publicKey} 00 00 011700 ${'00'.repeat(32)} 00`.replaceAll(' ', '');
  expect(hex(codecs.UtxoEntry.encode(utxo, { height: 0 }))).toBe(stored);
});
