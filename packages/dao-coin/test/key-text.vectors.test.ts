import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type DesoNetwork,
  formatPrivateKey,
  formatPublicKey,
  isValidPublicKey,
  parsePrivateKey,
  parsePublicKey,
} from '../src/index.js';
import { account } from './support/accounts.js';
import { fromHex, toHex } from './support/memory-view.js';

interface Vectors {
  published: { network: DesoNetwork; text: string; hex: string }[];
  private: { hex: string; mainnet: string; testnet: string }[];
  seeds: Record<string, [mainnet: string, testnet: string]>;
}

const vectors = JSON.parse(readFileSync(new URL('vectors/key-texts.json', import.meta.url), 'utf8')) as Vectors;
const malformed = expect.objectContaining({ code: 'DAO_COIN_MALFORMED_KEY' });
const networks = ['mainnet', 'testnet', 'regtest'] as const;

describe('keys as texts', () => {
  test.each(vectors.published)('$text', ({ network, text, hex }) => {
    expect(toHex(parsePublicKey(text, network))).toBe(hex);
    expect(formatPublicKey(fromHex(hex), network)).toBe(text);
    expect(isValidPublicKey(fromHex(hex))).toBe(true);
  });

  test('the 482 keys of the genesis balances, on each network', () => {
    const seeds = Object.entries(vectors.seeds);
    expect(seeds.length).toBe(482);
    for (const [hex, [mainnet, testnet]] of seeds) {
      expect(formatPublicKey(fromHex(hex), 'mainnet')).toBe(mainnet);
      expect(formatPublicKey(fromHex(hex), 'testnet')).toBe(testnet);
      expect(formatPublicKey(fromHex(hex), 'regtest')).toBe(testnet);
      expect(toHex(parsePublicKey(mainnet, 'mainnet'))).toBe(hex);
      expect(toHex(parsePublicKey(testnet, 'regtest'))).toBe(hex);
    }
  });

  test.each(vectors.private)('private key $hex', ({ hex, mainnet, testnet }) => {
    expect(formatPrivateKey(fromHex(hex), 'mainnet')).toBe(mainnet);
    expect(formatPrivateKey(fromHex(hex), 'testnet')).toBe(testnet);
    expect(toHex(parsePrivateKey(mainnet, 'mainnet'))).toBe(hex);
    expect(toHex(parsePrivateKey(testnet, 'regtest'))).toBe(hex);
  });

  test('a key of another network, or of the other kind, is the typed error', () => {
    const publicText = formatPublicKey(account(0), 'mainnet');
    const privateText = formatPrivateKey(new Uint8Array(32).fill(7), 'mainnet');
    for (const network of ['testnet', 'regtest'] as const) {
      expect(() => parsePublicKey(publicText, network)).toThrow(malformed);
      expect(() => parsePrivateKey(privateText, network)).toThrow(malformed);
    }
    expect(() => parsePublicKey(privateText, 'mainnet')).toThrow(malformed);
    expect(() => parsePrivateKey(publicText, 'mainnet')).toThrow(malformed);
  });

  test('one wrong letter anywhere is the typed error', () => {
    const text = formatPublicKey(account(0), 'mainnet');
    for (let index = 0; index < text.length; index++) {
      const letter = text[index] === 'z' ? 'y' : 'z';
      expect(() => parsePublicKey(`${text.slice(0, index)}${letter}${text.slice(index + 1)}`, 'mainnet')).toThrow(
        malformed,
      );
    }
  });

  test('garbage, and a text of any length, is the typed error at once', () => {
    for (const text of ['', '1', '0OIl', 'BC1YL', '1'.repeat(64), 'z'.repeat(1_000_000)]) {
      expect(() => parsePublicKey(text, 'mainnet')).toThrow(malformed);
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) =>
        expect(() => parsePublicKey(text, 'mainnet')).toThrow(malformed),
      ),
    );
  });

  test('the error of a private key tells nothing of it', () => {
    const text = formatPrivateKey(new Uint8Array(32).fill(7), 'mainnet');
    for (const damaged of [`${text}1`, text.slice(1), `${text.slice(0, -1)}0`]) {
      try {
        parsePrivateKey(damaged, 'mainnet');
        throw new Error('expected an error');
      } catch (error) {
        const shown = JSON.stringify([String(error), (error as { details?: unknown }).details, (error as Error).cause]);
        expect(shown).toContain('DaoCoinError');
        for (let start = 0; start + 8 <= damaged.length; start++) {
          expect(shown).not.toContain(damaged.slice(start, start + 8));
        }
      }
    }
  });

  test('wrong lengths and unknown networks are mistakes of the caller', () => {
    const rangeError = expect.objectContaining({ name: 'RangeError' });
    expect(() => formatPublicKey(new Uint8Array(32), 'mainnet')).toThrow(rangeError);
    expect(() => formatPrivateKey(new Uint8Array(33), 'mainnet')).toThrow(rangeError);
    for (const network of ['devnet', 'constructor'] as unknown as DesoNetwork[]) {
      expect(() => formatPublicKey(account(0), network)).toThrow(rangeError);
      expect(() => parsePublicKey('x', network)).toThrow(rangeError);
    }
  });

  test('every 33 bytes go there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 33, maxLength: 33 }), fc.constantFrom(...networks), (key, network) =>
        expect(parsePublicKey(formatPublicKey(key, network), network)).toEqual(key),
      ),
    );
  });
});
