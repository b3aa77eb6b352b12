import { readFileSync, statSync } from 'node:fs';
import { isPrivateKey } from '../example-chain/secp256k1-noble.js';
import { NodeError } from '../node-error.js';

/**
 * Reads a private key: 64 hex digits. Says so if others than its owner may read the file.
 *
 * @throws NODE_CONFIGURATION if the file cannot be read or holds no private key
 */
export function readKeyFile(path: string, note: (line: string) => void): Uint8Array {
  let digits: string;
  let mode: number;
  try {
    digits = readFileSync(path, 'utf8').trim();
    mode = statSync(path).mode;
  } catch (cause) {
    const message = `cannot read the private key ${path}; "hs-node keys generate" makes one`;
    throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { path } });
  }
  const key = /^[0-9a-fA-F]{64}$/.test(digits) ? Uint8Array.from(Buffer.from(digits, 'hex')) : undefined;
  if (key === undefined || !isPrivateKey(key)) {
    throw new NodeError('NODE_CONFIGURATION', `${path} must hold a private key as 64 hex digits`, {
      details: { path },
    });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    note(`others than its owner may read the private key ${path}: chmod 600 ${path}`);
  }
  return key;
}
