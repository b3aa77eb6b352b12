/**
 * A store in a process of its own: `build FOLDER` commits blocks over three epochs, `export FOLDER HEIGHT` writes a snapshot
 * file to standard output while more blocks are committed, `import FOLDER FILE ROOT` imports one.
 */
import { exportSnapshot, importSnapshot, readSnapshotStream, StateStore, withDefaults } from '@hs/ancestral-records';
import { openSnapshotFile } from '@hs/ancestral-records/node';
import { createBackend, stateRoot } from '@hs/ellipticsum';
import { ClassicLevel } from 'classic-level';

const [task, folder, ...rest] = process.argv.slice(2);
const hasher = await createBackend();
const database = new ClassicLevel(folder);
await database.open();
const parameters = withDefaults({
  identity: new Uint8Array(32).fill(5),
  statePrefixes: [5, 6],
  snapshotPeriod: 10,
  maxRangeRecords: 32,
});
const store = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });

/** Every block writes, changes and deletes. */
async function commitTo(height) {
  for (let next = store.height + 1; next <= height; next++) {
    const changes = Array.from({ length: 40 }, (_, i) => {
      const key = Uint8Array.of(5 + (i & 1), (next * i * 7) & 255, i, (next * 3) & 31);
      const value = i % 9 === 8 ? undefined : new Uint8Array((next + i) % 60).fill(next);
      return { key, value };
    });
    await store.commitBlock(await store.prepareBlock(next, changes));
  }
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
if (task === 'build') {
  await store.initialize({ records: [] });
  await commitTo(24);
  await store.awaitSnapshot(20);
  console.log(
    JSON.stringify(
      store.snapshots().map((each) => ({ ...each, root: hex(each.root), stateRoot: hex(each.stateRoot) })),
    ),
  );
} else if (task === 'export') {
  for await (const chunk of exportSnapshot(store, { height: Number(rest[0]) })) {
    if (store.height < 29) await commitTo(store.height + 1);
    await new Promise((resolve) => process.stdout.write(chunk, resolve));
  }
} else {
  const [file, root] = rest;
  const input = file === '-' ? await readSnapshotStream(process.stdin) : await openSnapshotFile(file);
  await importSnapshot(store, input, { stateRoot: new Uint8Array(Buffer.from(root, 'hex')) });
  await input.close();
  console.log(hex(store.stateRoot()));
}
await store.close();
await database.close();
await hasher.close();
