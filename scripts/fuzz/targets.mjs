import { ancestralRecordsTargets } from './targets/ancestral-records.mjs';
import { daoCoinTargets } from './targets/dao-coin.mjs';
import { ellipticsumTargets } from './targets/ellipticsum.mjs';
import { nodeTargets } from './targets/node.mjs';
import { wireTargets } from './targets/wire.mjs';

/** Every decoder of bytes or text that comes from a peer, a file or a user. Loads the packages: start coverage before. */
export async function loadTargets() {
  const groups = [wireTargets, daoCoinTargets, ellipticsumTargets, ancestralRecordsTargets, nodeTargets];
  const targets = [];
  for (const load of groups) targets.push(...(await load()));
  return targets;
}
