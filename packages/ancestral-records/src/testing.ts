export {
  type StateDatabaseCheck,
  type StateDatabaseUnderTest,
  stateDatabaseChecks,
} from './testing/database-checks.js';
export type { DatabasePlace, OpenStateDatabase } from './testing/database-session.js';
export {
  type FaultKind,
  type FaultPlan,
  type FaultyDatabase,
  faultyDatabase,
  plannedFault,
} from './testing/faulty-database.js';
export { simpleHasher, simpleStateRoot } from './testing/simple-hasher.js';
