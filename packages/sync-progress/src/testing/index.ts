export { createRandom, type Random } from './random.js';
export {
  answerRequest,
  type PeerBehaviour,
  type SimulatedAnswer,
  type SimulatedLie,
  simulatedLies,
} from './simulated-peer.js';
export {
  changeSimulatedState,
  createSimulatedState,
  packSimulatedRecords,
  type SimulatedRecord,
  type SimulatedState,
  type SimulatedStateShape,
} from './simulated-state.js';
export { SimulationError, type SimulationOptions, type SimulationReport, simulate } from './simulation.js';
