export { SimulationError } from './invariants.js';
export { createRandom, type Random } from './random.js';
export { type PeerBehaviour, type SimulatedLie, simulatedLies } from './simulated-peer.js';
export {
  createSnapshot,
  nextSnapshot,
  packSimulatedRecords,
  type SimulatedChange,
  type SimulatedRange,
  type SimulatedRecord,
  type SimulatedShape,
  type SimulatedSnapshot,
} from './simulated-snapshot.js';
export type { SimulatedMachine, SimulatedWorld, SimulationReport } from './simulated-world.js';
export { simulate } from './simulation.js';
export { simulateUnproved } from './unproved/unproved-simulation.js';
export {
  createUnprovedWorld,
  type UnprovedBehaviour,
  type UnprovedLie,
  type UnprovedReport,
  type UnprovedWorld,
  unprovedLies,
} from './unproved/unproved-world.js';
export { createWorld } from './world.js';
