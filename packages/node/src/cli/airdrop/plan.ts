import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { NodeError } from '../../node-error.js';

/** What the commands of an airdrop are given. */
export const planPositional = { name: 'FILE', help: 'the plan, a JSON file; its journal is FILE.journal' } as const;

/** What an airdrop is to do. Amounts are in base units of the coin, as decimal digits; keys are hex. */
export interface AirdropPlan {
  readonly format: 'hs-airdrop';
  readonly version: 1;
  readonly genesisHash: string;
  /** Whose DAO coin is given. */
  readonly coin: string;
  /** Whose holders get it, at which snapshot; null if the holders came from a file. */
  readonly holdersOf: { readonly coin: string; readonly height: number; readonly stateRoot: string } | null;
  /** Minted first; "0" for nothing. */
  readonly mint: string;
  /** Whether minting ends for ever afterwards. */
  readonly disableMinting: boolean;
  readonly total: string;
  readonly payments: readonly { readonly to: string; readonly weight: string; readonly amount: string }[];
}

/** Writes a plan to a new file. @throws NODE_CONFIGURATION if the file exists or cannot be written */
export function writePlan(path: string, plan: AirdropPlan): void {
  try {
    writeFileSync(path, `${JSON.stringify(plan, undefined, 1)}\n`, { flag: 'wx' });
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot write the plan to ${path}; it must be a new file`, { cause });
  }
}

/** Reads a plan and checks it. `hash` stands for exactly this file. @throws NODE_CONFIGURATION saying what is wrong */
export function readPlan(path: string): { readonly plan: AirdropPlan; readonly hash: string } {
  let bytes: Uint8Array;
  let plan: AirdropPlan;
  try {
    bytes = readFileSync(path);
    plan = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    const message = `cannot read the plan ${path}; "hs-node airdrop plan" makes one`;
    throw new NodeError('NODE_CONFIGURATION', message, { cause, details: { path } });
  }
  const problem = problemOf(plan);
  if (problem !== undefined) {
    throw new NodeError('NODE_CONFIGURATION', `${path} is no plan of an airdrop: ${problem}`, {
      details: { path, problem },
    });
  }
  return { plan, hash: createHash('sha256').update(bytes).digest('hex') };
}

function problemOf(plan: AirdropPlan): string | undefined {
  if (plan?.format !== 'hs-airdrop' || plan.version !== 1) return 'it must have format "hs-airdrop" and version 1';
  if (!isHex(plan.genesisHash, 32)) return 'genesisHash must be 32 bytes in hex';
  if (!isHex(plan.coin, 33)) return 'coin must be a public key in hex';
  if (!isAmount(plan.mint)) return 'mint must be an amount of base units';
  if (typeof plan.disableMinting !== 'boolean') return 'disableMinting must be true or false';
  if (!Array.isArray(plan.payments) || plan.payments.length === 0)
    return 'payments must be a list with something in it';
  let total = 0n;
  const receivers = new Set<string>();
  for (const [index, payment] of plan.payments.entries()) {
    if (!isHex(payment?.to, 33)) return `payments[${index}].to must be a public key in hex`;
    if (!isAmount(payment.amount) || payment.amount === '0')
      return `payments[${index}].amount must be positive base units`;
    if (receivers.has(payment.to)) return `payments[${index}].to is paid twice`;
    receivers.add(payment.to);
    total += BigInt(payment.amount);
  }
  return plan.total === String(total) ? undefined : `total must be the sum of the payments, ${total}`;
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value);
}

function isAmount(value: unknown): boolean {
  return typeof value === 'string' && /^(0|[1-9]\d{0,77})$/.test(value);
}
