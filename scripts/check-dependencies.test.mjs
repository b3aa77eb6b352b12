import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkDependencies } from './check-dependencies.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let copy;

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'hyper-sync-rule-'));
  for (const folder of ['packages', 'examples']) {
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      filter: (source) => !/[\\/](node_modules|dist|vectors|\.turbo)$/.test(source),
    });
  }
});

after(() => rmSync(copy, { recursive: true, force: true }));

function violationsWith(path, text) {
  const file = join(copy, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  try {
    return checkDependencies(copy);
  } finally {
    rmSync(file);
  }
}

test('the project as it is keeps the rule', () => {
  assert.deepEqual(checkDependencies(copy), []);
});

const forbidden = {
  'an import of a sibling': ['packages/wire/src/bad.ts', "import { stateRoot } from '@hs/ellipticsum';"],
  'a type-only import of a sibling': ['packages/dao-coin/src/bad.ts', "import type { Frame } from '@hs/wire';"],
  'a re-export of a sibling': ['packages/sync-progress/src/bad.ts', "export { Frame } from '@hs/wire';"],
  'a dynamic import of a sibling': ['packages/ellipticsum/src/bad.ts', "await import('@hs/ancestral-records');"],
  'an import of a sibling in a test': ['packages/ancestral-records/test/bad.ts', "import '@hs/ellipticsum';"],
  'a relative path into a sibling': ['packages/wire/src/bad.ts', "import '../../ellipticsum/src/index.js';"],
  'an import of the node': ['packages/wire/src/bad.ts', "import '@hs/node';"],
  'a Node module in a portable core': ['packages/sync-progress/src/bad.ts', "import { readFileSync } from 'node:fs';"],
  'byte primitives left in a build': ['packages/wire/dist/index.d.ts', "import type { ByteReader } from '@hs/bytes';"],
  'the DAO coin package in the node without it': ['examples/custom-node/src/bad.ts', "import '@hs/dao-coin';"],
};

for (const [name, [path, text]] of Object.entries(forbidden)) {
  test(`${name} is found`, () => {
    const violations = violationsWith(path, text);
    assert.equal(violations.length, 1);
    assert.ok(violations[0].startsWith(join(...path.split('/'))));
  });
}
