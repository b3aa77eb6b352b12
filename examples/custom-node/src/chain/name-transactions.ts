import { type Transaction, transactionSigningBytes } from '@hs/wire';
import { isPublicKey, isSignature, type SigningKey } from './keys.js';
import { refused } from './refusal.js';

/** What somebody wants done with a name. */
export type NameAction =
  | { readonly kind: 'claim'; readonly name: string; readonly text: Uint8Array }
  | { readonly kind: 'write'; readonly name: string; readonly text: Uint8Array }
  | { readonly kind: 'give'; readonly name: string; readonly to: Uint8Array }
  | { readonly kind: 'release'; readonly name: string };

/** Numbers of this chain's transaction types. */
const typeNumbers = { claim: 1, write: 2, give: 3, release: 4 } as const;
const maxTextBytes = 1000;
const namePattern = /^[a-z0-9-]{1,63}$/;
const none = new Uint8Array(0);
const utf8 = new TextEncoder();

/** Until when a transaction may wait, if it may wait forever. */
export const noExpiry: bigint = 2n ** 64n - 1n;

/**
 * An action as a signed transaction. Its metadata: length of the name (1 byte), name, then the text or the new owner.
 *
 * `sequence` says how many transactions of this key come before it; so none can be repeated. It travels in the nonce, because
 * the pool takes one transaction for each nonce of a key.
 */
export function signAction(
  action: NameAction,
  options: { readonly key: SigningKey; readonly sequence: bigint; readonly chainId: Uint8Array },
): Transaction {
  const { key, sequence, chainId } = options;
  const name = utf8.encode(action.name);
  const rest = 'text' in action ? action.text : 'to' in action ? action.to : none;
  const unsigned: Transaction = {
    version: 1,
    type: typeNumbers[action.kind],
    metadata: Uint8Array.of(name.length, ...name, ...rest),
    publicKey: key.publicKey,
    nonce: { expirationBlockHeight: noExpiry, partialId: sequence },
    signature: none,
    // Parts of a DeSo transaction that this chain has no use for.
    inputs: [],
    outputs: [],
    extraData: new Map(),
    feeNanos: 0n,
  };
  return { ...unsigned, signature: key.sign(signedMessage(unsigned, chainId)) };
}

/** Everything that can be checked of a transaction without the state. @throws NODE_TRANSACTION_REFUSED */
export function checkTransaction(transaction: Transaction, chainId: Uint8Array): NameAction {
  const { version, inputs, outputs, extraData, feeNanos, publicKey, signature } = transaction;
  if (version !== 1 || inputs.length + outputs.length + extraData.size > 0 || feeNanos !== 0n) {
    throw refused('UnusedField', 'a field that this chain does not use is not empty');
  }
  const action = readAction(transaction);
  if (!isSignature(signature, { message: signedMessage(transaction, chainId), publicKey })) {
    throw refused('Signature', 'the signature is not that of the public key');
  }
  return action;
}

/** The signature holds on this chain alone. */
function signedMessage(transaction: Transaction, chainId: Uint8Array): Uint8Array {
  return Uint8Array.of(...chainId, ...transactionSigningBytes(transaction));
}

function readAction({ type, metadata }: Transaction): NameAction {
  const nameEnd = 1 + (metadata[0] ?? 0);
  const name = String.fromCharCode(...metadata.subarray(1, nameEnd));
  const rest = metadata.subarray(nameEnd);
  if (metadata.length < nameEnd || !namePattern.test(name)) throw refused('Name', 'not a name');
  switch (type) {
    case typeNumbers.claim:
    case typeNumbers.write:
      if (rest.length > maxTextBytes) throw refused('TextLength', `a text has at most ${maxTextBytes} bytes`);
      return { kind: type === typeNumbers.claim ? 'claim' : 'write', name, text: rest };
    case typeNumbers.give:
      if (!isPublicKey(rest)) throw refused('NewOwner', 'the new owner is not a public key');
      return { kind: 'give', name, to: rest };
    case typeNumbers.release:
      if (rest.length > 0) throw refused('TrailingBytes', 'nothing may follow the name');
      return { kind: 'release', name };
    default:
      throw refused('TransactionType', `no transaction has type ${type} here`);
  }
}
