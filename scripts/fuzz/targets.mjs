import { ancestralRecordsTargets } from './targets/ancestral-records.mjs';
import { daoCoinTargets } from './targets/dao-coin.mjs';
import { daoCoinConnectTargets } from './targets/dao-coin-connect.mjs';
import { ellipticsumTargets } from './targets/ellipticsum.mjs';
import { exampleTargets } from './targets/examples.mjs';
import { nodeTargets } from './targets/node.mjs';
import { nodeCliTargets } from './targets/node-cli.mjs';
import { nodeExecutionTargets } from './targets/node-execution.mjs';
import { nodeHttpTargets } from './targets/node-http.mjs';
import { nodeRecordsTargets } from './targets/node-records.mjs';
import { syncProgressTargets } from './targets/sync-progress.mjs';
import { wireTargets } from './targets/wire.mjs';
import { wireValuesTargets } from './targets/wire-values.mjs';

/** Every decoder of bytes or text that comes from a peer, a file or a user. Loads the packages: start coverage before. */
export async function loadTargets() {
  const groups = [
    wireTargets,
    wireValuesTargets,
    daoCoinTargets,
    daoCoinConnectTargets,
    ellipticsumTargets,
    ancestralRecordsTargets,
    syncProgressTargets,
    nodeTargets,
    nodeExecutionTargets,
    nodeRecordsTargets,
    nodeHttpTargets,
    nodeCliTargets,
    exampleTargets,
  ];
  const targets = [];
  for (const load of groups) targets.push(...(await load()));
  // Buffers are other views of the same bytes when they are cut.
  return targets.map((target) => ({ ...target, seeds: target.seeds.map((seed) => new Uint8Array(seed)) }));
}
