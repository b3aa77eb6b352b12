import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { toHex } from '@hs/bytes';
import { integer, toggle } from '../../config/setting.js';
import { accountPrivateKey } from '../../example-chain/account-key.js';
import { defaultSecp256k1 } from '../../example-chain/secp256k1-native.js';
import { isPrivateKey } from '../../example-chain/secp256k1-noble.js';
import { NodeError } from '../../node-error.js';
import { type Command, type CommandResult, command } from '../command.js';
import { readChain } from '../read-chain.js';
import { readKeyFile } from '../read-key-file.js';
import { columnsText } from '../units.js';

const keyFile = { name: 'FILE', help: 'file with a private key: 64 hex digits' };

export const keysGenerate: Command = command({
  name: 'keys generate',
  summary: 'Makes a private key and writes it to a new file that only its owner may read.',
  details: ['The private key is not printed. An existing file is never overwritten.'],
  positionals: [{ ...keyFile, help: 'new file for the private key, made with mode 0600' }],
  settings: [],
  examples: ['keys generate producer.key'],
  async run({ args: [file = ''] }) {
    let privateKey = randomBytes(32);
    while (!isPrivateKey(privateKey)) privateKey = randomBytes(32);
    writeKeyFile(file, privateKey);
    return keyResult(privateKey, { file });
  },
});

export const keysShow: Command = command({
  name: 'keys show',
  summary: 'Shows the public key of a private key file.',
  positionals: [keyFile],
  settings: [],
  options: { reveal: toggle('reveal', 'also print the private key') },
  examples: ['keys show producer.key', 'keys show producer.key --reveal --json'],
  async run({ args: [file = ''], options, note }) {
    return keyResult(readKeyFile(file, note), { file, isRevealed: options.reveal });
  },
});

export const keysAccount: Command = command({
  name: 'keys account',
  summary: 'Writes the private key of an account that the genesis state of a chain funds.',
  details: [
    'Whoever has the chain spec can do this: such accounts are for examples and tests, and hold nothing of worth.',
  ],
  positionals: [{ ...keyFile, help: 'new file for the private key, made with mode 0600' }],
  settings: ['chain'],
  options: {
    index: integer('index', { help: 'which account, from 0', least: 0 }),
  },
  examples: ['keys account alice.key --chain chain.json --index 0'],
  async run({ args: [file = ''], settings, options }) {
    const { genesis } = readChain(settings.chain).spec;
    if (options.index >= genesis.accounts) {
      const message = `the genesis state has ${genesis.accounts} accounts: --index must be below that`;
      throw new NodeError('NODE_CONFIGURATION', message, {
        details: { index: options.index, accounts: genesis.accounts },
      });
    }
    const privateKey = accountPrivateKey(genesis.seed, options.index);
    writeKeyFile(file, privateKey);
    return keyResult(privateKey, { file });
  },
});

function writeKeyFile(file: string, privateKey: Uint8Array): void {
  try {
    writeFileSync(file, `${toHex(privateKey)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const exists = (cause as { code?: unknown }).code === 'EEXIST';
    const message = exists
      ? `${file} exists, and a private key is never overwritten: name another file`
      : `cannot write the private key to ${file}`;
    throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { file } });
  }
}

function keyResult(
  privateKey: Uint8Array,
  { file, isRevealed = false }: { readonly file: string; readonly isRevealed?: boolean },
): CommandResult {
  const publicKey = toHex(defaultSecp256k1.publicKeyOf(privateKey));
  const secret = isRevealed ? { privateKey: toHex(privateKey) } : {};
  const rows = [
    ['public key', publicKey],
    ['file', file],
  ];
  if (secret.privateKey !== undefined) rows.push(['private key', secret.privateKey]);
  return { data: { publicKey, file, ...secret }, text: columnsText(rows) };
}
