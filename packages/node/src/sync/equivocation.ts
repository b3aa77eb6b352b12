import type { RecordChange, StateStore } from '@hs/ancestral-records';
import { concatBytes, u64be } from '@hs/bytes';
import { nodePrefixes } from '../chain/chain-store.js';
import { NodeError } from '../node-error.js';
import { hasFields, isCount, isText, readKeptJson } from '../state/kept-json.js';

/** Two valid headers of one height: the proof that a producer signed both. Plain data, all bytes in hex. */
export interface Equivocation {
  readonly height: number;
  /** The encoded header that this node had. */
  readonly ours: string;
  readonly ourHash: string;
  readonly ourStateRoot: string | null;
  /** The encoded header that a peer showed. */
  readonly theirs: string;
  readonly theirHash: string;
  readonly theirStateRoot: string | null;
  readonly producerKey: string;
  /** Who showed it. */
  readonly peer: string;
  readonly seenAtMs: number;
  /** Hash of the header that a trusted root has ruled out; null until then. */
  readonly refusedHash: string | null;
}

const formatVersion = 1;
const encoder = new TextEncoder();

const isTextOrNull = (field: unknown): boolean => field === null || isText(field);
const kept = {
  what: 'evidence of an equivocation',
  isIntact: (value: unknown): value is Equivocation =>
    hasFields(value, {
      height: isCount,
      ours: isText,
      ourHash: isText,
      ourStateRoot: isTextOrNull,
      theirs: isText,
      theirHash: isText,
      theirStateRoot: isTextOrNull,
      producerKey: isText,
      peer: isText,
      seenAtMs: isCount,
      refusedHash: isTextOrNull,
    }),
};

/** The write that keeps an equivocation, beside headers and blocks. */
export function equivocationWrite(equivocation: Equivocation): RecordChange {
  const { height, theirHash } = equivocation;
  const key = concatBytes(Uint8Array.of(nodePrefixes.equivocation), u64be(height), encoder.encode(theirHash));
  return { key, value: concatBytes(Uint8Array.of(formatVersion), encoder.encode(JSON.stringify(equivocation))) };
}

/** All that were ever seen here, ascending by height. @throws NODE_DATABASE if one cannot be read */
export async function readEquivocations(store: StateStore): Promise<Equivocation[]> {
  const prefix = nodePrefixes.equivocation;
  const found: Equivocation[] = [];
  for await (const [, value] of store.others({ gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1) })) {
    if (value[0] !== formatVersion) {
      const message = `a stored equivocation has format ${value[0]}, not ${formatVersion}: use the version that wrote it`;
      throw new NodeError('NODE_DATABASE', message);
    }
    found.push(readKeptJson(value.subarray(1), kept));
  }
  return found;
}

/** The error that stops a node: what was seen, and how to go on. */
export function split(equivocation: Equivocation): NodeError {
  const { height, producerKey, peer, ourHash, theirHash, ourStateRoot, theirStateRoot } = equivocation;
  const needsHash = ourStateRoot === theirStateRoot;
  const choice = (root: string | null, hash: string) =>
    `--trusted-root ${height}:${root}${needsHash ? `:${hash}` : ''}`;
  const message =
    `two valid headers of producer ${producerKey} at height ${height}: the chain has split. ` +
    `Ours is ${ourHash}; ${peer} showed ${theirHash}. Both are kept as evidence. Ask people you trust which branch goes on; ` +
    `then start again with "${choice(ourStateRoot, ourHash)}" to stay on ours, ` +
    `or with "${choice(theirStateRoot, theirHash)}" to follow the other`;
  return new NodeError('NODE_EQUIVOCATION', message, { details: { ...equivocation } });
}
