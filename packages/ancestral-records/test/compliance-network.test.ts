import { describe, expect, test } from '@jest/globals';
import { stateDatabaseChecks } from '../src/testing.js';
import { socketPlace } from './support/socket-database.js';

describe('a database in another process, which a crash kills, keeps the rule that', () => {
  for (const check of stateDatabaseChecks({ create: socketPlace })) {
    test(check.name, async () => {
      await expect(check.run()).resolves.toBeUndefined();
    });
  }
});
