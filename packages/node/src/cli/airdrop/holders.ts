import { readFileSync } from 'node:fs';
import { toHex } from '@hs/bytes';
import { NodeError } from '../../node-error.js';
import type { NodeClient } from '../node-client.js';
import { accountOf } from '../transaction-client.js';
import type { AirdropPlan } from './plan.js';
import type { Holding } from './share-out.js';

/** All coins of a DAO coin, in base units. @throws NODE_CONFIGURATION if the account has no profile */
export async function circulationOf(node: NodeClient, coin: string): Promise<bigint> {
  const account = (await node.getJson(`/v1/accounts/${coin}`)) as {
    readonly profile?: { readonly coin: { readonly circulation: string } };
  };
  if (account.profile !== undefined) return BigInt(account.profile.coin.circulation);
  throw new NodeError(
    'NODE_CONFIGURATION',
    'the account of --coin has no profile: "hs-node tx create-profile" makes one',
  );
}

/** Who held a DAO coin at a snapshot, from a node that keeps it. */
export async function holdersAt(
  node: NodeClient,
  { holdersOf = '', height }: { readonly holdersOf?: string | undefined; readonly height?: number | undefined },
): Promise<{ readonly holdersOf: AirdropPlan['holdersOf']; readonly holdings: Holding[] }> {
  const coin = toHex(await accountOf(node, holdersOf));
  const kept = (await node.status()).snapshots.map((snapshot) => snapshot.height);
  const chosen = height ?? kept.at(-1);
  if (chosen === undefined || !kept.includes(chosen)) {
    const message = `--height must be that of a snapshot that the node keeps: there is ${kept.join(', ') || 'none'}`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { height: chosen ?? null, snapshots: kept } });
  }
  const holdings: Holding[] = [];
  let stateRoot = '';
  for await (const page of node.pages(`/v1/coins/${coin}/holders?height=${chosen}&limit=1000`, 'cursor')) {
    stateRoot = String(page['stateRoot']);
    for (const { holder, balance } of page['balances'] as readonly { holder: string; balance: string }[]) {
      holdings.push({ holder, weight: BigInt(balance) });
    }
  }
  return { holdersOf: { coin, height: chosen, stateRoot }, holdings: holdings.filter(({ weight }) => weight > 0n) };
}

/** Who is listed in a file, with what weight. @throws NODE_CONFIGURATION naming the line that is wrong */
export function holdersIn(path: string): { readonly holdersOf: null; readonly holdings: Holding[] } {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot read the holders from ${path}`, { cause, details: { path } });
  }
  const weights = new Map<string, bigint>();
  for (const [index, line] of lines.entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, holder = '', weight = ''] = /^\s*(0[23][0-9a-fA-F]{64})[\s,;]+(\d{1,78})\s*$/.exec(line) ?? [];
    const name = holder.toLowerCase();
    const problem =
      holder === '' ? 'expected PUBLIC_KEY WEIGHT' : weights.has(name) ? 'the same key stands above' : undefined;
    if (problem !== undefined) {
      throw new NodeError('NODE_CONFIGURATION', `${path}, line ${index + 1}: ${problem}`, {
        details: { path, line: index + 1 },
      });
    }
    if (BigInt(weight) > 0n) weights.set(name, BigInt(weight));
  }
  return { holdersOf: null, holdings: [...weights].map(([holder, weight]) => ({ holder, weight })) };
}
