import type { AuditNetwork } from './networks.js';

/** Period that the Go node uses until its headers have passed the setup of proof of stake. */
const earlyPeriod = 1_000;

/**
 * The snapshot that a Go node with these headers serves, by its rule: the newest multiple of the period. A node's period after the setup
 * of proof of stake is configured (`--snapshot-block-height-period`, by default 600,000).
 */
export function expectedSnapshotHeight(
  headerTip: number,
  options: { readonly network: Pick<AuditNetwork, 'proofOfStakeSetupHeight'>; readonly period: number },
): number {
  const setup = options.network.proofOfStakeSetupHeight;
  const period = headerTip < setup ? earlyPeriod : options.period;
  const height = headerTip - (headerTip % period);
  return headerTip > setup && height < setup ? setup - (setup % earlyPeriod) : height;
}
