import { equalBytes, toHex } from '@hs/bytes';
import type { Chain } from '../chain/chain.js';
import { NodeError } from '../node-error.js';

/** What the operator vouches for: the state after one block, and the block itself where its hash is given too. */
export interface TrustedRoot {
  readonly height: number;
  /** 32 bytes: the state root in the header at `height`. */
  readonly stateRoot: Uint8Array;
  /** 32 bytes: the hash of the header at `height`; for two headers with one state root. */
  readonly hash?: Uint8Array;
}

/**
 * Reads `HEIGHT:ROOT` or `HEIGHT:ROOT:HASH`, both in 64 hex digits.
 *
 * @throws NODE_CONFIGURATION if `text` is something else
 */
export function parseTrustedRoot(text: string): TrustedRoot {
  const match = /^(\d{1,15}):([0-9a-fA-F]{64})(?::([0-9a-fA-F]{64}))?$/.exec(text);
  const [, height = '', root = '', hash] = match ?? [];
  if (match === null || Number(height) > 0xffff_ffff) {
    throw new NodeError(
      'NODE_CONFIGURATION',
      `"${text}" is no trusted root: write HEIGHT:ROOT, the root in 64 hex digits`,
      {
        details: { trustedRoot: text },
      },
    );
  }
  const trusted = { height: Number(height), stateRoot: fromHex(root) };
  return hash === undefined ? trusted : { ...trusted, hash: fromHex(hash) };
}

/** The text that {@link parseTrustedRoot} reads. */
export function formatTrustedRoot({ height, stateRoot, hash }: TrustedRoot): string {
  return `${height}:${toHex(stateRoot)}${hash === undefined ? '' : `:${toHex(hash)}`}`;
}

/**
 * True if a header at the height of a trusted root is the one that it names.
 *
 * @throws NODE_CONFIGURATION if the headers of the chain carry no state root
 */
export function isTrusted<Header>(trusted: TrustedRoot, header: Header, chain: Chain<Header>): boolean {
  const { height, stateRoot } = chain.describeHeader(header);
  if (stateRoot === undefined) {
    throw new NodeError('NODE_CONFIGURATION', `the headers of ${chain.name} carry no state root to trust`, {
      details: { trustedRoot: formatTrustedRoot(trusted) },
    });
  }
  const isSameHash = trusted.hash === undefined || equalBytes(trusted.hash, chain.hashHeader(header));
  return height === trusted.height && equalBytes(trusted.stateRoot, stateRoot) && isSameHash;
}

/** The error for a header that is not the one that a trusted root names. */
export function untrusted<Header>(
  trusted: TrustedRoot,
  found: { readonly header: Header; readonly chain: Chain<Header>; readonly where: string },
): NodeError {
  const { header, chain, where } = found;
  const { height, stateRoot } = chain.describeHeader(header);
  const got = formatTrustedRoot({ height, stateRoot: stateRoot ?? new Uint8Array(0), hash: chain.hashHeader(header) });
  const message =
    `${where} is not what --trusted-root ${formatTrustedRoot(trusted)} says: it is ${got} (height, state root, hash). ` +
    'Either the trusted root is wrong, or this is another branch of the chain: check the root with somebody you trust; ' +
    'to follow another branch than the one stored here, start with an empty data folder';
  return new NodeError('NODE_TRUSTED_ROOT_MISMATCH', message, {
    details: { height, trusted: formatTrustedRoot(trusted), got },
  });
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
