import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obstacles } from './release/publish.mjs';

const ready = {
  manifests: [
    {
      name: '@hs/wire',
      repository: { type: 'git', url: 'git+https://example.org/x.git' },
      publishConfig: { provenance: true },
    },
  ],
  changesets: [],
  changedFiles: '',
  environment: { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example' },
};

test('a committed release with versions, repository and identity can be published', () => {
  assert.deepEqual(obstacles(ready), []);
});

test('whatever is missing is named, all at once', () => {
  const found = obstacles({
    manifests: [{ name: '@hs/wire' }],
    changesets: ['new-thing.md'],
    changedFiles: ' M README.md',
    environment: {},
  });
  assert.equal(found.length, 5);
  for (const word of ['README.md', 'changeset version', 'provenance', 'repository', 'identify']) {
    assert.ok(
      found.some((text) => text.includes(word)),
      word,
    );
  }
});
