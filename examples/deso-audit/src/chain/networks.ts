import { type EncoderParams, encoderParams, type NetworkParameters, networkParameters } from '@hs/wire';

/** What the program knows about a network of DeSo. Everything that reads it gets it passed. */
export interface AuditNetwork {
  readonly name: NetworkName;
  readonly wire: NetworkParameters;
  readonly encoder: EncoderParams;
  /** 32 bytes. All networks begin with the same block. */
  readonly genesisHash: Uint8Array;
  readonly genesisTimestampSeconds: number;
  /** 32 bytes, big-endian: no proof-of-work hash is above it, whatever the difficulty was. */
  readonly easiestTarget: Uint8Array;
  /** Headers are proof of stake from this height on. */
  readonly proofOfStakeHeight: number;
  /** Decides which snapshot period holds; see `expectedSnapshotHeight`. */
  readonly proofOfStakeSetupHeight: number;
  /** From which age on a Go node thinks that a tip makes it a node that is still syncing. */
  readonly maxTipAgeMs: { readonly proofOfWork: number; readonly proofOfStake: number };
}

export const networkNames = ['mainnet', 'testnet', 'regtest'] as const;

/** Name of a network of DeSo. */
export type NetworkName = (typeof networkNames)[number];

const hourMs = 3_600_000;
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

interface Differences {
  readonly easiestTarget: string;
  readonly proofOfStakeHeight: number;
  readonly proofOfWorkMaxAgeHours: number;
}

const differences: Readonly<Record<NetworkName, Differences>> = {
  mainnet: { easiestTarget: '000001ffff', proofOfStakeHeight: 351_153, proofOfWorkMaxAgeHours: 24 },
  testnet: { easiestTarget: '0090', proofOfStakeHeight: 1_119_482, proofOfWorkMaxAgeHours: 24 },
  regtest: { easiestTarget: '0090', proofOfStakeHeight: 300, proofOfWorkMaxAgeHours: 1_000_000 },
};

/** The network of that name, with a start of proof of stake of its own if the node was configured so. */
export function auditNetwork(name: NetworkName, proofOfStakeHeight?: number): AuditNetwork {
  const own = differences[name];
  return {
    name,
    wire: networkParameters[name],
    encoder: encoderParams[name],
    genesisHash: fromHex('5567c45b7b83b604f9ff5cb5e88dfc9ad7d5a1dd5818dd19e6d02466f47cbd62'),
    genesisTimestampSeconds: 1_610_948_544,
    easiestTarget: fromHex(own.easiestTarget.padEnd(64, '0')),
    proofOfStakeHeight: proofOfStakeHeight ?? own.proofOfStakeHeight,
    proofOfStakeSetupHeight: encoderParams[name].migrationHeights.proofOfStake1StateSetup,
    maxTipAgeMs: { proofOfWork: own.proofOfWorkMaxAgeHours * hourMs, proofOfStake: 24 * hourMs },
  };
}
