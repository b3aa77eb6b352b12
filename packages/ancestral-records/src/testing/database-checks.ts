import { batchRules, type DatabaseRule, durabilityRules } from './batch-rules.js';
import { type DatabasePlace, DatabaseSession } from './database-session.js';
import { orderRules, valueRules } from './read-rules.js';
import { snapshotRules } from './snapshot-rules.js';
import { storeRules } from './store-rules.js';

/** One rule that a database must keep. */
export interface StateDatabaseCheck {
  readonly name: string;
  /** Makes a place, opens its database, checks the rule, closes and removes. Rejects if the rule is broken. */
  run(): Promise<void>;
}

/** What is checked. */
export interface StateDatabaseUnderTest {
  /** A new place with an empty database; each check asks for one of its own. */
  create(): DatabasePlace | Promise<DatabasePlace>;
}

const rules: Readonly<Record<string, DatabaseRule>> = {
  ...snapshotRules,
  ...batchRules,
  ...durabilityRules,
  ...orderRules,
  ...valueRules,
  ...storeRules,
};

/**
 * The checks that a `StateDatabase` must pass before a state is put on it, first those of the database by itself, then
 * those of a `StateStore` on it, compared with a plain model. Run each as a test of its own.
 */
export function stateDatabaseChecks(database: StateDatabaseUnderTest): readonly StateDatabaseCheck[] {
  return Object.entries(rules).map(([name, rule]) => ({
    name,
    run: async () => {
      const place = await database.create();
      try {
        const session = new DatabaseSession(place);
        await session.open();
        try {
          await rule(session);
        } finally {
          await session.close();
        }
      } finally {
        await place.remove?.();
      }
    },
  }));
}
