import { describe, expect, test } from '@jest/globals';
import { stateDatabaseChecks } from '../src/testing.js';
import { classicDatabase, memoryDatabase, openStore } from './support/stores.js';
import { wrongDatabases, wrongPlace } from './support/wrong-databases.js';

describe.each([
  ['memory-level', memoryDatabase],
  ['classic-level', classicDatabase],
])('%s keeps the rule that', (_name, create) => {
  for (const check of stateDatabaseChecks({ create })) {
    test(check.name, async () => {
      await expect(check.run()).resolves.toBeUndefined();
    });
  }
});

describe('the checks find a database that', () => {
  test.each(wrongDatabases)('%s', async (_flaw, foundBy, flaw) => {
    const checks = stateDatabaseChecks({ create: () => wrongPlace(flaw) });
    const check = checks.find(({ name }) => name === foundBy);
    await expect(check?.run()).rejects.toThrow(/./);
  });

  test('is right, by passing all of them through the same wrapper', async () => {
    for (const check of stateDatabaseChecks({ create: () => wrongPlace(() => ({})) })) {
      await expect(check.run()).resolves.toBeUndefined();
    }
  });
});

describe('a database without explicit snapshots', () => {
  test.each([{}, { explicitSnapshots: false }])('is refused, with what to do: supports %j', async (supports) => {
    const database = await wrongPlace(() => ({ supports })).open();
    await expect(openStore(database)).rejects.toMatchObject({
      code: 'ANCESTRAL_RECORDS_UNSUPPORTED_DATABASE',
      message: expect.stringMatching(/no explicit snapshots; pass .* such as classic-level/),
    });
    const iterator = database.iterator({
      gte: new Uint8Array(0),
      lt: new Uint8Array(4).fill(255),
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    expect(await iterator.nextv(1)).toEqual([]);
  });
});
