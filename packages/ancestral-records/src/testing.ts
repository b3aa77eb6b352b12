export {
  type StateDatabaseCheck,
  type StateDatabaseUnderTest,
  stateDatabaseChecks,
} from './testing/database-checks.js';
export type { DatabasePlace, OpenStateDatabase } from './testing/database-session.js';
export { simpleHasher, simpleStateRoot } from './testing/simple-hasher.js';
