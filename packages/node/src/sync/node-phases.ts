import type { NodePhase } from './sync-manager.js';

const phases: Readonly<Record<NodePhase, true>> = {
  connecting: true,
  headers: true,
  genesis: true,
  snapshot: true,
  blocks: true,
  synced: true,
  stale: true,
  failed: true,
};

/** All phases that a node can be in. */
export const nodePhases: readonly NodePhase[] = Object.keys(phases) as NodePhase[];
