import { serviceBits, type VerackV0Message, type VerackV1Message, type VersionMessage } from '@hs/wire';
import { AuditError } from '../audit-error.js';

/** What the node said of itself. */
export interface NodeInfo {
  readonly userAgent: string;
  readonly protocolVersion: number;
  /** The older of both protocol versions: what is spoken. */
  readonly negotiatedVersion: number;
  readonly services: bigint;
  readonly latestBlockHeight: number;
}

/** Protocol versions that the program speaks. */
export const protocolVersions = [1, 2] as const;

/** One of them. */
export type ProtocolVersion = (typeof protocolVersions)[number];

export function ownVersion(options: {
  readonly protocolVersion: ProtocolVersion;
  readonly nonce: bigint;
  readonly nowMs: number;
}): VersionMessage {
  return {
    type: 'version',
    version: options.protocolVersion,
    services: 0n,
    timestampSeconds: BigInt(Math.floor(options.nowMs / 1000)),
    nonce: options.nonce,
    userAgent: 'deso-audit',
    latestBlockHeight: 0,
    minFeeRateNanosPerKb: 0n,
  };
}

/** @throws AuditError `AUDIT_HANDSHAKE_FAILED` if that version does not go with ours, `AUDIT_NO_SNAPSHOT` if it does not hyper-sync */
export function checkVersion(theirs: VersionMessage, own: VersionMessage): NodeInfo {
  if (theirs.nonce === own.nonce) throw failed('the address leads back to this program');
  const negotiatedVersion = Math.min(theirs.version, own.version);
  if (negotiatedVersion < 1)
    throw failed(`the node speaks protocol version ${theirs.version}, which has no hyper sync`);
  if ((theirs.services & serviceBits.hyperSync) === 0n) {
    throw new AuditError(
      'AUDIT_NO_SNAPSHOT',
      'the node does not offer hyper sync; a Go node does if it is started with --hypersync=true',
    );
  }
  return {
    userAgent: theirs.userAgent,
    protocolVersion: theirs.version,
    negotiatedVersion,
    services: theirs.services,
    latestBlockHeight: theirs.latestBlockHeight,
  };
}

/** The verack of the version that is spoken. */
export function ownVerack(options: {
  readonly theirs: VersionMessage;
  readonly own: VersionMessage;
  readonly nowMs: number;
}): VerackV0Message | VerackV1Message {
  const { theirs, own, nowMs } = options;
  if (Math.min(theirs.version, own.version) < 2) return { type: 'verack', version: 0, nonceReceived: theirs.nonce };
  return {
    type: 'verack',
    version: 1,
    nonceReceived: theirs.nonce,
    nonceSent: own.nonce,
    timestampMicros: BigInt(nowMs) * 1000n,
    publicKey: new Uint8Array(0),
    signature: new Uint8Array(0),
  };
}

/** @throws AuditError `AUDIT_HANDSHAKE_FAILED` */
export function checkVerack(
  verack: VerackV0Message | VerackV1Message,
  { theirs, own, nowMs }: { readonly theirs: VersionMessage; readonly own: VersionMessage; readonly nowMs: number },
): void {
  const expected = Math.min(theirs.version, own.version) < 2 ? 0 : 1;
  if (verack.version !== expected) throw failed(`the verack has version ${verack.version} instead of ${expected}`);
  if (verack.nonceReceived !== own.nonce) throw failed('the verack answers another version message');
  if (verack.version === 0) return;
  if (verack.nonceSent !== theirs.nonce) throw failed('the verack and the version message have different nonces');
  const maxAgeMicros = 900_000_000n;
  if (verack.timestampMicros < BigInt(nowMs) * 1000n - maxAgeMicros)
    throw failed('the verack is older than 15 minutes: check both clocks');
}

function failed(what: string): AuditError {
  return new AuditError('AUDIT_HANDSHAKE_FAILED', what);
}
